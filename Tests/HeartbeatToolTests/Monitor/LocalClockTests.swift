import Testing

@testable import HeartbeatTool

@Suite("Times of day for people")
struct LocalClockTests {
  /// 2025-01-02 03:04:05 in UTC.
  private let time = 1_735_787_045.0

  @Test(
    "a time of today has seconds, one half a day away its date",
    arguments: [(0.0, false), (43_199, false), (-43_199, false), (43_200, true), (-43_200, true), (1e6, true)])
  func forms(away: Double, hasDate: Bool) {
    let text = LocalClock.text(time, now: time + away)
    // The zone of whoever runs the tests may be any, so that only what does not depend on it is compared.
    #expect(hasDate ? text.wholeMatch(of: /[A-Z][a-z]{2} [ 0-9]\d \d\d:\d4/) != nil : text.hasSuffix("4:05"))
  }

  @Test("what is no time is none", arguments: [.infinity, -.infinity, .nan, 1e12] as [Double])
  func none(time: Double) {
    #expect(LocalClock.text(time, now: 0) == "?")
  }
}
