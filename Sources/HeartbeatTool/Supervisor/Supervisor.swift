internal import CLinux
internal import Glibc
internal import Heartbeat
internal import POSIX

/// Starts a program, beats for it while it works, hands signals on, restarts it: `heartbeat run`.
///
/// One thread that sleeps in `poll(2)`; every wake-up handles what arrived, then lets `advance` do what is due.
struct Supervisor: ~Copyable {
  /// Signals that are handed on to the program.
  static let forwarded = [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2]
  /// Seconds that what the program left behind gets between `SIGTERM` and `SIGKILL`.
  static let sweepTimeout = 2.0

  let options: SupervisorOptions
  private let environment: [String: String]
  private let signals: SignalQueue
  private let notifications: NotifySocket
  private let prober: ProbeRunner
  private let beats: BeatWriter
  /// In the foreground of a terminal the program stays in our process group, so that Ctrl-C and Ctrl-Z reach it.
  private let isInteractive: Bool

  private var restarts: RestartState
  private var run: Run?
  private var runNumber: UInt8 = 0
  private var lastExitCode: Int32?
  private var restartAt: Double?
  private var stopSignal: Int32?
  private var exitCode: Int32?

  /// One run of the program, from its start until everything of it is gone.
  private struct Run {
    let child: ChildProcess
    let startedAt: Double
    var vitality: Vitality
    var nextProbe: Double
    var status: ChildStatus?
    var killAt = Double.infinity
    var isKilledForSilence = false
    var saidStale = false
    var mainPID: pid_t
    var word = "alive"
    var statusText: String?
    var handedOn: Set<Int32> = []
    /// What it left in its group was asked to end.
    var isSwept = false
  }

  /// Prepares everything but the program itself.
  init(_ options: SupervisorOptions, environment: [String: String]) throws(Errno) {
    let signals = try SignalQueue(Self.forwarded + [SIGCHLD])
    let notifications = try NotifySocket()
    let prober = try ProbeRunner(options.probe)
    self.options = options
    restarts = RestartState(options.policy)
    beats = BeatWriter(file: options.file, name: options.name, retention: options.retention)
    isInteractive = isatty(STDIN_FILENO) == 1 && tcgetpgrp(STDIN_FILENO) == getpgrp()
    var environment = environment
    environment["NOTIFY_SOCKET"] = notifications.name
    environment["WATCHDOG_USEC"] = String(UInt64(clamping: min(options.timeout, 1e9) * 1e6))
    environment["WATCHDOG_PID"] = nil
    self.environment = environment
    self.signals = signals
    self.notifications = notifications
    self.prober = prober
    // What the program leaves behind becomes our child, so that no zombie stays with us.
    _ = clinux_adopt_orphans()
  }

  /// Runs until the program has ended for good.
  ///
  /// - Returns: its exit status, or 128 + the signal that ended it; 127 when there is no such program, 126 when it
  ///   cannot be run.
  mutating func supervise() -> Int32 {
    let guardian = isInteractive ? nil : try? Guardian()
    defer { guardian?.dismiss() }
    if let error = start(guardian) {
      Console.error("cannot run \(options.command.first ?? ""): \(error)")
      return error.rawValue == ENOENT ? 127 : 126
    }
    while exitCode == nil {
      signals.wait(
        timeout: nextDeadline - now,
        also: [notifications.descriptor.rawValue, prober.descriptor.rawValue])
      handleSignals()
      handleNotifications()
      handleProbe()
      advance(guardian)
    }
    return exitCode ?? 1
  }

  private mutating func start(_ guardian: borrowing Guardian?) -> Errno? {
    let child: ChildProcess
    do throws(Errno) {
      child = try ChildProcess.start(options.command, environment: environment, ownGroup: !isInteractive)
    } catch {
      return error
    }
    if child.leadsGroup { guardian?.watch(group: child.pid) }
    runNumber &+= 1
    run = Run(
      child: child, startedAt: now,
      vitality: Vitality(
        interval: options.interval, timeout: options.timeout, hasProbe: options.probe != nil, startedAt: now),
      nextProbe: options.probe == nil ? .infinity : now, mainPID: child.pid)
    restartAt = nil
    return nil
  }

  // MARK: What arrives

  private mutating func handleSignals() {
    while let signal = signals.next() {
      if signal.number != SIGCHLD { handOn(signal) }
    }
    while let ended = reapChild() {
      if ended.pid == run?.child.pid { run?.status = ended.status }
    }
  }

  private mutating func handOn(_ signal: ReceivedSignal) {
    let stops = signal.number == SIGTERM || signal.number == SIGINT
    guard let child = run?.child else {
      // Between two runs there is nothing to hand it on to.
      if stops { exitCode = 128 + signal.number }
      return
    }
    if stops, signal.number == SIGINT, stopSignal != nil {
      child.signal(SIGKILL)
      return
    }
    if stops {
      stopSignal = signal.number
      run?.killAt = now + options.stopTimeout
    }
    run?.handedOn.insert(signal.number)
    // The terminal has sent it to the whole foreground group already.
    if !(isInteractive && signal.isFromTerminal) { child.signal(signal.number) }
  }

  private mutating func handleNotifications() {
    for message in notifications.receive() where run?.status == nil {
      run?.vitality.notified(message, at: now)
      if let pid = message.mainPID { run?.mainPID = pid }
      if let text = message.status { run?.statusText = text.isEmpty ? nil : text }
      if message.isReady { run?.word = "alive" }
      if message.isReloading { run?.word = "reloading" }
      if message.isStopping { run?.word = "stopping" }
    }
  }

  private mutating func handleProbe() {
    while let answer = prober.answer() {
      guard answer.run == runNumber, run != nil else { continue }
      run?.vitality.probed(answer.isPositive, at: now)
      if let next = run?.vitality.nextProbe(after: now) { run?.nextProbe = next }
    }
  }

  // MARK: What is due

  private var nextDeadline: Double {
    guard let run else { return restartAt ?? now }
    // What is left of an ended program is looked at ten times a second.
    if run.status != nil { return now + 0.1 }
    let stale = run.saidStale ? .infinity : run.vitality.staleAt
    return min(run.vitality.nextBeat(at: now), run.killAt, run.nextProbe, stale)
  }

  private mutating func advance(_ guardian: borrowing Guardian?) {
    guard exitCode == nil else { return }
    if let restartAt {
      guard now >= restartAt else { return }
      if let error = start(guardian) {
        Console.error("\(options.name): cannot be started: \(error)")
        decide(.exited(127), after: 0, wasStale: false)
      }
      return
    }
    guard let current = run else { return }
    if let status = current.status {
      sweep(current, status, guardian)
    } else {
      look(after: current)
    }
  }

  private mutating func look(after current: Run) {
    if now >= current.killAt {
      Console.error("\(options.name): did not end within \(seconds(options.stopTimeout)), killing it")
      current.child.signal(SIGKILL)
      run?.killAt = .infinity
    }
    if now >= current.nextProbe {
      // Asked once; the next time is set when the answer is there.
      run?.nextProbe = prober.ask(run: runNumber) ? .infinity : now + options.interval
    }
    if current.vitality.isStale(at: now) {
      becomeStale(current)
    } else if current.saidStale {
      Console.error("\(options.name): is back")
      run?.saidStale = false
    }
    if run?.vitality.takeBeat(at: now) ?? false, !beat() { run?.vitality.beatFailed(at: now) }
  }

  private mutating func becomeStale(_ current: Run) {
    guard !current.saidStale else { return }
    run?.saidStale = true
    let restarts = options.onStale == .restart && stopSignal == nil
    Console.error("\(options.name): hangs: no answer in time" + (restarts ? ", ending it" : ""))
    if restarts {
      run?.isKilledForSilence = true
      run?.killAt = now + options.stopTimeout
      current.child.signal(SIGTERM)
    }
  }

  /// The program has ended: ends what it left in its group, then decides what comes next.
  private mutating func sweep(_ current: Run, _ status: ChildStatus, _ guardian: Guardian?) {
    if current.child.hasGroup {
      if !current.isSwept {
        current.child.signal(SIGTERM)
        run?.isSwept = true
        run?.killAt = now + Self.sweepTimeout
      } else if now >= current.killAt {
        current.child.signal(SIGKILL)
      }
      return
    }
    guardian?.watch(group: 0)
    run = nil
    if case .signalled(let number) = status, current.handedOn.contains(number) { stopSignal = number }
    decide(status, after: now - current.startedAt, wasStale: current.isKilledForSilence)
  }

  private mutating func decide(_ status: ChildStatus, after ran: Double, wasStale: Bool) {
    lastExitCode = status.code
    if stopSignal != nil {
      exitCode = status.code
      return
    }
    switch restarts.ended(status, after: ran, wasStale: wasStale) {
    case .end:
      if !status.isSuccess { Console.error("\(options.name): \(status)") }
      exitCode = status.code
    case .giveUp:
      Console.error("\(options.name): \(status); gave up after \(restarts.inARow) restarts in a row")
      exitCode = status.isSuccess ? 1 : status.code
    case .restart(let delay):
      Console.error("\(options.name): \(status) after \(seconds(ran)), restarting in \(seconds(delay))")
      restartAt = now + delay
    }
  }

  /// Writes a beat; false when that failed.
  private func beat() -> Bool {
    guard let run else { return true }
    var data: JSONObject = [
      "uptime_seconds": .number(((now - run.startedAt) * 1000).rounded() / 1000),
      "restarts_total": .integer(Int64(widening: restarts.restarts)),
    ]
    if let lastExitCode { data["last_exit_code"] = .integer(Int64(widening: lastExitCode)) }
    if let text = run.statusText { data["status_text"] = .string(text) }
    return beats.write(status: run.word, pid: run.mainPID, data: data)
  }
}

/// Seconds of the monotonic clock.
private var now: Double { Double(Clock.monotonicNanoseconds) / 1e9 }
