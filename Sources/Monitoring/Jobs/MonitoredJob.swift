public import Heartbeat

/// How a job does: what is known of its runs, and when it is due.
public struct MonitoredJob: Hashable, Sendable {
  /// What its entry says of its runs, or what follows from its beats.
  public let record: JobRecord
  /// Its entry says so itself.
  private let isSaid: Bool
  /// Unix time at which it is next to succeed, in the past when it is late; nil when nothing is expected of it.
  public let due: Double?
  private let deadline: Double
  /// How long a run may take, in seconds.
  let longestRun: Double?
  /// When the run that goes on began, for all that can be believed.
  private let runSince: Moment?

  /// - Parameters:
  ///   - isSaid: whether its entry says so itself.
  ///   - plan: what the configuration says of it; nil when it says nothing.
  ///   - seen: when what it says was seen to change: no run of which it tells ended later.
  ///   - watched: since when it is watched: since then it is waited for when it never succeeded.
  ///   - before: how it did before; nil when that is not known.
  init(
    _ record: JobRecord, isSaid: Bool, _ plan: JobPlan?, seen: Moment, watched: Moment, before: MonitoredJob? = nil,
    at now: Moment
  ) {
    self.record = record
    self.isSaid = isSaid
    if record.isRunning, let started = record.started {
      // What else it says of the same run may come after somebody has set the clock.
      let known = before?.record.started == started ? before?.runSince : nil
      runSince = known ?? seen.before(max(0, seen.time - started))
    } else {
      runSince = nil
    }
    longestRun = plan?.longestRun
    // A clock that is ahead would put off the next time. Where the host's own was set since, it is due by what that says now.
    let waiting = watched.time(by: now)
    let since =
      record.lastSuccess.map { min($0, seen.time(by: now)) }
      ?? min(waiting, record.started ?? waiting, record.ended ?? waiting)
    due = plan?.due(after: since)
    deadline = due.flatMap { plan?.deadline(ofDue: $0) } ?? .infinity
  }

  /// What its entry says of its runs; nil when that says nothing.
  var saidRecord: JobRecord? { isSaid ? record : nil }

  /// Unix time from which on it is late; nil when nothing is expected of it.
  public var lateAt: Double? { deadline.isFinite ? deadline : nil }

  /// What its state follows from.
  func facts(at now: Moment) -> JobFacts {
    var facts = JobFacts(phase: .waiting)
    if record.isRunning {
      facts.phase = .running
      if let runSince, let longestRun { facts.isOverdue = now.passed(since: runSince) > longestRun }
    } else if record.hasFailed {
      facts.phase = .failed
    } else if record.ended != nil || record.lastSuccess != nil {
      facts.phase = .succeeded
    }
    // It is due at a time of day, which others are shown. A run that goes on has its own limit first.
    facts.isLate = now.time > deadline + (record.isRunning ? longestRun ?? 0 : 0)
    return facts
  }
}

/// What of a job its state follows from.
public struct JobFacts: Hashable, Sendable {
  /// What its last run is, or was.
  public enum Phase: Hashable, Sendable {
    /// It never ran.
    case waiting
    case running, succeeded, failed
  }

  /// What its last run is, or was.
  public var phase: Phase
  /// The run takes longer than it may.
  public var isOverdue = false
  /// It should have succeeded by now.
  public var isLate = false

  /// Puts them together.
  public init(phase: Phase, isOverdue: Bool = false, isLate: Bool = false) {
    self.phase = phase
    self.isOverdue = isOverdue
    self.isLate = isLate
  }

  /// The state and its reason: the first row that applies.
  func verdict(_ existence: Existence) -> Verdict {
    if phase == .running, let absence = existence.absence { return Verdict(.dead, absence.reason) }
    if phase == .running, isOverdue { return Verdict(.hung, .jobOverdue) }
    if phase == .failed { return Verdict(.dead, .jobFailed) }
    if isLate { return Verdict(.dead, .jobLate) }
    switch phase {
    case .running: return Verdict(.alive, .jobRunning)
    case .succeeded, .failed: return Verdict(.alive, .jobSucceeded)
    // Found by its command line, it works though it said nothing yet.
    case .waiting: return existence.isUp == true ? Verdict(.alive, .jobRunning) : Verdict(.never, .neverSeen)
    }
  }
}

extension JobRecord {
  /// Of a process whose beat is the only sign: each beat is a success, unless its word is `failed`.
  init(beat: Double, hasFailed: Bool) {
    self.init()
    ended = beat
    if !hasFailed { lastSuccess = beat }
  }
}
