/// A moment by two clocks: the time of day, which somebody may set, and one that nobody sets.
///
/// What is shown, and what is compared with times that others wrote, has the time of day. How long something took or is to last is
/// counted by the other one.
struct Moment: Hashable, Sendable {
  /// Unix time, in seconds.
  let time: Double
  /// Seconds since some start.
  let uptime: Double

  /// So many seconds before.
  func before(_ seconds: Double) -> Moment { Moment(time: time - seconds, uptime: uptime - seconds) }

  /// Seconds that have passed since another one; none when that is yet to come.
  func passed(since other: Moment) -> Double { max(0, uptime - other.uptime) }

  /// Its time of day as the clock is set at another moment: the same, unless somebody has set it in between.
  func time(by now: Moment) -> Double { isOfAnotherClock(than: now) ? now.time - (now.uptime - uptime) : time }

  /// Whether the time of day was set since another one: both clocks are not read at once, so that a little between them is nothing.
  func isOfAnotherClock(than other: Moment) -> Bool { step(since: other).magnitude > Facts.clockTolerance }

  /// By how many seconds the time of day was set forward since another one; little more than nothing where nobody set it.
  func step(since other: Moment) -> Double { (time - other.time) - (uptime - other.uptime) }
}
