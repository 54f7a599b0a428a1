import Foundation
import Testing

@testable import Procfs

@Suite("The processes of a /proc tree")
struct ProcessTableTests {
  @Test("names that are no numbers are no processes; one that ended meanwhile has no stat")
  func pids() throws {
    let table = try Fixture.procfs().processTable()
    #expect(table.pids == [1, 2, 700, 51060, 51120, 51121, 51125, 51126, 51241, 51300, 60001, 60002])
    #expect(table.exists(51121))
    #expect(!table.exists(51122))
    #expect(!table.exists(0))
    #expect(!table.exists(-1))
    #expect(table.stat(of: 60002) == nil)
    #expect(table.stat(of: 99) == nil)
    #expect(table.bootTime == Fixture.bootTime)
  }

  @Test(
    "who beat is there unless the number is nobody\'s, a zombie\'s, or that of a process that started after the beat",
    arguments: [
      (51121, 1_751_518_314.8, "running"), (51241, 1_751_518_297.9, "running"),
      (51060, 1_751_518_311.3, "zombie"), (51122, 1_751_518_311.3, "gone"), (60002, 1_751_518_311.3, "gone"),
      (0, nil, "gone"), (-1, nil, "gone"), (.max, nil, "gone"),
      // It started at 1751518400.
      (51300, 1_751_518_311.3, "reused"), (51300, 1_751_518_397.9, "reused"), (51300, 1_751_518_398, "running"),
      (51300, nil, "running"), (51300, .nan, "running"), (51300, -.infinity, "reused"), (51300, .infinity, "running"),
    ] as [(Int32, Double?, String)])
  func presence(pid: Int32, lastBeat: Double?, expected: String) throws {
    let table = try Fixture.procfs().processTable()
    #expect("\(table.presence(of: pid, lastBeat: lastBeat))".hasPrefix(expected))
    let (presence, figures) = table.presenceWithFigures(of: pid, lastBeat: lastBeat)
    #expect(presence == table.presence(of: pid, lastBeat: lastBeat))
    #expect((figures != nil) == (expected == "running"))
  }

  @Test(
    "a main thread that ended, a stopped process, a kernel thread, a start that is yet to come",
    arguments: [
      ("Z", 1, 0, 5, "zombie"), ("Z", 2, 0, 5, "running"), ("X", 1, 0, 5, "zombie"), ("T", 1, 0, 5, "running"),
      ("S", 1, 0x0020_0000, 5, "unknown"), ("S", 1, 0x0040_0000, 5, "running"),
      ("S", 1, 0, 5_000_000_000_000, "running"),
    ] as [(String, Int, Int, Int, String)])
  func oddOnes(state: String, threads: Int, flags: Int, start: Int, expected: String) throws {
    let tree = try TemporaryTree()
    tree.write("stat", "btime 1000\n")
    tree.write("7/stat", "7 (x) \(state) 1 0 0 0 0 \(flags) 0 0 0 0 1 1 0 0 0 0 \(threads) 0 \(start) 0 1 0\n")
    let table = try Procfs(procfs: tree.path).processTable()
    let presence = table.presence(of: 7, lastBeat: 1100)
    #expect("\(presence)".hasPrefix(expected))
    if case .running(let stat) = presence { #expect(stat.isSuspended == (state == "T")) }
    #expect(table.figures(of: 7)?.value.startTime == (start == 5 ? 1000 + 5 / KernelUnits.ticksPerSecond : nil))
  }

  @Test("a main thread that ended has no memory and files: those of the others are told")
  func endedMainThread() throws {
    let tree = try TemporaryTree()
    tree.write("stat", "btime 1000\n")
    func stat(_ pid: Int, _ state: String, _ pages: Int) -> String {
      "\(pid) (x) \(state) 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 2 0 5 \(pages * 4096) \(pages) 0\n"
    }
    tree.write("7/stat", stat(7, "Z", 0))
    tree.write("7/task/7/stat", stat(7, "Z", 0))
    tree.write("7/task/8/stat", stat(8, "S", 300))
    tree.write("7/task/8/fd/0", "")
    tree.write("7/task/8/fd/1", "")
    let figures = try #require(try Procfs(procfs: tree.path).processTable().figures(of: 7)).value
    #expect(figures.residentBytes == 300 * KernelUnits.pageSize)
    #expect(figures.virtualBytes == 300 * 4096)
    #expect(figures.openFiles == 2)
    #expect(figures.threads == 2)
  }

  @Test("what one process uses")
  func figures() throws {
    let figures = try #require(try Fixture.procfs().processTable().figures(of: 51121)).value
    #expect(
      figures
        == ProcessFigures(
          cpuSeconds: 95.15, residentBytes: 24000 * KernelUnits.pageSize, virtualBytes: 1_283_457_024, threads: 4,
          majorFaults: 14, startTime: 1_751_517_200, openFiles: 9, maxOpenFiles: 1024, readBytes: 40_960_000,
          writtenBytes: 8_192_000, voluntarySwitches: 152_034, involuntarySwitches: 8_123, minorFaults: 1_200,
          worstFileRatio: 9.0 / 1024))
  }

  @Test("what one may not know is nil, and nothing else")
  func unreadable() throws {
    let figures = try #require(try Fixture.procfs().processTable().figures(of: 700)).value
    #expect(figures.openFiles == nil)
    #expect(figures.readBytes == nil)
    #expect(figures.writtenBytes == nil)
    #expect(figures.cpuSeconds == 0.11)
    #expect(figures.maxOpenFiles == 1024)
    #expect(figures.voluntarySwitches == 320)
  }

  @Test("no process, no figures", arguments: [0, -1, 99, 60002, Int32.max, .min])
  func nothing(pid: Int32) throws {
    let table = try Fixture.procfs().processTable()
    #expect(table.figures(of: pid) == nil)
    #expect(table.figures(ofTree: pid) == nil)
  }

  @Test("a process at which one may not look is unknown; only one that is not there is gone")
  func notReadable() throws {
    let tree = try TemporaryTree()
    for pid in [5, 6, 7] { tree.write("\(pid)/stat", "\(pid) (x) S 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 5 0 1 0\n") }
    // For root, too: neither can be read, and both are there.
    tree.remove("6/stat")
    tree.makeDirectory("6/stat")
    tree.remove("7")
    try FileManager.default.createSymbolicLink(atPath: tree.path + "/7", withDestinationPath: tree.path + "/7")
    for pid in [5, 6, 7] as [Int32] {
      let table = try Procfs(procfs: tree.path).processTable()
      #expect(table.presence(of: pid, lastBeat: nil).isRunning == (pid == 5))
      #expect((table.presence(of: pid, lastBeat: nil) == .unknown) == (pid != 5))
      let again = try Procfs(procfs: tree.path).processTable()
      #expect((again.presenceWithFigures(of: pid, lastBeat: nil).presence == .unknown) == (pid != 5))
    }
    tree.remove("6/stat")
    tree.remove("7")
    for pid in [6, 7] as [Int32] {
      #expect(try Procfs(procfs: tree.path).processTable().presence(of: pid, lastBeat: nil) == .gone)
    }
  }

  @Test("a tree is a process and all that descend from it")
  func tree() throws {
    let table = try Fixture.procfs().processTable()
    #expect(table.tree(of: 51120) == [51120, 51121, 51125, 51126])
    #expect(table.tree(of: 51241) == [51241])
    #expect(table.tree(of: 99) == [99])
  }

  @Test("the figures of a tree are sums, with what ended children used")
  func treeFigures() throws {
    let figures = try #require(try Fixture.procfs().processTable().figures(ofTree: 51121)).value
    #expect(figures.cpuSeconds == (9715 + 24406 + 5500) / KernelUnits.ticksPerSecond)
    #expect(figures.residentBytes == (24000 + 51200 + 20480) * KernelUnits.pageSize)
    #expect(figures.virtualBytes == 1_283_457_024 + 34_359_738_368 + 17_179_869_184)
    #expect(figures.threads == 37)
    #expect(figures.majorFaults == 17 + 120 + 2)
    #expect(figures.openFiles == 57)
    #expect(figures.readBytes == UInt64(40_960_000 + 98_304_000 + 4096))
    #expect(figures.writtenBytes == UInt64(8_192_000 + 12_288_000))
    #expect(figures.maxOpenFiles == 1024)
    #expect(figures.startTime == 1_751_517_200)
    #expect(figures.voluntarySwitches == 674_456)
  }

  @Test("a secret of one member is a secret of the tree; a zombie has none")
  func secretsOfATree() throws {
    let figures = try #require(try Fixture.procfs().processTable().figures(ofTree: 1)).value
    #expect(figures.openFiles == nil)
    #expect(figures.readBytes == nil)
    #expect(figures.threads == 1 + 1 + 2 + 37 + 6 + 1 + 1)
  }

  @Test("parents in a circle, or younger than their children, end no search and make no tree")
  func circles() throws {
    let directory = try TemporaryTree()
    directory.write("stat", "btime 1000\n")
    func process(_ pid: Int, parent: Int, start: Int) {
      directory.write("\(pid)/stat", "\(pid) (x) S \(parent) 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 \(start) 0 1 0\n")
    }
    process(10, parent: 11, start: 5)
    process(11, parent: 10, start: 5)
    process(12, parent: 12, start: 5)
    process(20, parent: 1, start: 90)
    process(21, parent: 20, start: 80)
    let table = try Procfs(procfs: directory.path).processTable()
    #expect(table.tree(of: 10) == [10, 11])
    #expect(table.tree(of: 12) == [12])
    #expect(table.tree(of: 20) == [20])
    #expect(table.figures(ofTree: 10)?.value.threads == 2)
  }

  @Test("the boot time wavers by a second and start times do not")
  func bootTime() {
    let history = KernelHistory()
    #expect(
      [1000, 1001, 999, 1000, 1002, 1001, 5].map { history.steady(bootTime: $0) } == [
        1000, 1000, 1000, 1000, 1002, 1002, 5,
      ])
  }

  @Test("a path that is not there is an error, not an empty table")
  func missing() {
    #expect(throws: (any Error).self) { try Procfs(procfs: "/nowhere").processTable() }
    #expect(Procfs(procfs: "/nowhere").figures(of: 1) == nil)
    #expect(Procfs(procfs: "/nowhere").bootTime() == nil)
    #expect(Procfs(procfs: "/nowhere").selfPID == nil)
  }

  @Test("a tree of plain files has no self")
  func noSelf() {
    #expect(Fixture.procfs().selfPID == nil)
  }
}
