internal import Glibc
internal import POSIX

// What arrives: signals, news of children, messages of the program, answers of the probe.

extension Supervisor {
  /// A signal that was handed on longer ago than so many seconds has nothing to do with an end by it.
  static let handedOnFor = 10.0
  /// Seconds that the beat of a suspension has before the supervisor is suspended itself.
  static let suspensionPatience = 0.3

  mutating func handleSignals() {
    while let signal = host.nextSignal() {
      let action = rule.action(for: signal, isStopping: isStopping, ownPID: getpid())
      if let run, run.status == nil {
        apply(action, signal)
      } else {
        applyBetweenRuns(action, signal)
      }
      if signal.number == SIGCONT { run?.liveness.resumedSupervisor(at: now) }
    }
  }

  private mutating func apply(_ action: SignalAction, _ signal: ReceivedSignal) {
    if run?.isStarting == true, holds(action, signal) { return }
    switch action {
    case .nothing: return
    case .handOn(let number):
      handOn(number, value: number == signal.number ? signal.value : nil)
    case .noted(let number): run?.handedOn[number] = now
    case .end(let number):
      isStopping = true
      run?.grace.ask(at: now)
      endProgram(with: number)
    case .endWithoutWord:
      isStopping = true
      run?.grace.ask(at: now)
      noteAsked(by: signal.number, isByTerminal: true)
      run?.handedOn[signal.number] = now
    case .kill:
      killProgram()
      // It is not to end in good order any more.
      run?.grace.hurry()
    case .resume:
      if let child = run?.child, host.state(of: child.pid)?.isSuspended == true { host.signal(SIGCONT, to: child) }
    }
  }

  /// Deals with a signal while the program's start is not over; false when that is over after all.
  ///
  /// What is not the program yet has its signals blocked, and dies of what it was sent when it lets them in. There is nothing to lose by
  /// killing it.
  private mutating func holds(_ action: SignalAction, _ signal: ReceivedSignal) -> Bool {
    handleStarts()
    guard let current = run, current.isStarting else { return false }
    // The program cannot be seen to stop, and the shell waits for that.
    if Self.suspending.contains(signal.number), host.sharesTerminal {
      suspendBetweenRuns()
      return true
    }
    switch action {
    case .nothing: return false
    case .end, .endWithoutWord, .kill:
      isStopping = true
      run?.stoppedAtStart = current.stoppedAtStart ?? signal.number
      killProgram()
    // What the terminal sent waits for the program, too: it may die of it much later.
    case .handOn, .resume, .noted:
      run?.hold(action, signal)
    }
    return true
  }

  mutating func handleStarts() {
    while let (pid, failure) = host.nextStart() {
      if let failure {
        if pid == run?.child.pid { run?.startFailure = failure }
        if pid == run?.probeChild?.process.pid { run?.probeChild?.startFailure = failure }
      } else if pid == run?.child.pid, run?.status == nil, run?.killedAt == nil {
        run?.started(options, at: now)
        for held in run?.takeHeldSignals() ?? [] { apply(held.action, held.signal) }
      }
    }
  }

  /// There is nobody to hand it on to.
  private mutating func applyBetweenRuns(_ action: SignalAction, _ signal: ReceivedSignal) {
    switch action {
    case .end, .endWithoutWord: isStopping = true
    case .kill:
      isStopping = true
      run?.sweep?.hurry(at: now)
    default:
      if Self.suspending.contains(signal.number), host.sharesTerminal { return suspendBetweenRuns() }
      guard rule.endsWait(signal, ownPID: getpid()) else { return }
      isStopping = true
    }
    if run == nil {
      ending = (signal.number == SIGINT ? .interrupted : .exit(128 + signal.number), .stopped)
      restartAt = nil
    }
  }

  private static let suspending: Set<Int32> = [SIGTSTP, SIGTTIN, SIGTTOU]

  /// Ctrl-Z is for the whole job, also while it has no program that could be seen to be suspended.
  private mutating func suspendBetweenRuns() {
    host.settleBeats(within: Self.suspensionPatience)
    host.suffer(SIGTSTP)
    now = host.now
  }

  /// Signals that a terminal sends to all of a job, and that mean all of it from elsewhere too.
  private static let ofJob: Set<Int32> = [SIGTSTP, SIGCONT]

  /// Hands a signal on to the main process alone, as if it had been sent to it: a server that is to read its configuration anew deals
  /// with its workers itself, and those may die of what it lives by.
  private mutating func handOn(_ number: Int32, value: Int32?) {
    guard let current = run else { return }
    guard !Self.ofJob.contains(number) else { return signalAll(number) }
    let main = host.hasDescendant(current.mainPID) ? current.mainPID : current.child.pid
    if let value { host.queue(number, value: value, to: main) } else { host.signal(number, to: main) }
    run?.handedOn[number] = now
  }

  private mutating func signalAll(_ number: Int32) {
    guard let current = run else { return }
    host.signal(number, to: current.child)
    // A main process that the program named by MAINPID= may be in another group.
    let main = current.mainPID
    if main != current.child.pid, host.group(of: main) != (current.child.leadsGroup ? current.child.pid : -1),
      host.hasDescendant(main)
    {
      host.signal(number, to: main)
    }
    run?.handedOn[number] = now
  }

  /// Asks the program to end, with all of its group: a shell that has started it may hand on nothing. One that is suspended could not
  /// hear it.
  mutating func endProgram(with number: Int32) {
    noteAsked(by: number, isByTerminal: false)
    signalAll(number)
    signalAll(SIGCONT)
  }

  mutating func handleChildren() {
    while let (pid, change) = host.nextChange() {
      switch change {
      case .ended(let status):
        if pid == guardian?.pid {
          // Its number is free: nobody is to be killed by it.
          guardian = nil
          guardianDue = now
        }
        // What it said before its end: that it was no program yet.
        handleStarts()
        if pid == run?.child.pid { run?.end(status, at: now) }
        if let probe = run?.probeChild, pid == probe.process.pid {
          run?.probeChild = nil
          // Of a program that has ended it says nothing, and we may have killed it for that.
          if run?.status == nil, probe.deadline < .infinity { probeAnswered(probe.answer(status)) }
        }
      case .suspended(let number):
        if pid == run?.child.pid { programSuspended(by: number) }
      case .resumed:
        if pid == run?.child.pid { run?.liveness.resumed(at: now) }
      }
    }
  }

  private mutating func programSuspended(by number: Int32) {
    run?.liveness.suspended()
    guard host.sharesTerminal else { return }
    // The shell is to see that its job is suspended, as if the program were its own child. Where there is no shell that could resume us,
    // the kernel lets SIGTSTP do nothing, SIGSTOP it would not.
    tellChange(isSign: false)
    host.settleBeats(within: Self.suspensionPatience)
    host.suffer(number == SIGSTOP ? SIGTSTP : number)
    now = host.now
  }

  /// The guardian was killed: somebody else has to watch.
  mutating func replaceGuardian() {
    guardianDue = .infinity
    do throws(Errno) {
      let next = try host.guardian(mark: mark)
      if let run, run.child.leadsGroup { next?.watch(group: run.child.pid) }
      guardian = next
      charges = []
      tellGuardian()
      say("the guardian was ended; there is a new one")
    } catch {
      sayOnce("there is no guardian: \(error); trying again")
      guardianDue = now + 1
    }
  }

  /// Tells the guardian which processes there are: it would not find one that left the group and cleared its environment.
  mutating func tellGuardian() {
    roundDue = now + max(options.interval, Self.firstRound)
    guard let guardian, run != nil else { return }
    let found = host.descendants(but: [guardian.pid]).sorted()
    guard found != charges else { return }
    charges = found
    guardian.watch(found)
  }

  // MARK: sd_notify

  mutating func handleNotifications() {
    var left = NotifySocket.batch
    while left > 0, let parcel = host.nextNotification() {
      left -= 1
      guard isFromProgram(parcel) else {
        sayOnce(
          "a message by sd_notify of the user \(parcel.user) is left out: it is neither the program's user, nor of a process below it"
        )
        continue
      }
      guard !parcel.isCut else {
        sayOnce(
          "a message by sd_notify is left out: it has more than \(NotifyMessage.longestMessage) bytes or too many files"
        )
        continue
      }
      let message = NotifyMessage(parcel.bytes)
      relay(parcel, message)
      lengthenEnd(message)
      if run?.status == nil { notified(message) }
    }
  }

  /// More time to end is for what the program left behind too: a worker that drains when its shell is gone, say.
  private mutating func lengthenEnd(_ message: NotifyMessage) {
    guard let more = message.extensionSeconds, let current = run else { return }
    run?.grace.extend(by: more, at: now, stopsByItself: current.saidStopping || message.isStopping)
    run?.sweep?.extend(by: more, at: now)
  }

  private func isFromProgram(_ parcel: NotifyParcel) -> Bool {
    [0, geteuid(), options.user?.id].contains(parcel.user) || parcel.sender > 0 && host.hasDescendant(parcel.sender)
  }

  private mutating func notified(_ message: NotifyMessage) {
    run?.liveness.notified(message, at: now)
    if let text = message.status { run?.statusText = text.isEmpty ? nil : text }
    if message.isWatchdogTrigger { run?.saidTrigger = true }
    if message.isReloading { run?.isReloading = true }
    if message.isStopping { run?.saidStopping = true }
    if message.isReady {
      run?.isReady = true
      run?.isReloading = false
    }
    guard let pid = message.mainPID, pid != run?.mainPID else { return }
    if pid == run?.child.pid || host.hasDescendant(pid) {
      run?.mainPID = pid
    } else {
      sayOnce("MAINPID=\(pid) is left out: no such process is below it")
    }
  }

  // MARK: Probe

  mutating func askProbe() {
    guard let probe = options.probe, let current = run else { return }
    if let probe = current.probeChild, now >= probe.deadline {
      host.signal(SIGKILL, to: probe.process)
      run?.probeChild?.deadline = .infinity
      // Now, not at its end: a disk that hangs may keep that from it.
      return probeAnswered(Probe.noAnswer)
    }
    guard now >= current.nextProbe else { return }
    // One that cannot end is answer enough.
    guard current.probeChild == nil else { return probeAnswered(Probe.noAnswer) }
    // Asked once; the next time is set when the answer is there.
    run?.nextProbe = .infinity
    switch probe.target {
    case .command(let command): startProbeCommand(command)
    default:
      if !host.ask(probe, run: current.number) { run?.nextProbe = now + options.interval }
    }
  }

  private mutating func startProbeCommand(_ command: String) {
    var asked = start
    asked.command = ["/bin/sh", "-c", command].map { Array($0.utf8) }
    asked.ownsGroup = true
    asked.isQuiet = true
    asked.inheritsSockets = false
    do throws(StartFailure) {
      run?.probeChild = SupervisedRun.ProbeChild(process: try host.start(asked).child, deadline: now + Probe.timeout)
    } catch {
      probeAnswered(.fails("cannot be run: \(error)"))
    }
  }

  mutating func handleProbe() {
    while let (number, answer) = host.nextProbeAnswer() {
      if number == run?.number, run?.status == nil { probeAnswered(answer) }
    }
  }

  private mutating func probeAnswered(_ answer: Probe.Answer) {
    guard let probe = options.probe, let current = run else { return }
    let isFirst = current.liveness.isUnproven
    run?.liveness.probed(answer == .works, at: now)
    if let next = run?.liveness.nextProbe(after: now) { run?.nextProbe = next }
    run?.probeFailure = answer.reason
    guard let reason = answer.reason else {
      if current.saidOfProbe != nil { say("the probe \(probe) is answered") }
      run?.saidOfProbe = nil
      return
    }
    // That nobody listens yet is usual at a start, that something else is wrong is not.
    if case .absent = answer, isFirst, now < current.startedAt + options.timeout / 2 { return }
    guard reason != current.saidOfProbe else { return }
    run?.saidOfProbe = reason
    say("the probe \(probe) fails: \(reason)")
  }
}
