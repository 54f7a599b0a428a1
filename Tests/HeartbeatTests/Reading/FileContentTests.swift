import Foundation
import POSIX
import Testing

@testable import Heartbeat

@Suite("A file that is written while it is read")
final class FileContentTests {
  let folder = FileManager.default.temporaryDirectory.appending(path: "content-\(UUID().uuidString)")
  private var path: String { folder.appending(path: "a.json").path }

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: folder) }

  private static let old = #"{"last_heartbeat": 1784021213, "status": "scanning"}"#

  /// What a writer does while the file is read.
  enum Writing: String, CaseIterable {
    case nothing, anotherName, rename, append, sameLength, shorter, longer, empty

    /// Whether what was read before is one content all the same.
    var leavesContent: Bool { [.nothing, .anotherName, .rename, .append].contains(self) }
  }

  private func write(_ text: String, _ flags: Int32 = O_TRUNC) {
    do throws(Errno) {
      try FileDescriptor.open(path, O_WRONLY | flags).writeAll(Array(text.utf8))
    } catch {
      Issue.record(error)
    }
    // As late as the clock of the file system can tell it from what was written before.
    let later = [timespec(tv_sec: time(nil) + 60, tv_nsec: 0), timespec(tv_sec: time(nil) + 60, tv_nsec: 0)]
    #expect(utimensat(AT_FDCWD, path, later, 0) == 0)
  }

  private func happens(_ writing: Writing) {
    let old = FileContentTests.old
    switch writing {
    case .nothing: break
    case .anotherName: #expect(link(path, path + ".other") == 0)
    case .rename:
      #expect(FileManager.default.createFile(atPath: path + ".new", contents: Data("{}".utf8)))
      #expect(Glibc.rename(path + ".new", path) == 0)
    case .append: write("\n", O_APPEND)
    case .sameLength: write(old.replacing("scanning", with: "sleeping"), 0)
    case .shorter: write(String(old.dropLast(20)))
    case .longer: write(old.replacing("scanning", with: "sleeping for a while"))
    case .empty: write("")
    }
  }

  @Test("what was read is one content unless it was rewritten in place", arguments: Writing.allCases)
  func content(_ writing: Writing) throws {
    try Data(FileContentTests.old.utf8).write(to: folder.appending(path: "a.json"))
    let file = try FileDescriptor.open(path, O_RDONLY)
    var bytes: [UInt8] = []
    let isWhole = try file.readContent(into: &bytes, limit: 1 << 20, since: file.status()) { happens(writing) }
    #expect(isWhole == writing.leavesContent)
    #expect(String(decoding: bytes, as: UTF8.self) == FileContentTests.old)
  }

  @Test(
    "an own file that was rewritten while it was read is looked at again, and then counts", arguments: Writing.allCases)
  func ownFile(_ writing: Writing) throws {
    try Data(FileContentTests.old.utf8).write(to: folder.appending(path: "a.json"))
    let directory = try FileDescriptor.open(folder.path, O_RDONLY | O_DIRECTORY)
    let member = Array(#""a":\#(FileContentTests.old)"#.utf8)
    switch OwnFileLook("a.json", of: "a", in: directory, afterReading: { happens(writing) }) {
    case .member(let found): #expect(writing.leavesContent && found == member)
    case .unfinished(let problem): #expect(!writing.leavesContent && problem.reason == .notJSON)
    case .bad, .gone: Issue.record("it is there, and a beat")
    }
    guard [.sameLength, .longer].contains(writing) else { return }
    guard case .member(let found) = OwnFileLook("a.json", of: "a", in: directory) else {
      Issue.record("nobody writes it any more")
      return
    }
    #expect(String(decoding: found, as: UTF8.self).contains("sleeping"))
  }

  /// What happens to a file after `stat` was asked and before it is opened.
  @Test("an own file that changes between the look and the opening is read whole", arguments: Writing.allCases)
  func ownFileChangesBefore(_ writing: Writing) throws {
    try Data(FileContentTests.old.utf8).write(to: folder.appending(path: "a.json"))
    let directory = try FileDescriptor.open(folder.path, O_RDONLY | O_DIRECTORY)
    let found = try directory.status(at: "a.json")
    happens(writing)
    let now = try String(contentsOf: folder.appending(path: "a.json"), encoding: .utf8)
    switch OwnFileLook("a.json", of: "a", found, in: directory) {
    case .member(let member):
      #expect(String(decoding: member, as: UTF8.self) == #""a":\#(now.trimmingCharacters(in: .newlines))"#)
    case .unfinished: #expect([.empty, .shorter].contains(writing))
    case .bad(let problem): #expect(writing == .rename && problem.reason == .missingLastHeartbeat)
    case .gone: Issue.record("it is there")
    }
  }
}
