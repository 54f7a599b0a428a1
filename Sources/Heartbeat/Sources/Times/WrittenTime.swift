/// A time as a program wrote it: a moment, or what a clock on some wall showed.
struct WrittenTime: Hashable, Sendable {
  /// Unix time in seconds; without a zone as if the clock hung in Greenwich.
  var seconds: Double
  /// The other reading of a date such as 03/04/2026.
  var alternative: Double?
  /// Whether it says in which zone the clock hangs.
  var hasZone: Bool

  init(seconds: Double, alternative: Double? = nil, hasZone: Bool) {
    self.seconds = seconds
    self.alternative = alternative
    self.hasZone = hasZone
  }

  /// A number by its size: seconds, milliseconds, microseconds or nanoseconds since 1970; nil when it is none of them
  /// between the years 2001 and 2100.
  init?(number: Double) {
    for unit in [1, 1e3, 1e6, 1e9] where WrittenTime.plausible.contains(number / unit) {
      self.init(seconds: number / unit, hasZone: true)
      return
    }
    return nil
  }

  /// 2001 to 2100: a number outside of this is no time of a beat in any unit. In the four units the ranges do not meet.
  static let plausible = 978_307_200.0..<4_102_444_800.0

  /// The one of the moments that it may mean in a zone that lies nearest to another.
  ///
  /// While clocks are set back they show a time twice: the second one counts only where it is no time to come.
  func moment(in zone: ZoneRules, nearest other: Double) -> Double {
    func nearest(_ moments: [Double]) -> Double? { moments.min { ($0 - other).magnitude < ($1 - other).magnitude } }
    let readings = [seconds] + (alternative.map { [$0] } ?? [])
    return nearest(readings.compactMap { hasZone ? $0 : nearest(past(zone.moments(wall: $0), other)) }) ?? seconds
  }

  /// What does not lie behind a moment; all where nothing else is left.
  private func past(_ moments: [Double], _ other: Double) -> [Double] {
    let past = moments.filter { $0 <= other + SourceFacts.clocksDiffer }
    return past.isEmpty ? moments : past
  }
}
