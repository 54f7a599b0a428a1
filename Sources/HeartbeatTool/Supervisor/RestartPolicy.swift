/// When a program that ended is started again.
enum RestartMode: String, CaseIterable, Sendable {
  /// Never.
  case no
  /// After a failure: an end that is no success, or a hang.
  case onFailure = "on-failure"
  /// Always.
  case always
}

/// How many restarts are tried before the supervisor gives up.
struct RestartLimit: Hashable, Sendable {
  /// So many restarts; at least 1.
  var count: Int
  /// Within so many seconds; nil for: in a row, without a stable run between them.
  var window: Double?
}

/// Which ends of a program are no failure.
struct SuccessCodes: Hashable, Sendable {
  /// Exit statuses.
  var statuses: Set<Int32> = [0]
  /// Numbers of signals that ended it.
  var signals: Set<Int32> = []

  func contains(_ status: ChildStatus) -> Bool {
    switch status {
    case .exited(let code): statuses.contains(code)
    case .signalled(let number): signals.contains(number)
    }
  }
}

/// The rules of restarting: exponential back-off with a cap, and a limit for programs that only crash.
struct RestartPolicy: Sendable {
  /// When to restart at all.
  var mode: RestartMode
  /// Seconds before the first restart; each further one waits twice as long.
  var firstDelay: Double = 1
  /// The longest wait, seconds.
  var longestDelay: Double = 60
  /// The most seconds that are added to a wait by chance, so that programs that fell together do not come back together.
  var jitter: Double = 0
  /// A run of at least so many seconds counts as stable: the next wait is `firstDelay` again.
  var stableAfter: Double = 60
  /// How many restarts are tried; nil for no limit.
  var limit: RestartLimit? = RestartLimit(count: 10)
  /// Which ends are no failure.
  var success = SuccessCodes()
}

/// What to do about a program that ended.
enum RestartDecision: Hashable, Sendable {
  /// It has ended for good.
  case end
  /// Start it again after so many seconds.
  case restart(after: Double)
  /// It was restarted too often.
  case giveUp
}

/// How often a program was restarted; decides what comes next. Knows no clock: the caller says what time it is, and how long a run took.
struct RestartState: Sendable {
  let policy: RestartPolicy
  /// All restarts so far.
  private(set) var restarts = 0
  /// Restarts since the last stable run.
  private(set) var inARow = 0
  /// When the last restarts were, of those that the limit's window can still hold.
  private var times: [Double] = []

  init(_ policy: RestartPolicy) {
    self.policy = policy
  }

  /// The program ended, or could not be started.
  ///
  /// - Parameters:
  ///   - status: how it ended.
  ///   - seconds: how long it ran.
  ///   - wasStale: whether it was ended because it hung: a failure, whatever its status.
  ///   - now: seconds of a monotonic clock.
  ///   - random: 0...1, for the jitter.
  mutating func ended(
    _ status: ChildStatus, after seconds: Double, wasStale: Bool = false, at now: Double = 0, random: Double = 0
  ) -> RestartDecision {
    switch policy.mode {
    case .no:
      // Somebody asked for restarts of a hung program only.
      if !wasStale { return .end }
    case .onFailure:
      if policy.success.contains(status) && !wasStale { return .end }
    case .always:
      break
    }
    if seconds >= policy.stableAfter { inARow = 0 }
    if isExhausted(at: now) { return .giveUp }
    var delay = policy.firstDelay
    for _ in 0..<inARow where delay < policy.longestDelay { delay *= 2 }
    inARow += 1
    restarts += 1
    if policy.limit?.window != nil { times.append(now) }
    return .restart(after: min(delay, policy.longestDelay) + policy.jitter * random)
  }

  private mutating func isExhausted(at now: Double) -> Bool {
    guard let limit = policy.limit else { return false }
    guard let window = limit.window else { return inARow >= limit.count }
    times.removeAll { $0 <= now - window }
    return times.count >= limit.count
  }

  /// What the limit was when it gave up, for people.
  var exhausted: String {
    guard let limit = policy.limit, let window = limit.window else { return "after \(inARow) restarts in a row" }
    return "after \(limit.count) restarts within \(seconds(window))"
  }
}
