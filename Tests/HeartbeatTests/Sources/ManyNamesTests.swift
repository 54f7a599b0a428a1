import Foundation
import Glibc
import POSIX
import Testing

@testable import Heartbeat

@Suite("Patterns of folders with very many names")
struct ManyNamesTests {
  private static let beat = #"{"ts": 1784021213}"#
  private let folder: Folder
  private let root: String

  init() throws {
    folder = try Folder()
    root = folder.path.replacing("//", with: "/")
    for name in ["spool", "far"] { mkdir("\(root)/\(name)", 0o755) }
    try write(
      "table", "1 0 8:1 / / rw - ext4 /dev/a rw\n7 1 0:9 / \(root)/far rw - nfs4 nas:/a rw\n")
    try write("spool/a.beat", Self.beat)
  }

  private func write(_ name: String, _ text: String) throws {
    try text.write(toFile: "\(root)/\(name)", atomically: true, encoding: .utf8)
  }

  private func fill(_ count: Int, _ suffix: String) throws {
    for number in 0..<count { try Data().write(to: URL(filePath: "\(root)/spool/x\(number).\(suffix)")) }
  }

  /// - Parameter names: so many names are looked at at once.
  private func sources(
    _ pattern: String = "spool/*.beat", names: Int, _ change: (inout SourceSet.Options) -> Void = { _ in }
  ) -> SourceSet {
    var options = SourceSet.Options()
    options.readingTime = 60
    (options.limits.namesAtOnce, options.limits.listingPatience) = (names, 60)
    change(&options)
    var sources = SourceSet([SourceSettings(path: root + "/" + pattern)], options: options)
    sources.ways = LocalWays("\(root)/table")
    return sources
  }

  /// Lets listings go on when the test lets them.
  private final class Gate: Sendable {
    let isOpen = ConditionLock(true)
    let asked = Lock(0)
    func set(_ isOpen: Bool) { self.isOpen.withLock { $0 = isOpen } }
    var count: Int { asked.withLock { $0 } }
    var lister: PatternLister {
      PatternLister { [isOpen, asked] _ in
        asked.withLock { $0 += 1 }
        isOpen.wait { $0 ? () : nil }
      }
    }
  }

  @Test("whoever looks lists few names itself, and leaves many to another thread", arguments: [3, 5, 10])
  func thread(_ names: Int) throws {
    let gate = Gate()
    var sources = sources(names: names)
    sources.lister = gate.lister
    // Until it was asked by a thread, one lists it in any case.
    for _ in 0..<2 { sources.refresh(readTimeout: 30) }
    let before = gate.count
    try write("spool/a.beat", Self.beat)
    sources.refresh(readTimeout: 30)
    #expect(gate.count == before && sources.isUp && sources.snapshot.entries.count == 1)
    try fill(names, "dat")
    for round in 1...3 {
      try write("spool/a.beat", #"{"ts": \#(1_784_021_213 + round)}"#)
      sources.refresh(readTimeout: 30)
      #expect(gate.count == before + round && sources.units[0].isLarge && sources.isUp)
      #expect(sources.snapshot.entries.first?.lastHeartbeat == Double(1_784_021_213 + round))
    }
    for number in 0..<names { unlink("\(root)/spool/x\(number).dat") }
    for _ in 0..<2 { sources.refresh(readTimeout: 30) }
    let last = gate.count
    try write("spool/a.beat", Self.beat)
    sources.refresh(readTimeout: 30)
    #expect(gate.count == last && !sources.units[0].isLarge && sources.isUp, "few are listed at once again")
  }

  @Test("while many names are listed, what matched before is read as it is, and it is told when that takes long")
  func late() throws {
    let gate = Gate()
    var sources = sources(names: 5) { $0.limits.listingLate = 600 }
    sources.lister = gate.lister
    try fill(9, "dat")
    for _ in 0..<2 { sources.refresh(readTimeout: 30) }
    #expect(sources.isUp && sources.units[0].isLarge)
    gate.set(false)
    sources.options.limits.listingPatience = 0
    try write("spool/b.beat", Self.beat)
    for round in 1...2 {
      try write("spool/a.beat", #"{"ts": \#(1_784_021_213 + round)}"#)
      sources.refresh(readTimeout: 30)
      #expect(sources.isUp && sources.snapshot.entries.map(\.lastHeartbeat) == [Double(1_784_021_213 + round)])
    }
    sources.options.limits.listingLate = 0
    sources.refresh(readTimeout: 30)
    #expect(sources.files.map(\.isUp) == [true, false] && sources.snapshot.entries.count == 1)
    #expect(sources.lastProblem?.failure == .timeout && sources.files[1].path == "\(root)/spool")
    gate.set(true)
    for _ in 0..<3_000 where !sources.isUp || sources.snapshot.entries.count < 2 {
      usleep(10_000)
      sources.refresh(readTimeout: 30)
    }
    #expect(sources.isUp && sources.files.map(\.path) == ["\(root)/spool/a.beat", "\(root)/spool/b.beat"])
  }

  @Test("a first listing that comes late is none of an empty folder", arguments: [true, false], [3, 1_000])
  func firstLate(isLocal: Bool, _ names: Int) throws {
    let gate = Gate()
    let pattern = isLocal ? "spool/*.beat" : "far/*.beat"
    try write("far/a.beat", Self.beat)
    try fill(9, "dat")
    var sources = sources(pattern, names: names) { $0.limits.listingPatience = 0 }
    sources.lister = gate.lister
    gate.set(false)
    sources.refresh(readTimeout: 0)
    #expect(sources.snapshot.entries.isEmpty)
    sources.refresh(readTimeout: 0)
    gate.set(true)
    for _ in 0..<3_000 {
      sources.refresh(readTimeout: 0.2)
      if sources.isUp { break }
      usleep(10_000)
    }
    #expect(sources.isUp && sources.snapshot.entries.count == 1)
  }

  @Test("one of several whose listing takes long keeps no other one from being listed")
  func several() throws {
    let isOpen = ConditionLock(true)
    let slow = "\(root)/spool/*.beat"
    let lister = PatternLister { pattern in if pattern == slow { isOpen.wait { $0 ? () : nil } } }
    var lists: [ExactText: @Sendable () -> PatternLister.Listed] = [:]
    let patterns = (0..<5).map { "\(root)/other\($0)/*.beat" }
    for pattern in patterns + [slow] {
      lists[ExactText(pattern)] = { PatternLister.Listed(matches: [], listings: FolderListings(grain: 0)) }
    }
    isOpen.withLock { $0 = false }
    for _ in 0..<2 {
      let found = lister.list(lists, until: Clock.monotonicNanoseconds + 2_000_000_000)
      #expect(Set(found.keys) == Set(patterns.map { ExactText($0) }))
    }
    isOpen.withLock { $0 = true }
    for _ in 0..<300 {
      if lister.list(lists, until: Clock.monotonicNanoseconds + 100_000_000)[ExactText(slow)] != nil { return }
    }
    Issue.record("what was slow is never listed")
  }

  @Test("that a listing was late is told no more once it has come, though nothing has changed")
  func lateAndBack() throws {
    let gate = Gate()
    var sources = sources("far/*.beat", names: 1_000) { $0.limits.listingLate = 0 }
    try write("far/a.beat", Self.beat)
    sources.lister = gate.lister
    for _ in 0..<2 { sources.refresh(readTimeout: 30) }
    #expect(sources.isUp && sources.files.count == 1)
    gate.set(false)
    sources.options.limits.listingPatience = 0
    for _ in 0..<2 { sources.refresh(readTimeout: 0.2) }
    #expect(!sources.isUp && sources.files.count == 2)
    gate.set(true)
    for _ in 0..<3_000 {
      sources.refresh(readTimeout: 0.2)
      if sources.isUp { break }
      usleep(10_000)
    }
    #expect(sources.isUp && sources.files.count == 1)
  }

  @Test("of more files than are read, those beyond are counted, however few of them are found", arguments: [1, 2, 3])
  func leftOut(_ most: Int) throws {
    try fill(40, "beat")
    var sources = sources(names: 5) { $0.maximumFiles = most }
    for round in 1...3 {
      sources.refresh(readTimeout: 30)
      #expect(sources.files.count == most && sources.files[0].path == "\(root)/spool/a.beat")
      #expect(sources.patterns.map(\.leftOut) == [41 - most])
      try write("spool/c.dat", "\(round)")
    }
  }

  @Test("one of many that leads off the local disks is asked by a thread first, as one of few is")
  func leadsOff() throws {
    var sources = sources("spool/*/*.beat", names: 5)
    for number in 0..<9 {
      mkdir("\(root)/spool/d\(number)", 0o755)
      try write("spool/d\(number)/a.beat", Self.beat)
    }
    for _ in 0..<2 { sources.refresh(readTimeout: 30) }
    #expect(sources.isUp && sources.units[0].isLarge && sources.units[0].isTrusted && sources.files.count == 9)
    try write("far/a.beat", Self.beat)
    symlink("../far", "\(root)/spool/e")
    sources.refresh(readTimeout: 30)
    #expect(!sources.units[0].isTrusted, "it was asked before it was listed")
    #expect(sources.isUp && sources.files.count == 10)
  }
}
