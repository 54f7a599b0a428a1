/// When a program that ended is started again.
enum RestartMode: String, CaseIterable, Sendable {
  /// Never.
  case no
  /// After a failure: a status other than 0, a signal, or a hang.
  case onFailure = "on-failure"
  /// Always.
  case always
}

/// The rules of restarting: exponential back-off with a cap, and a limit for programs that only crash.
struct RestartPolicy: Sendable {
  /// When to restart at all.
  var mode: RestartMode
  /// Seconds before the first restart; each further one waits twice as long.
  var firstDelay: Double = 1
  /// The longest wait, seconds.
  var longestDelay: Double = 60
  /// A run of at least so many seconds counts as stable: the next wait is `firstDelay` again.
  var stableAfter: Double = 60
  /// How many restarts in a row without a stable run between them are tried; nil for no limit.
  var limit: Int? = 10
}

/// What to do about a program that ended.
enum RestartDecision: Hashable, Sendable {
  /// It has ended for good.
  case end
  /// Start it again after so many seconds.
  case restart(after: Double)
  /// It crashed too often in a row.
  case giveUp
}

/// How often a program was restarted; decides what comes next. Knows no clock: the caller says how long a run took.
struct RestartState: Sendable {
  let policy: RestartPolicy
  /// All restarts so far.
  private(set) var restarts = 0
  /// Restarts since the last stable run.
  private(set) var inARow = 0

  init(_ policy: RestartPolicy) {
    self.policy = policy
  }

  /// The program ended, or could not be started.
  ///
  /// - Parameters:
  ///   - status: how it ended.
  ///   - seconds: how long it ran.
  ///   - wasStale: whether it was ended because it hung: a failure, whatever its status.
  mutating func ended(_ status: ChildStatus, after seconds: Double, wasStale: Bool = false) -> RestartDecision {
    switch policy.mode {
    case .no:
      // Somebody asked for restarts of a hung program only.
      if !wasStale { return .end }
    case .onFailure:
      if status.isSuccess && !wasStale { return .end }
    case .always:
      break
    }
    if seconds >= policy.stableAfter { inARow = 0 }
    if let limit = policy.limit, inARow >= limit { return .giveUp }
    var delay = policy.firstDelay
    for _ in 0..<inARow where delay < policy.longestDelay { delay *= 2 }
    inARow += 1
    restarts += 1
    return .restart(after: min(delay, policy.longestDelay))
  }
}
