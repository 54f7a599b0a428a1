/// Days of the Gregorian calendar.
public enum CivilDay {
  /// Seconds from 1970 to the beginning of a day; nil when the calendar does not have it.
  public static func seconds(year: Int, month: Int, day: Int) -> Double? {
    guard (1970...2200).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
    let days = number(year: year, month: month, day: day)
    // A day such as 31 April is one of the next month.
    let next = month == 12 ? number(year: year + 1, month: 1, day: 1) : number(year: year, month: month + 1, day: 1)
    return days < next ? Double(days) * 86_400 : nil
  }

  /// Days since 1 January 1970. The year is counted from March, so that the leap day is its last.
  public static func number(year: Int, month: Int, day: Int) -> Int {
    let year = month <= 2 ? year - 1 : year
    let month = month <= 2 ? month + 9 : month - 3
    return year * 365 + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + day - 719_469
  }

  /// The year of a moment.
  public static func year(of seconds: Double) -> Int {
    var year = 1970 + Int(clamping: seconds / 31_556_952)
    while Double(number(year: year + 1, month: 1, day: 1)) * 86_400 <= seconds { year += 1 }
    while year > 1, Double(number(year: year, month: 1, day: 1)) * 86_400 > seconds { year -= 1 }
    return year
  }

  /// The day of the week, 0...6, from Sunday.
  ///
  /// - Parameter number: days since 1 January 1970.
  public static func weekday(ofDay number: Int) -> Int { ((number + 4) % 7 + 7) % 7 }

  /// Whether a year has a 29 February.
  public static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }
}
