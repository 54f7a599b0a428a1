import Foundation
import POSIX
import Testing

@Suite("The entries of a directory")
struct DirectoryEntriesTests {
  /// The names, read in parts of so many bytes.
  private func list(_ path: String, buffer size: Int) throws -> [String] {
    let directory = try POSIX.FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
    defer { buffer.deallocate() }
    var names: [String] = []
    try directory.forEachEntry(using: buffer) { names.append(String(decoding: $0, as: UTF8.self)) }
    return names.sorted()
  }

  @Test("are all there but . and .., however many calls it takes", arguments: [1024, 65_536])
  func all(size: Int) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("entries-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(try list(folder.path, buffer: size).isEmpty)
    let names = [".a", "..b", "...", "ab", "x", String(repeating: "n", count: 255)] + (0..<200).map { "file\($0)" }
    for name in names { #expect(FileManager.default.createFile(atPath: folder.path + "/" + name, contents: nil)) }
    #expect(try list(folder.path, buffer: size) == names.sorted())
  }

  @Test("of what is no directory are an error")
  func noDirectory() throws {
    let file = try POSIX.FileDescriptor.open("/dev/null", O_RDONLY)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 8)
    defer { buffer.deallocate() }
    var failure: Errno?
    do throws(Errno) {
      try file.forEachEntry(using: buffer) { _ in }
    } catch {
      failure = error
    }
    #expect(failure == Errno(ENOTDIR))
  }

  @Test("of /proc are told from all others by the file system")
  func procfs() throws {
    let null = try POSIX.FileDescriptor.open("/dev/null", O_RDONLY)
    let own = try POSIX.FileDescriptor.open("/proc/self", O_RDONLY | O_DIRECTORY)
    let areInProcfs = [null.isInProcfs, own.isInProcfs]
    #expect(areInProcfs == [false, true])
  }
}
