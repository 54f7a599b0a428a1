import Foundation
import Testing

@testable import Procfs

@Suite("Lines of a process's files")
struct ProcessLineTests {
  private static let swap = ProcessLine("VmSwap", of: .status)
  private static let proportional = ProcessLine("Pss", of: .smapsRollup)
  private static let seccomp = ProcessLine("Seccomp", of: .status)
  private static let status = "Name:\tVmSwap: 9 kB\nVmSwapX:\t   1 kB\nVmSwap:\t     120 kB\nSeccomp:\t2\n"
  private static let rollup = """
    55d0c7e00000-7ffd1c5f3000 ---p 00000000 00:00 0                          [rollup]
    Rss:                3204 kB
    Pss:                 812 kB
    Pss_Dirty:           300 kB

    """

  @Test("a number of kB is given in bytes, another as it is, in the order in which they were asked for")
  func read() {
    let lines = [Self.seccomp, Self.proportional, Self.swap]
    var numbers = ProcessLine.Numbers()
    _ = parse(Self.status) { lines.read(.status, $0, into: &numbers) }
    #expect(numbers[0] == 2)
    #expect(numbers[1] == nil)
    #expect(numbers[2] == UInt64(120 * 1024))
    _ = parse(Self.rollup) { lines.read(.smapsRollup, $0, into: &numbers) }
    #expect(numbers[1] == UInt64(812 * 1024))
  }

  @Test(
    "what is no number is not known, and the largest is no trap",
    arguments: [
      ("VmSwap:\t kB\n", nil), ("VmSwap:\t-1 kB\n", nil), ("VmSwap:", nil), ("VmSwap\t1 kB\n", nil), ("", nil),
      ("VmSwap:\t18446744073709551615 kB\n", .max), ("VmSwap:\t18446744073709551616 kB\n", nil),
      ("VmSwap:\t7\n", 7), ("VmSwap:\t7 MB\n", 7),
    ] as [(String, UInt64?)])
  func odd(text: String, expected: UInt64?) {
    var numbers = ProcessLine.Numbers()
    _ = parse(text) { [Self.swap].read(.status, $0, into: &numbers) }
    #expect(numbers[0] == expected)
  }

  @Test("a sum knows what both know, and stops at the largest number")
  func sum() {
    var one = ProcessLine.Numbers()
    var other = ProcessLine.Numbers()
    (one[0], other[0]) = (1, 2)
    one[1] = 5
    (one[7], other[7]) = (.max - 1, 2)
    let sum = one + other
    #expect(sum[0] == 3)
    #expect(sum[1] == nil)
    #expect(sum[7] == .max)
    #expect(ProcessLine.Numbers.zero + one == one)
    one[0] = nil
    #expect(one[0] == nil)
  }

  @Test("there is a place for as many as the limit says, and none beside it", arguments: [-1, 8, Int.max, .min])
  func places(place: Int) {
    var numbers = ProcessLine.Numbers.zero
    numbers[place] = 3
    #expect(numbers[place] == nil)
    #expect(ProcessLine.limit == 8)
  }

  @Test(
    "of a process that may open no file at all, or as many as it likes, no part is open",
    arguments: [
      (512, 1024, 0.5), (0, 1024, 0), (0, 0, nil), (3, 0, nil), (3, .infinity, 0), (nil, 1024, nil), (3, nil, nil),
    ]
      as [(UInt64?, Double?, Double?)])
  func openFiles(open: UInt64?, maximum: Double?, part: Double?) {
    #expect(ProcessFigures.fileRatio(open, of: maximum) == part)
  }

  @Test("of a tree they are sums; what one living member keeps secret is not known of the tree")
  func tree() throws {
    let tree = try TemporaryTree()
    func add(_ pid: Int, parent: Int, _ state: String, swap: String, rollup: Bool = true) {
      tree.write("\(pid)/stat", "\(pid) (x) \(state) \(parent) 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 5 4096 1 0\n")
      tree.write("\(pid)/status", "Tgid:\t\(pid)\n\(swap)voluntary_ctxt_switches:\t1\nnonvoluntary_ctxt_switches:\t1\n")
      if rollup { tree.write("\(pid)/smaps_rollup", Self.rollup) }
    }
    add(7, parent: 1, "S", swap: "VmSwap:\t10 kB\n")
    add(8, parent: 7, "S", swap: "VmSwap:\t4 kB\n")
    add(9, parent: 8, "Z", swap: "", rollup: false)
    func numbers() throws -> ProcessLine.Numbers {
      let procfs = Procfs(
        procfs: tree.path, rootfs: "/", limits: ProcfsLimits(), lines: [Self.swap, Self.proportional])
      let table = try procfs.processTable()
      return try #require(table.figures(ofTree: 7)).value.lines
    }
    #expect(try numbers()[0] == UInt64(14 * 1024))
    #expect(try numbers()[1] == UInt64(2 * 812 * 1024))
    add(10, parent: 7, "S", swap: "VmSwap:\t1 kB\n", rollup: false)
    #expect(try numbers()[0] == UInt64(15 * 1024))
    #expect(try numbers()[1] == nil)
  }

  @Test("the kernel's own files have them")
  func live() throws {
    let procfs = Procfs(procfs: "/proc", rootfs: "/", limits: ProcfsLimits(), lines: [Self.swap, Self.proportional])
    let figures = try #require(procfs.figures(of: getpid()))
    #expect(figures.lines[0] != nil)
    let proportional = try #require(figures.lines[1])
    #expect(proportional > 0 && proportional % 1024 == 0)
  }
}
