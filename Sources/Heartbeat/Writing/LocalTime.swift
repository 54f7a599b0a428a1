internal import Glibc
internal import POSIX

/// Times as people read them in a heartbeat file.
enum LocalTime {
  /// `YYYY-MM-DD HH:MM:SS` in the host's time zone (`localtime_r(3)`): `last_heartbeat_formatted`.
  ///
  /// - Parameter time: Unix time in seconds.
  static func formatted(_ time: Double) -> String {
    var parts = tm()
    var seconds = wholeSeconds(time)
    guard localtime_r(&seconds, &parts) != nil else { return "" }
    return "\(padded(parts.tm_year &+ 1900, 4))-\(padded(parts.tm_mon &+ 1))-\(padded(parts.tm_mday)) "
      + "\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec))"
  }

  /// `YYYYMMDDTHHMMSSZ` in UTC: sorts by time and needs no quoting in a shell.
  static func compactUTC(_ time: Double) -> String {
    var parts = tm()
    var seconds = wholeSeconds(time)
    guard gmtime_r(&seconds, &parts) != nil else { return "" }
    return "\(padded(parts.tm_year &+ 1900, 4))\(padded(parts.tm_mon &+ 1))\(padded(parts.tm_mday))T"
      + "\(padded(parts.tm_hour))\(padded(parts.tm_min))\(padded(parts.tm_sec))Z"
  }

  private static func wholeSeconds(_ time: Double) -> time_t {
    time.isFinite ? time_t(clamping: max(-1e11, min(time.rounded(.down), 1e11))) : 0
  }

  private static func padded(_ number: Int32, _ width: Int = 2) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}
