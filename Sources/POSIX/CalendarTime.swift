internal import Glibc

/// A moment as a calendar and a clock show it: by `localtime_r(3)` for the host's zone. All else needs no file: `gmtime_r(3)` reads
/// the zone's too, and would wait with every line of the log where that does not answer.
public struct CalendarTime {
  /// Whose clock it is.
  public enum Zone: Sendable {
    /// Coordinated Universal Time.
    case utc
    /// The time zone of the host: `TZ`, or `/etc/localtime`.
    case local
    /// One that is so many seconds ahead of UTC.
    case offset(Double)
  }

  private var parts = tm()
  /// Thousandths of the second that has begun, 0...999.
  public let millisecond: Int

  /// - Parameters:
  ///   - time: Unix time in seconds; what no calendar has gives the nearest it has (the years 0 to 9999), NaN gives 1970.
  ///   - zone: whose clock shows it.
  public init(_ time: Double, in zone: Zone = .utc) {
    var shown = time.isNaN ? 0 : time
    if case .offset(let offset) = zone { shown += offset }
    let milliseconds = Int64(clamping: (min(max(shown, -62_167_219_200), 253_402_300_799) * 1000).rounded(.down))
    millisecond = Int(widening: (milliseconds % 1000 + 1000) % 1000)
    var seconds = time_t(clamping: (milliseconds - Int64(widening: millisecond)) / 1000)
    if case .local = zone { localtime_r(&seconds, &parts) } else { parts = CalendarTime.parts(Int(clamping: seconds)) }
  }

  private static let secondsPerDay = 86_400
  /// The days of 400 years, after which the calendar begins anew.
  private static let daysPerEra = 146_097

  /// - Parameter seconds: Unix time of the years 0 to 9999.
  private static func parts(_ seconds: Int) -> tm {
    let second = (seconds % secondsPerDay + secondsPerDay) % secondsPerDay
    let days = (seconds - second) / secondsPerDay
    // Years are counted from March, so that the day that is not always there is the last one.
    let since = days + 719_468
    let era = (since >= 0 ? since : since - daysPerEra + 1) / daysPerEra
    let dayOfEra = since - era * daysPerEra
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = (monthFromMarch + 2) % 12
    let year = yearOfEra + era * 400 + (month < 2 ? 1 : 0)
    var parts = tm()
    parts.tm_year = Int32(clamping: year - 1900)
    parts.tm_mon = Int32(clamping: month)
    parts.tm_mday = Int32(clamping: dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    parts.tm_yday = Int32(clamping: month < 2 ? dayOfYear - 306 : dayOfYear + (CivilDay.isLeap(year) ? 60 : 59))
    parts.tm_wday = Int32(clamping: CivilDay.weekday(ofDay: days))
    parts.tm_hour = Int32(clamping: second / 3600)
    parts.tm_min = Int32(clamping: second / 60 % 60)
    parts.tm_sec = Int32(clamping: second % 60)
    return parts
  }

  /// The year, 0...9999.
  public var year: Int { Int(widening: parts.tm_year) + 1900 }
  /// The month, 0...11, from January.
  public var month: Int { Int(widening: parts.tm_mon) }
  /// The day of the month, 1...31.
  public var day: Int { Int(widening: parts.tm_mday) }
  /// The day of the week, 0...6, from Sunday.
  public var weekday: Int { Int(widening: parts.tm_wday) }

  /// `2023-12-20`
  public var date: String { numbers([(year, 4), (month + 1, 2), (day, 2)], separator: "-") }

  /// `15:30:56`
  public var clock: String { numbers(hands, separator: ":") }

  /// `20231220T153056` (ISO 8601, basic format).
  public var compact: String {
    numbers([(year, 4), (month + 1, 2), (day, 2)], separator: "") + "T" + numbers(hands, separator: "")
  }

  /// `2023-12-20T15:30:56.789Z` (RFC 3339) of a Unix time in seconds.
  public static func rfc3339(_ time: Double) -> String {
    let shown = CalendarTime(time)
    return "\(shown.date)T\(shown.clock).\(shown.numbers([(shown.millisecond, 3)], separator: ""))Z"
  }

  /// As `strftime(3)` writes it, up to 63 bytes.
  public func text(_ format: String) -> String {
    var parts = parts
    var buffer = [CChar](repeating: 0, count: 64)
    let count = strftime(&buffer, buffer.count, format, &parts)
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private var hands: [(Int, Int)] {
    [parts.tm_hour, parts.tm_min, parts.tm_sec].map { (Int(widening: $0), 2) }
  }

  private func numbers(_ numbers: [(number: Int, width: Int)], separator: String) -> String {
    numbers.map { CalendarTime.padded($0.number, $0.width) }.joined(separator: separator)
  }

  /// A number with zeros in front.
  public static func padded(_ number: Int, _ width: Int = 2) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}
