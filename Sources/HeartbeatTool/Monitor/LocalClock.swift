internal import POSIX

/// Times of day for people, in the local time zone.
enum LocalClock {
  /// `14:03:22`; `Nov 21 14:03` when it is half a day or more from now.
  static func text(_ time: Double, now: Double = Clock.realtime) -> String {
    guard time.isFinite, time.magnitude < 1e11 else { return "?" }
    let shown = CalendarTime(time, in: .local)
    return (now - time).magnitude < 43_200 ? shown.clock : shown.text("%b %e %H:%M")
  }
}
