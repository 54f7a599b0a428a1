internal import Glibc
internal import Heartbeat

/// One run of the program, from its start until everything of it is gone.
struct SupervisedRun {
  let child: ChildProcess
  let number: Int
  let startedAt: Double
  var liveness: Liveness
  var grace: StopGrace
  var nextProbe: Double
  /// A command that is asked as a probe.
  var probeChild: ProbeChild?
  /// Why the probe failed last; nil when it did not.
  var probeFailure: String?
  /// What was said of the probe.
  var saidOfProbe: String?
  /// How it ended; nil while it runs.
  private(set) var status: ChildStatus?
  /// When it ended. What it left behind may take longer, and is no part of the run.
  private(set) var endedAt: Double?
  /// What it left behind is being ended.
  var sweep: Sweep?
  var isKilledForSilence = false
  var saidStale = false
  /// The process that the beats name.
  var mainPID: pid_t
  var isReady = false
  var isReloading = false
  var saidStopping = false
  var saidTrigger = false
  var statusText: String?
  /// Who was asked to end with it: what is left of them is not asked again.
  var asked: Set<pid_t> = []
  /// When each signal was handed on last.
  var handedOn: [Int32: Double] = [:]

  /// A command that is asked as a probe.
  struct ProbeChild {
    let process: ChildProcess
    /// When its time is over; never once it was killed for that.
    var deadline: Double

    /// What its end says.
    func answer(_ status: ChildStatus) -> Probe.Answer {
      if status.isSuccess { return .works }
      return deadline == .infinity ? Probe.answer(.timeout) : .fails(status.description)
    }
  }

  init(_ child: ChildProcess, number: Int, _ options: SupervisorOptions, at now: Double) {
    self.child = child
    self.number = number
    startedAt = now
    liveness = Liveness(
      interval: options.interval, timeout: options.timeout, hasProbe: options.probe != nil,
      startTimeout: options.startTimeout, phase: Liveness.phase(of: options.name), startedAt: now)
    grace = StopGrace(timeout: options.stopTimeout)
    nextProbe = options.probe == nil ? .infinity : now
    mainPID = child.pid
  }

  /// The program has ended.
  mutating func end(_ status: ChildStatus, at now: Double) {
    (self.status, endedAt) = (status, now)
  }

  /// Seconds that it has run.
  func duration(at now: Double) -> Double { (endedAt ?? now) - startedAt }

  /// How it is, in a word.
  var word: RunWord {
    if isKilledForSilence { return .hung }
    if grace.isAsked || saidStopping { return .stopping }
    if liveness.isSuspended { return .suspended }
    if saidStale { return .hung }
    if isReloading { return .reloading }
    return liveness.isUnproven ? .starting : .alive
  }

  var told: Supervisor.Told {
    Supervisor.Told(word: word, statusText: statusText, isReady: isReady, pid: mainPID)
  }

  func nextDeadline(at now: Double) -> Double {
    let stale = saidStale ? .infinity : liveness.staleAt
    return min(
      liveness.nextBeat(at: now), grace.killAt ?? .infinity, nextProbe, probeChild?.deadline ?? .infinity, stale)
  }

  /// What is silent, for people.
  func silence(_ options: SupervisorOptions, at now: Double) -> String {
    if saidTrigger { return "it says so itself (WATCHDOG=trigger)" }
    let waited = seconds(now - startedAt)
    if let probe = options.probe {
      let reason = probeFailure.map { ": \($0)" } ?? ""
      return liveness.isUnproven
        ? "the probe \(probe) had no success in the \(waited) since its start\(reason)"
        : "the probe \(probe) has no success any more\(reason)"
    }
    return liveness.isUnproven
      ? "no first WATCHDOG=1 in the \(waited) since its start (--start-timeout)" : "no WATCHDOG=1 in time"
  }
}

/// The end of what a program left behind: first asked to end, then killed, in the end given up. Times are seconds of one monotonic clock;
/// pure.
struct Sweep: Hashable, Sendable {
  /// Seconds between `SIGTERM` and `SIGKILL` at least.
  static let grace = 2.0
  /// Seconds after the first `SIGKILL` at which it goes on without an end of what cannot be ended, as in an uninterruptible wait.
  static let patience = 5.0
  /// Seconds between two looks; and later on, when only what takes long is left: the end of the last one wakes the supervisor anyway.
  static let pause = 0.05
  static let latePause = 0.5

  /// What is to be done.
  enum Step: Hashable, Sendable {
    case ask, wait, kill, giveUp
  }

  private var begin: Double?
  private var killAt = Double.infinity
  private(set) var nextLook = -Double.infinity

  /// What to do about what is still there.
  ///
  /// - Parameter limit: until when the program itself had time to end, where it was asked to; nil where not.
  mutating func step(at now: Double, until limit: Double? = nil) -> Step {
    guard let begin else {
      nextLook = now + Self.pause
      self.begin = now
      killAt = max(now + Self.grace, limit ?? now)
      return .ask
    }
    nextLook = now + Self.pause
    if now < killAt {
      if now >= begin + Self.grace { nextLook = min(now + Self.latePause, killAt) }
      return .wait
    }
    return now < killAt + Self.patience ? .kill : .giveUp
  }

  /// It asks for more time, counted from now; it never gets less than it had. What is being killed gets none.
  mutating func extend(by seconds: Double, at now: Double) {
    if begin != nil, now < killAt { killAt = max(killAt, now + seconds) }
  }

  /// It is killed at the next step.
  mutating func hurry(at now: Double) {
    killAt = min(killAt, now)
    nextLook = now
  }
}
