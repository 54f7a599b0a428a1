internal import POSIX

/// What was told last of each thing of one kind, so that it is told once, or when it changes.
///
/// Names come and go, and the exporter runs for months: in a full table a new key takes the place of the one that was not asked for the
/// longest. That one may be told once more when it comes again, so it must not have been asked for lately: where more things than have
/// room come again and again, those beyond are not told at all.
struct ToldStates {
  /// So many keys are remembered of one kind.
  static let most = 1_000
  /// How long a key must not have been asked for before another one may take its place, in nanoseconds.
  static let leastAge: UInt64 = 3_600_000_000_000

  private struct Told {
    var state: ExactText
    var asked: UInt64
  }

  private let most: Int
  private var told: [ExactText: Told] = [:]
  /// Before this time no place comes free: all keys need not be looked at for each new one.
  private var full: UInt64 = 0

  init(most: Int = ToldStates.most) { self.most = most }

  /// Whether a state differs from the one that was told last for this key.
  ///
  /// - Parameter now: on the monotonic clock, in nanoseconds.
  mutating func isNews(_ state: String, of key: String, at now: UInt64) -> Bool {
    let (key, state) = (ExactText(key), ExactText(state))
    if let last = told[key] {
      told[key] = Told(state: state, asked: now)
      return last.state != state
    }
    guard told.count < most || makeRoom(at: now) else { return false }
    told[key] = Told(state: state, asked: now)
    return true
  }

  private mutating func makeRoom(at now: UInt64) -> Bool {
    guard now >= full, let oldest = told.min(by: { $0.value.asked < $1.value.asked }) else { return false }
    guard now &- oldest.value.asked >= ToldStates.leastAge else {
      full = oldest.value.asked &+ ToldStates.leastAge
      return false
    }
    told[oldest.key] = nil
    return true
  }
}
