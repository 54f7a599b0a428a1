import Foundation
import POSIX
import Testing

@Suite("Clocks")
struct ClockTests {
  @Test("the monotonic one never goes back")
  func monotonic() {
    var last = Clock.monotonicNanoseconds
    for _ in 0..<10_000 {
      let now = Clock.monotonicNanoseconds
      #expect(now >= last)
      last = now
    }
  }

  @Test("the others tell Unix time, and the time since boot with that asleep")
  func others() {
    #expect(abs(Clock.realtime - Date().timeIntervalSince1970) < 600)
    #expect(Clock.boottime * 1e9 + 1e9 > Double(Clock.monotonicNanoseconds))
    // No clock shows a whole second fifty times.
    #expect((0..<50).contains { _ in Clock.realtime.truncatingRemainder(dividingBy: 1) != 0 })
    #expect((0..<50).contains { _ in Clock.boottime.truncatingRemainder(dividingBy: 1) != 0 })
  }
}
