internal import Glibc

// What the service manager above hears: it watches one service, of which a run of the program is a part.

extension Supervisor {
  /// Whether another run may follow this one, so that its end is not the service's.
  private var mayStartAgain: Bool {
    !isStopping && ending == nil && (options.policy.mode != .no || options.onStale == .restart)
  }

  /// Hands on what the program said.
  mutating func relay(_ parcel: NotifyParcel, _ message: NotifyMessage) {
    guard let manager, run != nil else { return }
    var unsaid: NotifyMessage.Unsaid = options.onStale == .ignore ? [] : .trigger
    if message.isStopping, mayStartAgain {
      unsaid.insert(.stopping)
      var grace = untoldStop ?? StopGrace(timeout: options.stopTimeout)
      grace.ask(at: now)
      untoldStop = grace
    }
    if let more = message.extensionSeconds { untoldStop?.extend(by: more, at: now) }
    watchdog.told(message, at: now)
    shown.told(message)
    let bytes = NotifyMessage.relayed(parcel.bytes, supervisor: getpid(), leavingOut: unsaid)
    if let bytes { manager.send(bytes, parcel.descriptors) }
  }

  /// Tells what was held back, once it is the service's end after all.
  mutating func tellStopping() {
    guard let manager, untoldStop != nil, !mayStartAgain else { return }
    untoldStop = nil
    manager.say("STOPPING=1")
  }

  /// The run is over, and another one follows: what it said of itself holds no more.
  mutating func forgetRun() {
    untoldStop = nil
    if let word = shown.word { manager?.say(word) }
    shown = Shown()
    if let word = watchdog.endRun(at: now) { manager?.say(word) }
  }

  /// When the watchdog is to be fed in the program's place; never while that can do it.
  var watchdogDue: Double { standsIn ? watchdog.nextFeed : .infinity }

  /// Feeds the watchdog while no program can.
  mutating func feedWatchdog() {
    guard let manager, standsIn, let word = watchdog.takeFeed(at: now) else { return }
    manager.say(word)
  }

  /// From the end of a run, or its end for a hang, until the next one feeds the watchdog itself: a start takes its time, but not for ever.
  /// And while a run stops of which the manager does not know that: of one that it knows to stop it would not watch that.
  private var standsIn: Bool {
    guard manager != nil, ending == nil else { return false }
    guard let run, run.status == nil, !run.isKilledForSilence else { return true }
    if let until = untoldStop?.killAt, now < until { return true }
    return runNumber > 1 && !run.liveness.hasPinged && now < run.liveness.startLimit
  }
}
