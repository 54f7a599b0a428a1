/// The time around a moment in which something stays as it was found then, though the clock goes on, or is set back.
public struct QuietSpan: Sendable {
  /// Unix times, both excluded.
  private var since = -Double.infinity
  private var until = Double.infinity
  private let moment: Double

  /// Everything stays as it was found at this moment, Unix time, until changes are named.
  public init(around moment: Double) {
    self.moment = moment
  }

  /// What is computed of times is rounded, so that a change is up to this far from where it is computed to be, in seconds.
  private static let rounding = 1e-5

  /// Ends the span at a time at which something changes.
  public mutating func end(at change: Double) {
    if change + QuietSpan.rounding < moment {
      since = max(since, change + QuietSpan.rounding)
    } else if change - QuietSpan.rounding > moment {
      until = min(until, change - QuietSpan.rounding)
    } else {
      // It changes at the moment itself: who knows on which side of it that one is.
      (since, until) = (.infinity, -.infinity)
    }
  }

  /// Whether all is still, or again, as it was found.
  public func contains(_ now: Double) -> Bool {
    // Not mutated: the ends lie `rounding` away from the changes, either side of them is right.
    since < now && now < until
  }
}
