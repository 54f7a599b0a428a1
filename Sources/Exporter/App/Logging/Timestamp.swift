internal import Glibc
internal import POSIX

/// Times as the log writes them.
enum Timestamp {
  /// UTC with milliseconds by RFC 3339, such as `2026-11-24T00:00:00.123Z`.
  ///
  /// - Parameter time: Unix time in seconds; what no calendar holds gives the nearest time it holds.
  static func rfc3339(_ time: Double) -> String {
    // 9999-12-31T23:59:59Z is the last time of RFC 3339.
    let limited = time.isNaN ? 0 : min(max(time, 0), 253_402_300_799)
    let milliseconds = Int(clamping: (limited * 1000).rounded(.down))
    var seconds = time_t(widening: milliseconds / 1000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    let date =
      "\(padded(parts.tm_year &+ 1900, 4))-\(padded(parts.tm_mon &+ 1, 2))-\(padded(parts.tm_mday, 2))"
    let clock = "\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
    return "\(date)T\(clock).\(padded(milliseconds % 1000, 3))Z"
  }

  private static func padded(_ number: some BinaryInteger, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
