/// How long a program that was asked to end has left. Times are seconds of one monotonic clock; pure.
struct StopGrace: Hashable, Sendable {
  /// Seconds from the first request on.
  let timeout: Double
  /// When it is killed; nil while nobody asked it to end, and once it was killed.
  private(set) var killAt: Double?
  /// Whether somebody asked it to end.
  private(set) var isAsked = false
  /// Until when it asked for time when it began to stop by itself.
  private var promisedUntil: Double?

  init(timeout: Double) {
    self.timeout = timeout
  }

  /// It is asked to end. A second request neither begins the time anew nor lengthens it.
  mutating func ask(at now: Double) {
    guard !isAsked else { return }
    isAsked = true
    killAt = max(now + timeout, promisedUntil ?? now)
  }

  /// It asks for more time, counted from now; it never gets less than it had. Before it stops there is nothing to lengthen: neither asked
  /// to, nor, as `stopsByItself` says, by itself.
  mutating func extend(by seconds: Double, at now: Double, stopsByItself: Bool = false) {
    if let killAt {
      self.killAt = max(killAt, now + seconds)
    } else if stopsByItself, !isAsked {
      promisedUntil = max(promisedUntil ?? now, now + seconds)
    }
  }

  /// Until when what it leaves behind has time too; nil when nobody asked it to end and it asked for no time, and once it was killed.
  var until: Double? { killAt ?? (isAsked ? nil : promisedUntil) }

  /// It was killed before its time was over.
  mutating func hurry() {
    (killAt, promisedUntil) = (nil, nil)
  }

  /// Whether its time is over; told once.
  mutating func takeKill(at now: Double) -> Bool {
    guard let killAt, now >= killAt else { return false }
    self.killAt = nil
    return true
  }
}
