internal import Glibc

// The end of a run: what it left behind is ended, then it is decided what comes next.

extension Supervisor {
  mutating func sweep(_ status: ChildStatus) {
    guard let current = run else { return }
    if let probe = current.probeChild?.process { host.signal(SIGKILL, to: probe) }
    let left = leftovers()
    if !left.isEmpty || host.hasGroup(current.child) {
      var sweep = current.sweep ?? Sweep()
      let step = sweep.step(at: now, until: current.grace.until)
      run?.sweep = sweep
      switch step {
      case .wait: return
      case .ask: return askLeftovers(left, current)
      case .kill: return killLeftovers(left, current)
      case .giveUp:
        say("what it left behind cannot be ended: \(left.prefix(10).map(String.init).joined(separator: " "))")
      }
    }
    guardian?.watch(group: 0)
    if let failure = current.startFailure { return failedToStart(failure) }
    let (seconds, endedAt) = (current.duration(at: now), current.endedAt ?? now)
    former = FormerRun(pid: current.mainPID, seconds: seconds, endedAt: endedAt, end: status)
    run = nil
    // Who ends it by a signal through us wants it to end; we ourselves, because it hung, do not.
    if !current.isKilledForSilence, let number = status.signal, let at = current.handedOn[number],
      endedAt - at < Self.handedOnFor
    {
      isStopping = true
    }
    decide(status, after: seconds, wasStale: current.isKilledForSilence)
  }

  /// A start that took longer has failed after all.
  private mutating func failedToStart(_ failure: StartFailure) {
    run = nil
    guard runNumber == 1 else { return failedToRestart(failure) }
    noProgram(failure)
    ending = (.exit(failure.exitCode), isStopping ? .stopped : .failed)
  }

  /// There is nothing to supervise. Mostly it is a slip of the pen, which no restart mends; what an earlier run has left must not look alive.
  mutating func noProgram(_ failure: StartFailure) {
    host.say("cannot run \(String(decoding: options.command.first ?? [], as: UTF8.self)): \(failure)")
    former = FormerRun(endedAt: now, end: .exited(failure.exitCode))
  }

  mutating func failedToRestart(_ failure: StartFailure) {
    say("cannot be started: \(failure)")
    former = FormerRun(pid: former?.pid, endedAt: now, end: .exited(failure.exitCode))
    decide(.exited(failure.exitCode), after: 0, wasStale: false)
  }

  /// Kills the program.
  mutating func killProgram() {
    signalProgram(SIGKILL)
    if run?.killedAt == nil { run?.killedAt = now }
  }

  /// When all ends without the program's end: where that is wanted, and not even SIGKILL has brought it.
  var abandonDue: Double { isStopping ? run?.abandonedAt ?? .infinity : .infinity }

  /// Goes on as if the program had ended: it becomes one of those that it leaves behind.
  mutating func abandonProgram() {
    run?.end(.signalled(SIGKILL), at: now)
    run?.sweep = .killing(at: now)
  }

  /// Everything below us: what lost its parent has come to us, whatever its session.
  private func leftovers() -> [pid_t] {
    let own: Set<pid_t> = guardian.map { [$0.pid] } ?? []
    return host.descendants(but: own).filter { host.state(of: $0)?.isZombie == false }
  }

  /// Asks what is left to end, but for what was asked with the program: whoever drains may take a second word for a wish to hurry.
  private func askLeftovers(_ left: [pid_t], _ current: SupervisedRun) {
    guard current.grace.isAsked else { return signalLeftovers(left, current, [SIGTERM, SIGCONT]) }
    for pid in left where !current.asked.contains(pid) {
      for number in [SIGTERM, SIGCONT] { host.signal(number, to: pid) }
    }
  }

  /// Notes who is asked to end with the program. Not who ignores that: what a shell starts in the background is not told by Ctrl-C.
  ///
  /// - Parameter isByTerminal: the terminal has told the whole group; else the supervisor tells the one that the program leads, if any.
  mutating func noteAsked(by number: Int32, isByTerminal: Bool) {
    guard let current = run else { return }
    run?.asked.insert(current.mainPID)
    guard isByTerminal || current.child.leadsGroup else { return }
    let group = host.group(of: current.child.pid)
    let own: Set<pid_t> = guardian.map { [$0.pid] } ?? []
    run?.asked.formUnion(
      host.descendants(but: own).filter {
        host.group(of: $0) == group && host.state(of: $0)?.ignores(number) == false
      })
  }

  /// Rounds of killing without a pause between them: what forks faster than it is killed is met by chance.
  static let killRounds = 50

  private mutating func killLeftovers(_ found: [pid_t], _ current: SupervisedRun) {
    var left = found
    for _ in 0..<Self.killRounds where !left.isEmpty {
      signalLeftovers(left, current, [SIGKILL])
      handleChildren()
      left = leftovers()
    }
  }

  private func signalLeftovers(_ left: [pid_t], _ current: SupervisedRun, _ numbers: [Int32]) {
    for number in numbers {
      if host.hasGroup(current.child) { host.signal(number, to: current.child) }
      for pid in left { host.signal(number, to: pid) }
    }
  }

  mutating func decide(_ status: ChildStatus, after ran: Double, wasStale: Bool) {
    let end: SupervisorEnd = status == .signalled(SIGINT) ? .interrupted : .exit(status.code)
    if isStopping {
      ending = (end, .stopped)
      return
    }
    switch restarts.ended(status, after: ran, wasStale: wasStale, at: now, random: .random(in: 0...1)) {
    case .end:
      let isGood = options.policy.success.contains(status)
      if !isGood { say("\(status)") }
      ending = (end, isGood ? .stopped : .failed)
    case .giveUp:
      say("\(status); gave up \(restarts.exhausted)")
      ending = (status.isSuccess ? .exit(1) : end, .failed)
    case .restart(let delay):
      restartAt = now + delay
      forgetRun()
      say("\(status) after \(seconds(ran)), restarting in \(seconds(delay)) (restart \(restarts.restarts))")
      tell(.restarting, isSign: false)
    }
  }
}
