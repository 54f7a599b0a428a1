internal import POSIX

/// What the entry of a job says of its runs: the object `job`.
public struct JobRecord: Hashable, Sendable {
  /// Unix time at which the last run began; nil when none is known to.
  public var started: Double?
  /// Unix time at which the last run that ended did so.
  public var ended: Double?
  /// How that run ended: 0 is success.
  public var exitCode: Double?
  /// How long that run took, in seconds; nil when its beginning is not known.
  public var durationSeconds: Double?
  /// Unix time at which the last successful run ended: later failures leave it.
  public var lastSuccess: Double?
  /// How many runs have ended.
  public var runs: Double?
  /// How many of these failed.
  public var failures: Double?

  /// Nothing is known yet.
  public init() {}

  /// Whether a run has begun and not ended.
  public var isRunning: Bool {
    guard let started else { return false }
    return ended.map { $0 < started } ?? true
  }

  /// Whether the last run that ended was no success. A run whose exit code is not 0 may be one all the same: its writer decides that.
  public var hasFailed: Bool {
    guard let ended else { return false }
    return exitCode != 0 && lastSuccess.map { $0 < ended } ?? true
  }

  /// An entry with a job is kept by all clean-ups so many seconds longer than others: there may be a year between two runs.
  public static let keptLonger = 366.0 * 86_400

  /// The keys of the object.
  enum Key {
    static let started = "started"
    static let ended = "ended"
    static let exitCode = "exit_code"
    static let duration = "duration_seconds"
    static let lastSuccess = "last_success"
    static let runs = "runs"
    static let failures = "failures"
    static let all = Set([started, ended, exitCode, duration, lastSuccess, runs, failures].map { ExactText($0) })
  }

  /// Times behind this one, the end of the year 9999, are none.
  static let latest = 253_402_300_800.0
  /// The most runs: larger numbers of them are not exact.
  static let mostRuns = 9_007_199_254_740_992.0
  /// The largest exit code, in both directions: some hosts' have 32 bits.
  static let largestExitCode = 4_294_967_295.0

  /// Takes over a value of the object.
  ///
  /// - Returns: false when it is none that can be there; then nothing is taken over.
  mutating func take(_ key: String, _ value: Double) -> Bool {
    func time() -> Double? {
      let time = UnixTime.seconds(value)
      return time > 0 && time < JobRecord.latest ? time : nil
    }
    func count() -> Double? {
      value >= 0 && value <= JobRecord.mostRuns && value == value.rounded() ? value : nil
    }
    // What stands there may be any key.
    guard Key.all.contains(ExactText(key)) else { return true }
    switch key {
    case Key.started: return set(\.started, time())
    case Key.ended: return set(\.ended, time())
    case Key.lastSuccess: return set(\.lastSuccess, time())
    case Key.duration: return set(\.durationSeconds, value >= 0 && value.isFinite ? value : nil)
    case Key.exitCode:
      return set(
        \.exitCode, value.magnitude <= JobRecord.largestExitCode && value == value.rounded() ? value + 0 : nil)
    case Key.runs: return set(\.runs, count())
    case Key.failures: return set(\.failures, count())
    default: return true
    }
  }

  private mutating func set(_ key: WritableKeyPath<JobRecord, Double?>, _ value: Double?) -> Bool {
    guard let value else { return false }
    self[keyPath: key] = value
    return true
  }

  /// Whether it says anything of a run.
  var isEmpty: Bool { started == nil && ended == nil && lastSuccess == nil }
}
