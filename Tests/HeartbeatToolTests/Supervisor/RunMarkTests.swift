import Testing

@testable import HeartbeatTool

@Suite("The mark of what a supervisor starts")
struct RunMarkTests {
  @Test("names the nearest supervisor, fits where a guardian looks for it, and is like no other one")
  func marks() {
    let mark = RunMark.new(supervisor: .max)
    #expect(RunMark.supervisor(mark) == .max && mark.utf8.count < 64)
    #expect(RunMark.supervisor("\(RunMark.new(supervisor: 7)) \(RunMark.new(supervisor: 42))") == 42)
    #expect(mark != RunMark.new(supervisor: .max))
  }

  @Test(
    "nobody else's value names one",
    arguments: [nil, "", " ", "above", "hb-abc", "hb-x-abc", "hb-99999999999-a", "a-b"])
  func strange(value: String?) { #expect(RunMark.supervisor(value) == nil) }
}
