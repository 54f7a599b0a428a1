internal import POSIX

/// Times as people read them in a heartbeat file.
enum LocalTime {
  /// `YYYY-MM-DD HH:MM:SS` in the host's time zone: `last_heartbeat_formatted`.
  ///
  /// - Parameter time: Unix time in seconds.
  static func formatted(_ time: Double) -> String {
    let shown = CalendarTime(time, in: .local)
    return "\(shown.date) \(shown.clock)"
  }

  /// `YYYYMMDDTHHMMSSZ` in UTC: sorts by time and needs no quoting in a shell.
  static func compactUTC(_ time: Double) -> String { CalendarTime(time).compact + "Z" }
}
