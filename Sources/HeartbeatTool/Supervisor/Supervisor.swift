internal import Glibc
internal import Heartbeat
internal import POSIX

/// Starts a program, beats for it while it works, hands signals on, restarts it: `heartbeat run`.
///
/// One thread that sleeps in `poll(2)`; every wake-up handles what arrived, then lets `advance` do what is due. What it
/// does to the world, and hears of it, goes through its host.
struct Supervisor<Host: SupervisorHost & ~Copyable>: ~Copyable {
  /// Seconds that what the program left behind gets between `SIGTERM` and `SIGKILL`.
  static var sweepTimeout: Double { 2 }

  let options: SupervisorOptions
  private let host: Host

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

  /// Starts nothing yet.
  init(_ options: SupervisorOptions, on host: consuming Host) {
    self.options = options
    self.host = host
    restarts = RestartState(options.policy)
  }

  /// Runs until the program has ended for good.
  ///
  /// - Returns: its exit status, or 128 + the signal that ended it; 127 when there is no such program, 126 when it
  ///   cannot be run.
  mutating func supervise() -> Int32 {
    if let error = start() {
      host.tell("cannot run \(options.command.first ?? ""): \(error)")
      return error.rawValue == ENOENT ? 127 : 126
    }
    while exitCode == nil {
      host.wait(seconds: nextDeadline - host.now)
      handleSignals()
      handleNotifications()
      handleProbe()
      advance()
    }
    return exitCode ?? 1
  }

  private mutating func start() -> Errno? {
    let child: ChildProcess
    do throws(Errno) {
      child = try host.start()
    } catch {
      return error
    }
    let now = host.now
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
    while let signal = host.nextSignal() {
      if signal.number != SIGCHLD { handOn(signal) }
    }
    while let ended = host.nextEnded() {
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
      host.signal(child, SIGKILL)
      return
    }
    if stops {
      stopSignal = signal.number
      run?.killAt = host.now + options.stopTimeout
    }
    run?.handedOn.insert(signal.number)
    // The terminal has sent it to the whole foreground group already.
    if child.leadsGroup || !signal.isFromTerminal { host.signal(child, signal.number) }
  }

  private mutating func handleNotifications() {
    for message in host.notifications() where run?.status == nil {
      run?.vitality.notified(message, at: host.now)
      if let pid = message.mainPID { run?.mainPID = pid }
      if let text = message.status { run?.statusText = text.isEmpty ? nil : text }
      if message.isReady { run?.word = "alive" }
      if message.isReloading { run?.word = "reloading" }
      if message.isStopping { run?.word = "stopping" }
    }
  }

  private mutating func handleProbe() {
    while let answer = host.nextProbeAnswer() {
      guard answer.run == runNumber, run != nil else { continue }
      run?.vitality.probed(answer.isPositive, at: host.now)
      if let next = run?.vitality.nextProbe(after: host.now) { run?.nextProbe = next }
    }
  }

  // MARK: What is due

  private var nextDeadline: Double {
    let now = host.now
    guard let run else { return restartAt ?? now }
    // What is left of an ended program is looked at ten times a second.
    if run.status != nil { return now + 0.1 }
    let stale = run.saidStale ? .infinity : run.vitality.staleAt
    return min(run.vitality.nextBeat(at: now), run.killAt, run.nextProbe, stale)
  }

  private mutating func advance() {
    guard exitCode == nil else { return }
    if let restartAt {
      guard host.now >= restartAt else { return }
      if let error = start() {
        host.tell("\(options.name): cannot be started: \(error)")
        decide(.exited(127), after: 0, wasStale: false)
      }
      return
    }
    guard let current = run else { return }
    if let status = current.status {
      sweep(current, status)
    } else {
      look(after: current)
    }
  }

  private mutating func look(after current: Run) {
    let now = host.now
    if now >= current.killAt {
      host.tell("\(options.name): did not end within \(seconds(options.stopTimeout)), killing it")
      host.signal(current.child, SIGKILL)
      run?.killAt = .infinity
    }
    if now >= current.nextProbe {
      // Asked once; the next time is set when the answer is there.
      run?.nextProbe = host.askProbe(run: runNumber) ? .infinity : now + options.interval
    }
    if current.vitality.isStale(at: now) {
      becomeStale(current)
    } else if current.saidStale {
      host.tell("\(options.name): is back")
      run?.saidStale = false
    }
    if run?.vitality.takeBeat(at: now) ?? false, !beat() { run?.vitality.beatFailed(at: now) }
  }

  private mutating func becomeStale(_ current: Run) {
    guard !current.saidStale else { return }
    run?.saidStale = true
    let restarts = options.onStale == .restart && stopSignal == nil
    host.tell("\(options.name): hangs: no answer in time" + (restarts ? ", ending it" : ""))
    if restarts {
      run?.isKilledForSilence = true
      run?.killAt = host.now + options.stopTimeout
      host.signal(current.child, SIGTERM)
    }
  }

  /// The program has ended: ends what it left in its group, then decides what comes next.
  private mutating func sweep(_ current: Run, _ status: ChildStatus) {
    let now = host.now
    if host.hasGroup(current.child) {
      if !current.isSwept {
        host.signal(current.child, SIGTERM)
        run?.isSwept = true
        run?.killAt = now + Self.sweepTimeout
      } else if now >= current.killAt {
        host.signal(current.child, SIGKILL)
      }
      return
    }
    host.everythingEnded()
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
      if !status.isSuccess { host.tell("\(options.name): \(status)") }
      exitCode = status.code
    case .giveUp:
      host.tell("\(options.name): \(status); gave up after \(restarts.inARow) restarts in a row")
      exitCode = status.isSuccess ? 1 : status.code
    case .restart(let delay):
      host.tell("\(options.name): \(status) after \(seconds(ran)), restarting in \(seconds(delay))")
      restartAt = host.now + delay
    }
  }

  /// Writes a beat; false when that failed.
  private func beat() -> Bool {
    guard let run else { return true }
    var data: JSONObject = [
      "uptime_seconds": .number(((host.now - run.startedAt) * 1000).rounded() / 1000),
      "restarts_total": .integer(Int64(widening: restarts.restarts)),
    ]
    if let lastExitCode { data["last_exit_code"] = .integer(Int64(widening: lastExitCode)) }
    if let text = run.statusText { data["status_text"] = .string(text) }
    return host.beat(status: run.word, pid: run.mainPID, data: data)
  }
}
