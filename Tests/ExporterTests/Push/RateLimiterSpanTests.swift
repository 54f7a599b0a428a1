import Testing

@testable import Exporter

@Suite("Rate limits of any size")
struct RateLimiterSpanTests {
  @Test(
    "how long to wait is told for any rate",
    arguments: [(0.5, 2), (1e-300, .max), (.leastNonzeroMagnitude, .max), (1e300, 1), (.infinity, 1)]
      as [(Double, Int)])
  func wait(rate: Double, seconds: Int) {
    let limiter = RateLimiter(rate: rate, burst: 1)
    #expect(limiter.seconds(.everybody, now: 5) == nil)
    #expect(limiter.seconds(.everybody, now: 5) == (rate == .infinity ? nil : seconds))
  }
}
