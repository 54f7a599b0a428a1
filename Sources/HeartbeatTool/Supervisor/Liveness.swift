internal import POSIX

/// What tells that the program works, not only exists: answers to the probe, pings of its own watchdog, or, when it has
/// neither, that it runs. Times are seconds of one monotonic clock; pure.
struct Liveness: Sendable {
  /// Pings closer together than this make one beat.
  static let shortestInterval = 1.0
  /// The part of an interval by which a beat may come early, so that programs with the same phase part.
  static let jitter = 0.05

  let interval: Double
  let timeout: Double
  let hasProbe: Bool
  /// After so many seconds without a first ping, or first answer, it counts as hung; nil when a first ping is not expected, and
  /// `timeout` holds for the first answer.
  let startTimeout: Double?
  /// Which part of an interval lies between the first beat and the second one, 0...1: programs that start together do not beat in step.
  let phase: Double
  private(set) var isSuspended = false
  private var startedAt: Double
  /// Its start is not over.
  private var isStarting: Bool
  private var startExtendedTo = -Double.infinity
  private var answeredAt: Double?
  private var pingedAt: Double?
  /// Silence counts from here when the program, or its supervisor, was suspended until then.
  private var resumedAt = -Double.infinity
  private var lastBeat: Double?
  /// When the next beat of a program that nothing but its running, or its probe, vouches for is due.
  private var due: Double
  private var watchdogTimeout: Double?
  /// The program said itself that it is broken.
  private var isTriggered = false
  private var probeFailed = false

  /// A program that started just now.
  init(
    interval: Double, timeout: Double, hasProbe: Bool, startTimeout: Double? = nil, phase: Double = 1,
    startedAt: Double,
    isStarting: Bool = false
  ) {
    self.interval = interval
    self.timeout = timeout
    self.hasProbe = hasProbe
    self.startTimeout = startTimeout
    self.phase = phase
    self.startedAt = startedAt
    self.isStarting = isStarting
    due = startedAt
  }

  /// Its start, which took longer, is over: all counts from now.
  mutating func started(at now: Double) {
    (isStarting, startedAt, due) = (false, now, now)
  }

  /// The part of an interval that a name stands for, 0...1.
  static func phase(of name: String) -> Double {
    var hash = FNV1a(name.utf8)
    hash.fold()
    return Double((hash.value &* 0x9e37_79b9_7f4a_7c15) >> 11) / Double(1 << 53)
  }

  /// Whether it does not beat before a first answer or ping.
  var isUnproven: Bool {
    isStarting || (hasProbe ? answeredAt == nil : startTimeout != nil && pingedAt == nil)
  }

  /// Whether it has said `WATCHDOG=1`.
  var hasPinged: Bool { pingedAt != nil }

  /// Seconds between its beats, as far as that can be promised.
  var promisedInterval: Double {
    pingedAt == nil || hasProbe ? interval : (watchdogTimeout ?? timeout) / 2
  }

  /// The probe got its answer, or none.
  mutating func probed(_ answered: Bool, at now: Double) {
    if answered { answeredAt = now }
    probeFailed = !answered
  }

  /// When to ask the probe next after one that ended now: often until the first answer, then once an interval.
  func nextProbe(after now: Double) -> Double {
    now + (answeredAt == nil ? min(Self.shortestInterval, interval) : min(interval, timeout / 3))
  }

  /// The program spoke `sd_notify`.
  mutating func notified(_ message: NotifyMessage, at now: Double) {
    if message.isWatchdogPing { pingedAt = now }
    if message.isWatchdogTrigger { isTriggered = true }
    // 0 switches the watchdog off in systemd; here silence without end would hide a hang.
    if let seconds = message.watchdogSeconds, seconds > 0 { watchdogTimeout = seconds }
    if let seconds = message.extensionSeconds, isUnproven || !hasPinged {
      startExtendedTo = max(startExtendedTo, now + seconds)
    }
  }

  /// A signal suspended it: it does not beat until it goes on.
  mutating func suspended() {
    isSuspended = true
  }

  /// It goes on: what could not be said meanwhile was no silence.
  mutating func resumed(at now: Double) {
    isSuspended = false
    resumedAt = now
  }

  /// The supervisor was suspended, and goes on: it heard nothing meanwhile.
  mutating func resumedSupervisor(at now: Double) {
    resumedAt = now
  }

  /// Whether a beat is to be sent now; if so it counts as sent.
  ///
  /// - Parameter random: 0...1, for the jitter.
  mutating func takeBeat(at now: Double, random: Double = 0) -> Bool {
    guard now >= nextBeat(at: now) else { return false }
    let wait = lastBeat == nil ? interval * max(phase, Self.jitter) : interval
    // From the moment when it was due, or each late wake-up would shift all later beats; but none is made up for. One that comes early is
    // the one that was due.
    let missed = max(0, ((now - due) / interval).rounded(.down))
    let base = lastBeat == nil ? now : due + missed * interval
    lastBeat = now
    due = max(base + wait, now)
    early = random * Self.jitter * wait
    return true
  }

  private var early = 0.0

  /// When the next beat may be due: never while nothing vouches for the program, or the supervisor would wake for it again and again.
  func nextBeat(at now: Double) -> Double {
    if isSuspended || isUnproven || isStale(at: now) || hasProbe && probeFailed { return .infinity }
    if let pingedAt, !hasProbe {
      guard pingedAt > lastBeat ?? -.infinity else { return .infinity }
      return lastBeat.map { $0 + Self.shortestInterval } ?? now
    }
    return lastBeat == nil ? now : due - early
  }

  /// Whether it hangs: what should vouch for it has been silent for longer than the timeout.
  func isStale(at now: Double) -> Bool {
    isTriggered || now >= staleAt
  }

  /// When it will count as hung if it stays silent.
  var staleAt: Double {
    if isTriggered { return startedAt }
    if isUnproven { return startLimit }
    var result = Double.infinity
    if hasProbe, let answeredAt { result = max(answeredAt, resumedAt) + timeout }
    if let pingedAt { result = min(result, max(pingedAt, resumedAt) + (watchdogTimeout ?? timeout)) }
    return result
  }

  /// Until when its start may take.
  var startLimit: Double { max(startedAt + (startTimeout ?? timeout), startExtendedTo, resumedAt + timeout) }
}
