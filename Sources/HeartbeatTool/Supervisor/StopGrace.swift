/// How long a program that was asked to end has left. Times are seconds of one monotonic clock; pure.
struct StopGrace: Hashable, Sendable {
  /// Seconds from the first request on.
  let timeout: Double
  /// When it is killed; nil while nobody asked it to end, and once it was killed.
  private(set) var killAt: Double?
  /// Whether somebody asked it to end.
  private(set) var isAsked = false

  init(timeout: Double) {
    self.timeout = timeout
  }

  /// It is asked to end. A second request neither begins the time anew nor lengthens it.
  mutating func ask(at now: Double) {
    guard !isAsked else { return }
    isAsked = true
    killAt = now + timeout
  }

  /// It asks for more time, counted from now; it never gets less than it had. Before it was asked to end there is nothing to lengthen.
  mutating func extend(by seconds: Double, at now: Double) {
    guard let killAt else { return }
    self.killAt = max(killAt, now + seconds)
  }

  /// Whether its time is over; told once.
  mutating func takeKill(at now: Double) -> Bool {
    guard let killAt, now >= killAt else { return false }
    self.killAt = nil
    return true
  }
}
