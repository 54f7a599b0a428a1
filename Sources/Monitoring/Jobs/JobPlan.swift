public import Heartbeat

/// What the configuration says of a job: when it is to succeed, and how long it may take.
public struct JobPlan: Hashable, Sendable {
  /// When it is due.
  public enum Rhythm: Hashable, Sendable {
    /// So many seconds after its last success.
    case every(Double)
    /// By a schedule, as the clocks of a time zone have it.
    case schedule(CronSchedule, ZoneRules)
  }

  /// When it is due; nil when only its runs are judged.
  public var rhythm: Rhythm?
  /// How late it may be, in seconds; nil for the usual.
  public var grace: Double?
  /// How long a run may take, in seconds; nil for as long as it likes.
  public var longestRun: Double?

  /// Puts a plan together.
  public init(_ rhythm: Rhythm? = nil, grace: Double? = nil, longestRun: Double? = nil) {
    self.rhythm = rhythm
    self.grace = grace
    self.longestRun = longestRun
  }

  /// Without a configured grace a job may be so late, in seconds, or by the time from one run to the next if that is less.
  public static let usualGrace = 3_600.0
  /// So many seconds may the clock of a job be behind: a success shortly before it is due is that of the due run.
  private static let clockTolerance = Facts.clockTolerance

  /// The next time at which it is due behind a success, or behind the time since which it is waited for.
  public func due(after time: Double) -> Double? {
    switch rhythm {
    case .every(let interval): time + interval
    case .schedule(let schedule, let zone): schedule.next(after: time + JobPlan.clockTolerance, in: zone)
    case nil: nil
    }
  }

  /// The time from which on it is late.
  ///
  /// - Parameter due: when it is due.
  public func deadline(ofDue due: Double) -> Double {
    if let grace { return due + grace }
    switch rhythm {
    case .every(let interval): return due + min(JobPlan.usualGrace, interval)
    case .schedule(let schedule, let zone):
      let gap = schedule.next(after: due, in: zone).map { $0 - due } ?? .infinity
      return due + min(JobPlan.usualGrace, gap)
    case nil: return .infinity
    }
  }
}
