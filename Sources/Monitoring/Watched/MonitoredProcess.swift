internal import Heartbeat
internal import POSIX

/// What is known of a job, where it takes no room in those that are none.
private final class HeldJob: Sendable {
  let job: MonitoredJob

  init(_ job: MonitoredJob) { self.job = job }
}

/// One process that is watched: it beats, or it did, or it is configured.
public struct MonitoredProcess: Sendable {
  /// Where its name lies in the texts.
  public internal(set) var name: Range<Int>
  /// Where what its watcher made of its name lies in the labels.
  public internal(set) var labels: Range<Int>
  /// Its place in the snapshot; nil where the file does not have it.
  public internal(set) var entry: Int?
  /// Its place in the configuration; nil where only the file knows it.
  public internal(set) var configured: Int?
  /// Unix time of its last beat; nil when it never beat.
  public internal(set) var lastHeartbeat: Double? {
    didSet { lastMicroseconds = MonitoredProcess.microseconds(lastHeartbeat) }
  }
  /// The same in whole microseconds, if that is exact enough.
  private var lastMicroseconds: Int64?
  /// When the last beat was seen to change.
  var seen: Moment
  /// It was seen to beat: another beat came while it was watched, whatever the times of the beats say.
  private var wasSeenToBeat = false
  /// Seconds between the last two beats that were seen; nil before there were two.
  public private(set) var interval: Double?
  /// How many intervals one after the other were tight, up to `lastingTightness`.
  private var tightIntervals = 0
  /// Age in seconds from which it is silent; infinite for a job, which does not beat.
  public internal(set) var timeout: Double
  /// Age in seconds from which its source says that it is silent; nil when that says nothing.
  public internal(set) var sourceTimeout: Double?
  /// Seconds between two beats as it means to beat; nil when it does not say so.
  public internal(set) var declaredInterval: Double?
  /// The pid that it reports.
  public internal(set) var reportedPid: Int32?
  /// Where its status word lies in the texts; nil when it has none.
  public internal(set) var status: Range<Int>?
  /// Where the name of the host lies that its beats name, in the texts; nil when they name none.
  public internal(set) var host: Range<Int>?
  /// The beat came from another host: nothing of the local /proc is said of it.
  public internal(set) var isRemote = false
  /// Its last word says that it ended.
  public internal(set) var saidStopped = false
  /// When its entry was missed; nil while the file has it, or never had.
  var vanished: Moment?
  /// Its figures are those of its whole tree.
  public internal(set) var children: Bool
  /// How it does as a job; nil when it is none.
  public internal(set) var job: MonitoredJob? {
    get { heldJob?.job }
    set { heldJob = newValue.map(HeldJob.init) }
  }
  /// It takes more memory than all the rest, and most processes are no job.
  private var heldJob: HeldJob?
  /// Since when it is watched.
  private(set) var watched: Moment
  /// It came while others were watched already.
  var isNew: Bool
  /// Why it was found not to be there, since its last beat; nil before, and where it was not looked for since it was there.
  private var ended: Existence.Absence?
  /// How it did when it was last judged; nil before.
  public internal(set) var verdict: Verdict?
  /// Unix time since which it is in its state, as far as that was seen.
  public internal(set) var since: Double?

  init(
    name: Range<Int>, labels: Range<Int>, configured: Int?, timeout: Double, children: Bool, isNew: Bool, seen: Moment
  ) {
    self.name = name
    self.labels = labels
    self.configured = configured
    self.timeout = timeout
    self.children = children
    self.isNew = isNew
    self.seen = seen
    watched = seen
  }

  /// Whether it is a job.
  public var isJob: Bool { heldJob != nil }

  /// The pid that it reports, unless the beat comes from another host, or no kernel gives such a pid.
  public var pid: Int32? {
    isRemote ? nil : reportedPid.flatMap { $0 <= HeartbeatSnapshot.maximumPid ? $0 : nil }
  }

  /// Seconds since the last beat, to the microsecond: more digits would be noise of the subtraction.
  public func age(at now: Double) -> Double? {
    guard let lastHeartbeat else { return nil }
    return MonitoredProcess.toTheMicrosecond(now - lastHeartbeat)
  }

  private static func toTheMicrosecond(_ seconds: Double) -> Double {
    seconds.magnitude < 1e9 ? (seconds * 1e6).rounded() / 1e6 : seconds
  }

  /// The age by which it is judged: where somebody has set the clock since the beat was seen, that which has passed.
  private func judgedAge(at now: Moment) -> Double? {
    guard let age = age(at: now.time) else { return nil }
    // A beat from the future says so, whoever has set the clock.
    guard age >= -Facts.clockTolerance, now.isOfAnotherClock(than: seen), let beaten else { return age }
    return now.passed(since: beaten)
  }

  /// When its last beat was, as far as nobody can have set the clock since it was seen; nil when it never beat.
  ///
  /// Who was seen to beat did so then. Its beat may say another time: by a clock that is wrong, or by an old file in the place of the new.
  var beaten: Moment? { lastHeartbeat.map { wasSeenToBeat ? seen : seen.before(max(0, seen.time - $0)) } }

  /// The age in whole microseconds; nil when there is none or it is far beyond all that is exact to the microsecond.
  ///
  /// - Parameter now: Unix time in microseconds.
  public func age(atMicroseconds now: Int64) -> Int64? {
    lastMicroseconds.map { now &- $0 }
  }

  /// A time in whole microseconds; nil where a double tells no microseconds apart.
  public static func microseconds(_ time: Double?) -> Int64? {
    guard let time, time.magnitude < 4e9 else { return nil }
    return Int64(clamping: (time * 1e6).rounded())
  }

  /// Whether the last beat is younger than the timeout, and not from the future.
  public func isAlive(at now: Double) -> Bool {
    guard let age = age(at: now) else { return false }
    return age >= -Facts.clockTolerance && age < timeout
  }

  /// What its state follows from.
  ///
  /// - Parameter existence: what the kernel says of it now.
  func facts(at now: Moment, _ existence: Existence) -> Facts {
    Facts(
      age: judgedAge(at: now), ageSinceSeen: now.passed(since: seen), timeout: timeout, existence: existence,
      saidStopped: saidStopped, hasVanished: vanished != nil, job: job?.facts(at: now))
  }

  /// Of the timeout, the part that beats may take from one to the next: beyond it a little delay makes an alarm.
  public static let tightInterval = 0.7

  /// So many tight intervals one after the other are no accident.
  static let lastingTightness = 3

  /// Whether the last interval took so much of the timeout that a little delay makes an alarm; nil before there is one.
  public var isTight: Bool? { interval.map { MonitoredProcess.isTight(interval: $0, timeout: timeout) } }

  /// Whether an interval leaves little room in a timeout, both in seconds.
  public static func isTight(interval: Double, timeout: Double) -> Bool { interval > tightInterval * timeout }

  /// Whether it always beats so seldom: one long pause says nothing of the next ones.
  public var isAlwaysTight: Bool { tightIntervals >= MonitoredProcess.lastingTightness }

  private mutating func noteInterval(from before: Double, _ seenBefore: Moment, to last: Double, _ seen: Moment) {
    // Between the times of two clocks lies how far the one was set.
    guard last > before, !seen.isOfAnotherClock(than: seenBefore) else { return }
    // As with an age, more digits would be noise.
    interval = MonitoredProcess.toTheMicrosecond(last - before)
    tightIntervals = isTight == true ? min(tightIntervals + 1, MonitoredProcess.lastingTightness) : 0
  }

  /// Notes what was found of it, or that a look did not come to it.
  ///
  /// What ended does not come back for the same beat and the same pid: a look that is cut short does not bring it back to life.
  ///
  /// - Parameter found: nil where the look did not come to it.
  /// - Returns: what is known of it now.
  mutating func noteExistence(_ found: Existence?) -> Existence {
    guard let found else { return ended.map { .no($0) } ?? .unknown }
    ended = found.absence
    return found
  }

  /// Notes that what it looks like may be another thing now: what was found before says nothing.
  mutating func forgetEnd() { ended = nil }

  /// Takes over the pid that it reports.
  mutating func notePid(_ pid: Int32?) {
    if pid != reportedPid { ended = nil }
    reportedPid = pid
  }

  /// Notes a beat.
  mutating func noteBeat(_ last: Double, at now: Moment) {
    guard let before = lastHeartbeat, last != before else { return }
    noteInterval(from: before, seen, to: last, now)
    seen = now
    wasSeenToBeat = true
    ended = nil
    lastHeartbeat = last
  }

  /// Goes on with what was seen of the same process before.
  mutating func goOn(from old: MonitoredProcess) {
    verdict = old.verdict
    since = old.since
    isNew = old.isNew
    watched = old.watched
    interval = old.interval
    tightIntervals = old.tightIntervals
    job = old.job
    if lastHeartbeat == old.lastHeartbeat, pid == old.pid, isRemote == old.isRemote { ended = old.ended }
    // The first beat of one that was never seen is seen now.
    guard let last = lastHeartbeat, let before = old.lastHeartbeat else { return }
    if before == last {
      seen = old.seen
      wasSeenToBeat = old.wasSeenToBeat
    } else {
      wasSeenToBeat = true
      noteInterval(from: before, old.seen, to: last, seen)
    }
  }
}
