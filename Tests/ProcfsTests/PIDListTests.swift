import Testing

@testable import Procfs

@Suite("Lists of processes")
struct PIDListTests {
  @Test("a list holds its numbers and no others")
  func contains() {
    let pids: [Int32] = [1, 63, 64, 65, 4_194_304]
    let list = PIDList(pids)
    for pid in pids { #expect(list.contains(pid)) }
    for pid in [-1, 0, 2, 62, 66, 127, 128, 4_194_303, 4_194_305, .max] as [Int32] { #expect(!list.contains(pid)) }
    #expect(!PIDList([]).contains(0))
  }

  @Test(
    "a list serves until a process was made, or a minute has passed",
    arguments: [
      (7, 7, 0, true), (7, 7, 59, true), (7, 7, 60, false), (7, 8, 0, false), (8, 7, 0, false), (0, 0, 0, false),
      (nil, nil, 0, false), (nil, 7, 0, false), (7, nil, 0, false),
    ] as [(UInt64?, UInt64?, UInt64, Bool)])
  func holds(then: UInt64?, now: UInt64?, seconds: UInt64, expected: Bool) {
    let list = LastPIDList(list: PIDList([1]), forks: then, time: 5_000_000_000)
    #expect(
      list.holds(forks: now, at: 5_000_000_000 + seconds * 1_000_000_000, age: ProcfsLimits().listAge) == expected)
  }
}
