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
    "up: it exists, is no zombie, and did not start after its last beat",
    arguments: [
      (51121, 1_751_518_314.8, true), (51241, 1_751_518_297.9, true),
      (51060, 1_751_518_311.3, false), (51122, 1_751_518_311.3, false), (60002, 1_751_518_311.3, false),
      // It started at 1751518400.
      (51300, 1_751_518_311.3, false), (51300, 1_751_518_397.9, false), (51300, 1_751_518_398, true),
      (51300, nil, true), (51300, .nan, true), (51300, -.infinity, false), (51300, .infinity, true),
    ] as [(Int32, Double?, Bool)])
  func up(pid: Int32, lastBeat: Double?, expected: Bool) throws {
    #expect(try Fixture.procfs().processTable().isUp(pid, lastBeat: lastBeat) == expected)
  }

  @Test("what one process uses")
  func figures() throws {
    let figures = try #require(try Fixture.procfs().processTable().figures(of: 51121))
    #expect(
      figures
        == ProcessFigures(
          cpuSeconds: 95.15, residentBytes: 24000 * KernelUnits.pageSize, virtualBytes: 1_283_457_024, threads: 4,
          majorFaults: 14, startTime: 1_751_517_200, openFiles: 9, maxOpenFiles: 1024, readBytes: 40_960_000,
          writtenBytes: 8_192_000, voluntarySwitches: 152_034, involuntarySwitches: 8_123))
  }

  @Test("what one may not know is nil, and nothing else")
  func unreadable() throws {
    let figures = try #require(try Fixture.procfs().processTable().figures(of: 700))
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

  @Test("a tree is a process and all that descend from it")
  func tree() throws {
    let table = try Fixture.procfs().processTable()
    #expect(table.tree(of: 51120) == [51120, 51121, 51125, 51126])
    #expect(table.tree(of: 51241) == [51241])
    #expect(table.tree(of: 99) == [99])
  }

  @Test("the figures of a tree are sums, with what ended children used")
  func treeFigures() throws {
    let figures = try #require(try Fixture.procfs().processTable().figures(ofTree: 51121))
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
    #expect(figures.voluntarySwitches == 152_034)
  }

  @Test("a secret of one member is a secret of the tree; a zombie has none")
  func secretsOfATree() throws {
    let figures = try #require(try Fixture.procfs().processTable().figures(ofTree: 1))
    #expect(figures.openFiles == nil)
    #expect(figures.readBytes == nil)
    #expect(figures.threads == 1 + 1 + 2 + 37 + 6 + 1 + 1)
  }

  @Test("parents in a circle, or younger than their children, end no search and make no tree")
  func circles() throws {
    let directory = try TemporaryTree()
    directory.write("stat", "btime 1000\n")
    func process(_ pid: Int, parent: Int, start: Int) {
      directory.write("\(pid)/stat", "\(pid) (x) S \(parent) 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 \(start) 0 1 0")
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
    #expect(table.figures(ofTree: 10)?.threads == 2)
  }

  @Test("the boot time wavers by a second and start times do not")
  func bootTime() {
    let procfs = Fixture.procfs()
    #expect([1000, 1001, 999, 1000, 1002, 1001, 5].map(procfs.steady) == [1000, 1000, 1000, 1000, 1002, 1002, 5])
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
