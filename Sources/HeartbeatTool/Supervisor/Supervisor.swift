internal import Glibc
internal import Heartbeat
internal import POSIX

/// Starts a program, beats for it while it works, hands signals on, restarts it: `heartbeat run`.
///
/// One thread that sleeps in `poll(2)`; every wake-up handles what arrived, then lets `advance` do what is due. It never waits for a file,
/// a lock, a reader of its log or an answer of the network: those have threads of their own.
struct Supervisor: ~Copyable {
  /// Seconds that the last beat has, once the program has ended.
  static let lastBeatPatience = 2.0
  /// Seconds that a job's end has to be told, in the place of these: nothing else tells of it later.
  static let lastEventPatience = 10.0
  /// Seconds that the last lines of the log have.
  static let logPatience = 0.5
  /// Seconds after a start at which the guardian is told for the first time which processes there are; then with each interval.
  static let firstRound = 1.0

  let options: SupervisorOptions
  let host: any SupervisorHost
  let rule: SignalRule
  let start: ChildStart
  /// What everything that the program starts has in its environment.
  let mark: String
  let manager: ServiceManagerRelay?
  var watchdog: ManagerWatchdog
  /// The run has said that it stops, and the service manager was not told: how long that may take.
  var untoldStop: StopGrace?

  /// Seconds of the host's clock at the last wake-up: one that lasts is not a part of what it decides.
  var now: Double
  var guardian: Guardian?
  var guardianDue = Double.infinity
  /// When the guardian is told anew which processes there are, and which it was told last.
  var roundDue = Double.infinity
  var charges: [pid_t] = []
  var restarts: RestartState
  var run: SupervisedRun?
  var runNumber = 0
  /// The last run that has ended.
  var former: FormerRun?
  var restartAt: Double?
  /// Somebody wants the program to end.
  var isStopping = false
  /// How all ends, and the last word about it; nil while it goes on.
  var ending: (end: SupervisorEnd, word: RunWord)?
  /// Unix time of the last sign of life.
  var lastSign: Double?
  /// The start of the job's run was told.
  var hasToldStart = false
  /// What the entry says now.
  var told: Told?
  /// What was said once and is not said again.
  var saidOnce: Set<String> = []

  /// What the run said that the service manager shows until it hears otherwise.
  var shown = Shown()

  struct Shown: Hashable {
    var hasStatus = false
    var isReloading = false

    mutating func told(_ message: NotifyMessage) {
      if let text = message.status { hasStatus = !text.isEmpty }
      if message.isReloading { isReloading = true }
      if message.isReady { isReloading = false }
    }

    /// What takes it back; nil when there is nothing.
    var word: String? {
      let words = (isReloading ? ["READY=1"] : []) + (hasStatus ? ["STATUS="] : [])
      return words.isEmpty ? nil : words.joined(separator: "\n")
    }
  }

  /// What is known of a run that is over.
  struct FormerRun {
    /// nil when none could be started.
    var pid: pid_t?
    var seconds = 0.0
    /// When the program ended.
    var endedAt: Double
    var end: ChildStatus
  }

  /// What makes a new entry when it changes.
  struct Told: Hashable {
    var word: RunWord
    var statusText: String?
    var isReady = false
    var pid: Int32?
  }

  /// Prepares everything but the program itself.
  init(_ options: SupervisorOptions, on host: any SupervisorHost) throws(Errno) {
    let mark = RunMark.new(supervisor: getpid())
    guardian = try host.guardian(mark: mark)
    rule = SignalRule(
      stopSignal: options.stopSignal, reloadSignal: options.reloadSignal, sharesTerminal: host.sharesTerminal,
      leadsSession: host.leadsSession)
    let manager = ServiceManager(options.environment, ownPID: getpid())
    self.manager = manager.socket.flatMap { socket -> ServiceManagerRelay? in
      do throws(Errno) {
        return try ServiceManagerRelay(socket)
      } catch {
        host.say("\(options.name): NOTIFY_SOCKET: \(socket) cannot be told anything: \(error)")
        return nil
      }
    }
    start = manager.start(
      options, notifySocket: host.notifySocket, mark: mark, ownsGroup: !host.sharesTerminal)
    self.options = options
    self.host = host
    now = host.now
    watchdog = ManagerWatchdog(manager.watchdog, at: host.now)
    self.mark = mark
    restarts = RestartState(options.policy)
  }

  /// Runs until the program has ended for good.
  ///
  /// - Returns: how this process is to end: with the program's exit status, or 128 + the signal that ended it, or of `SIGINT` itself; 127
  ///   when there is no such program, 126 when it cannot be run.
  mutating func supervise() -> SupervisorEnd {
    do throws(StartFailure) {
      try startProgram()
    } catch {
      noProgram(error)
      return leave(end(.exit(error.exitCode), .failed))
    }
    advance()
    while ending == nil {
      host.wait(timeout: nextDeadline - host.now)
      now = host.now
      handleStarts()
      handleSignals()
      handleChildren()
      handleNotifications()
      handleProbe()
      manager?.flush()
      advance()
      feedWatchdog()
    }
    guard let ending else { return leave(.exit(1)) }
    return leave(end(ending.end, ending.word))
  }

  /// Tells the last word.
  private mutating func end(_ end: SupervisorEnd, _ word: RunWord) -> SupervisorEnd {
    tellStopping()
    // The last word may take longer than the manager's watchdog waits, which nobody feeds meanwhile.
    if watchdog.nextFeed < .infinity { manager?.say("STOPPING=1") }
    tell(word, isSign: true)
    if !host.finishBeats(within: options.isJob ? Self.lastEventPatience : Self.lastBeatPatience) {
      say("the last beat (\(word.rawValue)) did not get through")
    }
    return end
  }

  private func leave(_ end: SupervisorEnd) -> SupervisorEnd {
    guardian?.dismiss()
    host.drainLog(within: Self.logPatience)
    return end
  }

  /// Starts the program anew.
  private mutating func startProgram() throws(StartFailure) {
    let (child, isPending) = try host.start(start)
    now = host.now
    if child.leadsGroup { guardian?.watch(group: child.pid) }
    runNumber += 1
    run = SupervisedRun(child, number: runNumber, isStarting: isPending, options, at: now)
    restartAt = nil
    told = nil
    roundDue = now + Self.firstRound
    // Its start is a sign of life; without one to wait for, the first beat is due now anyway.
    if run?.liveness.isUnproven == true { tellChange(isSign: true) }
  }

  /// Sends the program a signal.
  func signalProgram(_ number: Int32) {
    if let child = run?.child { host.signal(number, to: child) }
  }

  // MARK: What is due

  private var nextDeadline: Double {
    let behind = min(manager?.isBehind == true ? now + ServiceManagerRelay.retryPause : .infinity, watchdogDue)
    guard let run else { return min(restartAt ?? now, guardianDue, behind) }
    if let sweep = run.sweep { return min(sweep.nextLook, guardianDue, behind) }
    return min(run.nextDeadline(at: now), abandonDue, guardianDue, roundDue, behind)
  }

  private mutating func advance() {
    if now >= guardianDue { replaceGuardian() }
    tellStopping()
    guard ending == nil else { return }
    if let restartAt {
      guard now >= restartAt else { return }
      do throws(StartFailure) {
        try startProgram()
      } catch {
        failedToRestart(error)
      }
    }
    if now >= abandonDue, run?.status == nil { abandonProgram() }
    guard let run else { return }
    if let status = run.status { sweep(status) } else { lookAfterProgram() }
  }

  private mutating func lookAfterProgram() {
    if run?.grace.takeKill(at: now) == true {
      say("did not end in the time it has (--stop-timeout, \(seconds(options.stopTimeout))), killing it")
      killProgram()
    }
    if now >= roundDue { tellGuardian() }
    askProbe()
    lookWhetherStale()
    if run?.liveness.takeBeat(at: now, random: .random(in: 0...1)) == true {
      tellChange(isSign: true)
    } else if let run, told != run.told {
      tellChange(isSign: false)
    }
  }

  private mutating func lookWhetherStale() {
    guard let current = run else { return }
    guard current.liveness.isStale(at: now) else {
      if current.saidStale { say("is back") }
      run?.saidStale = false
      return
    }
    guard !current.saidStale else { return }
    run?.saidStale = true
    let isEnded = options.onStale == .restart && !isStopping
    say("hangs: \(current.silence(options, at: now))" + (isEnded ? "; ending it" : ""))
    if isEnded {
      run?.isKilledForSilence = true
      guard !current.isStarting else { return killProgram() }
      run?.grace.ask(at: now)
      endProgram(with: options.stopSignal)
    }
  }

  // MARK: What is told

  /// Tells how the program is.
  ///
  /// - Parameter isSign: whether it is a sign of life: else the time of the last one stays.
  mutating func tellChange(isSign: Bool) {
    guard let run else { return }
    told = run.told
    tell(run.word, isSign: isSign)
  }

  mutating func tell(_ word: RunWord, isSign: Bool) {
    let time = isSign ? Clock.realtime : lastSign ?? Clock.realtime
    lastSign = time
    guard !options.isJob else { return tellJob(at: time) }
    var report = RunReport(
      word: word, pid: run?.mainPID ?? former?.pid,
      uptimeSeconds: run.map { $0.duration(at: now) } ?? former.flatMap { $0.pid == nil ? nil : $0.seconds },
      restarts: restarts.restarts, lastEnd: former?.end, interval: run?.liveness.promisedInterval ?? options.interval)
    report.nextRestart = restartAt.map { Clock.realtime + max(0, $0 - now) }
    report.statusText = run?.statusText
    report.isReady = run?.isReady ?? false
    host.post(report.beat(options.name, time: time))
  }

  /// Tells of a job's run when it begins and when it has ended; nothing between them.
  private mutating func tellJob(at time: Double) {
    if ending == nil, run != nil {
      guard !hasToldStart else { return }
      hasToldStart = true
      return host.post(.job(options.name, JobEvent(.start, time: time), pid: run?.mainPID, time: time))
    }
    guard let former else { return }
    let end = JobEvent.Kind.end(
      exitCode: Int64(widening: former.end.code), isSuccess: options.policy.success.contains(former.end))
    let ended = time - max(0, now - former.endedAt)
    host.post(.job(options.name, JobEvent(end, time: ended, durationSeconds: former.seconds), time: time))
  }

  func say(_ text: String) {
    host.say("\(options.name): \(text)")
  }

  /// Says something that would be said again and again only once.
  mutating func sayOnce(_ text: String) {
    // What is said may depend on what others send.
    guard saidOnce.count < 100, saidOnce.insert(text).inserted else { return }
    say(text)
  }
}
