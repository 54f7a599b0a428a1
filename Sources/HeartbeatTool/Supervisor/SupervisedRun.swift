internal import Glibc
internal import Heartbeat

/// One run of the program, from its start until everything of it is gone.
struct SupervisedRun {
  let child: ChildProcess
  let number: Int
  private(set) var startedAt: Double
  /// It is not known yet whether the program runs: a disk may hang that it needs for that. Nothing but SIGKILL reaches it.
  private(set) var isStarting: Bool
  /// Why it could not be started after all.
  var startFailure: StartFailure?
  /// The signal by which somebody ended it before its start was over.
  var stoppedAtStart: Int32?
  /// What is handed on when its start is over.
  private var heldSignals: [(action: SignalAction, signal: ReceivedSignal)] = []
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
  /// When it was killed first.
  var killedAt: Double?
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
    /// When its time is over; never once it was killed for that, and its silence was the answer.
    var deadline: Double
    /// Why it could not be started after all.
    var startFailure: StartFailure?

    /// What its end says.
    func answer(_ status: ChildStatus) -> Probe.Answer {
      if let startFailure { return .fails("cannot be run: \(startFailure)") }
      return status.isSuccess ? .works : .fails(status.description)
    }
  }

  init(_ child: ChildProcess, number: Int, isStarting: Bool, _ options: SupervisorOptions, at now: Double) {
    self.child = child
    self.number = number
    startedAt = now
    self.isStarting = isStarting
    liveness = Liveness(
      interval: options.interval, timeout: options.timeout, hasProbe: options.probe != nil,
      startTimeout: options.startTimeout, phase: Liveness.phase(of: options.name), startedAt: now,
      isStarting: isStarting)
    grace = StopGrace(timeout: options.stopTimeout)
    nextProbe = options.probe == nil || isStarting ? .infinity : now
    mainPID = child.pid
  }

  /// Its start, which took longer, is over.
  mutating func started(_ options: SupervisorOptions, at now: Double) {
    (isStarting, startedAt) = (false, now)
    liveness.started(at: now)
    if options.probe != nil { nextProbe = now }
  }

  /// The most signals that are kept for the end of a start.
  private static let mostHeld = 1000

  /// Keeps a signal until its start is over.
  mutating func hold(_ action: SignalAction, _ signal: ReceivedSignal) {
    if heldSignals.count < SupervisedRun.mostHeld { heldSignals.append((action, signal)) }
  }

  /// What was kept, once.
  mutating func takeHeldSignals() -> [(action: SignalAction, signal: ReceivedSignal)] {
    var held: [(action: SignalAction, signal: ReceivedSignal)] = []
    swap(&held, &heldSignals)
    return held
  }

  /// The program has ended, or was ended before it was one.
  mutating func end(_ status: ChildStatus, at now: Double) {
    let early = startFailure.map { ChildStatus.exited($0.exitCode) } ?? stoppedAtStart.map { .signalled($0) }
    (self.status, endedAt) = (early ?? status, now)
  }

  /// When it is no longer waited for its end, which a disk that hangs may keep from it; nil while nobody has killed it.
  var abandonedAt: Double? { killedAt.map { $0 + Sweep.patience } }

  /// Seconds that it has run.
  func duration(at now: Double) -> Double { (endedAt ?? now) - startedAt }

  /// How it is, in a word.
  var word: RunWord {
    if isKilledForSilence { return .hung }
    if grace.isAsked || saidStopping || stoppedAtStart != nil { return .stopping }
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
    if isStarting {
      return
        "its start takes longer than \(seconds(now - startedAt)): does the disk of its folder, or its program, hang?"
    }
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

  /// What is killed from now on.
  static func killing(at now: Double) -> Sweep {
    var sweep = Sweep()
    (sweep.begin, sweep.killAt) = (now, now)
    return sweep
  }

  /// It is killed at the next step.
  mutating func hurry(at now: Double) {
    killAt = min(killAt, now)
    nextLook = now
  }
}
