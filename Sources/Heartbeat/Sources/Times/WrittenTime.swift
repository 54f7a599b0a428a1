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

/// Days of the Gregorian calendar.
package enum CivilDay {
  /// Seconds from 1970 to the beginning of a day; nil when the calendar does not have it.
  static func seconds(year: Int, month: Int, day: Int) -> Double? {
    guard (1970...2200).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
    let days = number(year: year, month: month, day: day)
    // A day such as 31 April is one of the next month.
    let next = month == 12 ? number(year: year + 1, month: 1, day: 1) : number(year: year, month: month + 1, day: 1)
    return days < next ? Double(days) * 86_400 : nil
  }

  /// Days since 1 January 1970. The year is counted from March, so that the leap day is its last.
  package static func number(year: Int, month: Int, day: Int) -> Int {
    let year = month <= 2 ? year - 1 : year
    let month = month <= 2 ? month + 9 : month - 3
    return year * 365 + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + day - 719_469
  }

  /// The year of a moment.
  package static func year(of seconds: Double) -> Int {
    var year = 1970 + Int(clamping: seconds / 31_556_952)
    while Double(number(year: year + 1, month: 1, day: 1)) * 86_400 <= seconds { year += 1 }
    while year > 1, Double(number(year: year, month: 1, day: 1)) * 86_400 > seconds { year -= 1 }
    return year
  }

  /// 0 is a Sunday.
  package static func weekday(ofDay number: Int) -> Int { ((number + 4) % 7 + 7) % 7 }
}
