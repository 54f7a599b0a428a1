/// Unix times as programs write them: in seconds, or in a fraction of them.
enum UnixTime {
  /// The time in seconds, taken for milliseconds, microseconds or nanoseconds where seconds would lie beyond the year 5138.
  ///
  /// JavaScript's `Date.now()` gives milliseconds, Go's `UnixNano` and Python's `time_ns` give nanoseconds.
  static func seconds(_ time: Double) -> Double {
    switch time {
    case ..<1e11: time
    case ..<1e14: time / 1e3
    case ..<1e17: time / 1e6
    case ..<1e20: time / 1e9
    default: time
    }
  }
}
