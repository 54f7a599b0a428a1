import Foundation
import Glibc
import POSIX
import Synchronization
import Testing

@testable import Heartbeat

@Suite("What a look may touch without asking")
struct TrustedSourcesTests {
  private static let beat = #"{"ts": 1784021213}"#
  private let folder: Folder
  private let root: String

  /// `apps` lies on a local disk, `far` does not.
  init() throws {
    folder = try Folder()
    root = folder.path.replacing("//", with: "/")
    for name in ["apps", "far"] { mkdir("\(root)/\(name)", 0o755) }
    try write("apps/a.json", Self.beat)
    try write("apps/b.json", Self.beat)
    try write("far/c.json", Self.beat)
    try write(
      "table", "1 0 8:1 / / rw - ext4 /dev/a rw\n7 1 0:9 / \(root)/far rw - nfs4 nas:/a rw\n")
  }

  private func write(_ name: String, _ text: String) throws {
    try text.write(toFile: "\(root)/\(name)", atomically: true, encoding: .utf8)
  }

  /// In one step, in the place of what was there.
  private func link(_ name: String, to target: String) {
    symlink(target, "\(root)/new-link")
    rename("\(root)/new-link", "\(root)/\(name)")
  }

  private func sources(_ paths: [String]) -> SourceSet {
    var sources = SourceSet(paths.map { SourceSettings(path: root + "/" + $0) })
    sources.ways = LocalWays("\(root)/table")
    return sources
  }

  /// Notes what was asked.
  private final class Asked: Sendable {
    private let paths = Lock<[String]>([])
    func note(_ path: String) { paths.withLock { $0.append(path) } }
    func take() -> [String] {
      paths.withLock { paths in
        defer { paths = [] }
        return paths
      }
    }
  }

  @Test(
    "a file is asked by a thread first as soon as a link on its way leads off the local disks",
    arguments: [false, true])
  func file(isFolderReplaced: Bool) throws {
    let asked = Asked()
    let path = "\(root)/apps/a.json"
    var sources = sources(["apps/a.json"])
    sources.units[0].probe = FileProbe(path: path) {
      asked.note($0)
      return true
    }
    sources.refresh(readTimeout: 30)
    #expect(asked.take() == [path], "nothing is known of it at first")
    sources.refresh(readTimeout: 30)
    #expect(asked.take().isEmpty && sources.isUp)
    try write("far/a.json", Self.beat)
    if isFolderReplaced {
      rename("\(root)/apps", "\(root)/before")
      link("apps", to: "far")
    } else {
      link("apps/a.json", to: "../far/a.json")
    }
    for _ in 0..<2 {
      sources.refresh(readTimeout: 30)
      #expect(asked.take() == [path], "each time, as nobody knows when its server goes")
    }
    #expect(sources.isUp)
  }

  @Test("of a pattern, one that leads off the local disks is asked first, and costs no other one if it hangs")
  func pattern() throws {
    let isClosed = ConditionLock(true)
    let far = "\(root)/apps/far.json"
    let walks = Atomic(0)
    var sources = sources(["apps/*.json"])
    let names = ["a.json", "b.json", "far.json"].map { "\(root)/apps/\($0)" }
    sources.units[0].patternProbe = PatternProbe { _, ask in
      walks.add(1, ordering: .relaxed)
      for path in names where ask(path) && path == far && readlink(path) { isClosed.wait { $0 ? nil : () } }
      return (true, names)
    }
    for _ in 0..<3 { sources.refresh(readTimeout: 30) }
    #expect(walks.load(ordering: .relaxed) == 1 && sources.isUp && sources.files.count == 2)
    link("apps/far.json", to: "../far/c.json")
    for _ in 0..<2 {
      sources.refresh(readTimeout: 0.4)
      let failures = sources.files.map { $0.lastProblem?.failure }
      #expect(failures == [nil, nil, .timeout], "nothing of it is touched")
      #expect(sources.snapshot.entries.count == 2)
    }
    unlink(far)
    isClosed.withLock { $0 = false }
    for _ in 0..<2_000 where !sources.isUp {
      usleep(10_000)
      sources.refresh(readTimeout: 0.4)
    }
    #expect(sources.isUp && sources.files.count == 2)
  }

  private func readlink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  @Test("all sources are asked at the same time, however many hang")
  func together() throws {
    let count = 12
    let begun = ConditionLock(0)
    let names = (0..<count).map { "far/\($0).json" }
    for name in names { try write(name, Self.beat) }
    var sources = sources(names)
    for place in sources.units.indices {
      // Each answers once all are asked.
      sources.units[place].probe = FileProbe(path: "\(root)/\(names[place])") { _ in
        begun.withLock { $0 += 1 }
        begun.wait { $0 < count ? nil : () }
        return false
      }
    }
    sources.refresh(readTimeout: 30)
    #expect(sources.isUp && sources.snapshot.entries.count == count)
  }

  @Test(
    "another configuration goes on with who asks at a path, also where it is read in another way",
    arguments: [false, true])
  func reload(isReadAnew: Bool) {
    var before = sources(["far/c.json", "far/*.json"])
    before.refresh(readTimeout: 30)
    var settings = before.units.map(\.settings)
    if isReadAnew { for place in settings.indices { settings[place].name = "other" } }
    var after = SourceSet(settings.reversed())
    _ = after.takeOver(from: before)
    #expect(after.units[1].probe === before.units[0].probe)
    #expect(after.units[0].patternProbe != nil && after.units[0].patternProbe === before.units[1].patternProbe)
  }
}
