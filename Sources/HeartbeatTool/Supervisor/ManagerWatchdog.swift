/// The watchdog of the service manager above (`sd_watchdog_enabled(3)`): it watches the service as long as that is up, also while no run
/// of the program can feed it. Then the supervisor does. Times are seconds of one monotonic clock; pure.
struct ManagerWatchdog: Hashable, Sendable {
  /// The shortest time between two words.
  static let shortestPause = 0.01

  /// After how many microseconds of silence the manager takes the service for hung; nil when it does not watch.
  private let given: UInt64?
  /// What a run has set in its place, in seconds; 0: it has switched it off.
  private var set: Double?
  private var lastFed: Double

  /// - Parameter given: what the manager's environment says.
  init(_ given: UInt64?, at now: Double) {
    self.given = given
    lastFed = now
  }

  /// The program has told the manager something.
  mutating func told(_ message: NotifyMessage, at now: Double) {
    if message.isWatchdogPing { lastFed = now }
    if let seconds = message.watchdogSeconds { set = seconds }
  }

  /// When it is to be fed next: in half of its time, as that page recommends.
  var nextFeed: Double {
    guard let period = set ?? given.map({ Double($0) / 1e6 }), period > 0 else { return .infinity }
    return lastFed + max(period / 2, Self.shortestPause)
  }

  /// What the manager is to be told now; nil while it is not due.
  mutating func takeFeed(at now: Double) -> String? {
    guard now >= nextFeed else { return nil }
    lastFed = now
    return "WATCHDOG=1"
  }

  /// A run is over, and what it set with it.
  ///
  /// - Returns: what the manager is to be told; nil when the run has set nothing.
  mutating func endRun(at now: Double) -> String? {
    guard set != nil else { return nil }
    set = nil
    // Fed too: the manager counts the time that is shorter now from the last word.
    lastFed = now
    return "WATCHDOG=1\nWATCHDOG_USEC=\(given ?? 0)"
  }
}
