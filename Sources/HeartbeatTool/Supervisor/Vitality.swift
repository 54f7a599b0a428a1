/// What tells that the program works, not only exists: answers to the probe, pings of its own watchdog, or, when it has
/// neither, that it runs. Times are seconds of one monotonic clock; pure.
struct Vitality: Sendable {
  /// Pings closer together than this make one beat.
  static let shortestInterval = 1.0

  let interval: Double
  let timeout: Double
  let hasProbe: Bool
  private let startedAt: Double
  private var answeredAt: Double?
  private var pingedAt: Double?
  private var lastBeat: Double?
  private var beatBefore: Double?
  private var retryAt = -Double.infinity
  private var watchdogTimeout: Double?
  /// The program said itself that it is broken.
  private var isTriggered = false

  /// A program that started just now.
  init(interval: Double, timeout: Double, hasProbe: Bool, startedAt: Double) {
    self.interval = interval
    self.timeout = timeout
    self.hasProbe = hasProbe
    self.startedAt = startedAt
  }

  /// The probe got its answer, or none.
  mutating func probed(_ answered: Bool, at now: Double) {
    if answered { answeredAt = now }
    probeFailed = !answered
  }

  private var probeFailed = false

  /// When to ask the probe next after one that ended now: often until the first answer, then once an interval.
  func nextProbe(after now: Double) -> Double {
    now + (answeredAt == nil ? min(Self.shortestInterval, interval) : min(interval, timeout / 3))
  }

  /// The program spoke `sd_notify`.
  mutating func notified(_ message: NotifyMessage, at now: Double) {
    if message.isWatchdogPing { pingedAt = now }
    if message.isWatchdogTrigger { isTriggered = true }
    if let seconds = message.watchdogSeconds { watchdogTimeout = seconds }
  }

  /// Whether a beat is to be sent now; if so it counts as sent.
  mutating func takeBeat(at now: Double) -> Bool {
    guard !isTriggered, !isStale(at: now), now >= nextBeat(at: now) else { return false }
    beatBefore = lastBeat
    lastBeat = now
    return true
  }

  /// The beat that was taken last could not be written: it is due again soon, not only after an interval.
  mutating func beatFailed(at now: Double) {
    lastBeat = beatBefore
    retryAt = now + Self.shortestInterval
  }

  /// When the next beat may be due: never while nothing vouches for the program.
  func nextBeat(at now: Double) -> Double {
    if hasProbe, answeredAt == nil || probeFailed { return .infinity }
    if let pingedAt {
      guard pingedAt > lastBeat ?? -.infinity else { return .infinity }
      return max(lastBeat.map { $0 + Self.shortestInterval } ?? now, retryAt)
    }
    return max(lastBeat.map { $0 + interval } ?? now, retryAt)
  }

  /// Whether it hangs: what should vouch for it has been silent for longer than the timeout.
  func isStale(at now: Double) -> Bool {
    isTriggered || now >= staleAt
  }

  /// When it will count as hung if it stays silent.
  var staleAt: Double {
    var result = Double.infinity
    if hasProbe { result = (answeredAt ?? startedAt) + timeout }
    if let pingedAt { result = min(result, pingedAt + (watchdogTimeout ?? timeout)) }
    return isTriggered ? startedAt : result
  }
}
