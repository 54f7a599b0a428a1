/// What the simulated processes go through.
enum Scenario: String, CaseIterable, Sendable {
  /// The three programs of the demo; the first hangs now and then.
  case demo
  /// All beat.
  case healthy
  /// Every third one runs but falls silent, for half of the time.
  case hang
  /// Every third one ends with status 1 now and then and is started again.
  case crash
  /// Every third one goes silent and comes back, again and again.
  case flapping
  /// Every second one has a clock that is ahead, the others one that is behind.
  case clockSkew = "clock-skew"

  /// How the process with this number, from 0, behaves.
  func behaviour(of index: Int, timeout: Double) -> Behaviour {
    switch self {
    case .healthy: .steady
    case .demo: index == 0 ? .silent(from: 2 * timeout, for: 1.8 * timeout, every: 6 * timeout) : .steady
    case .hang: index % 3 == 0 ? .silent(from: timeout, for: 3 * timeout, every: 6 * timeout) : .steady
    case .flapping: index % 3 == 0 ? .silent(from: timeout / 2, for: 1.5 * timeout, every: 2 * timeout) : .steady
    case .crash: index % 3 == 0 ? .crashing(after: timeout) : .steady
    case .clockSkew: .skewed(by: index % 2 == 0 ? timeout : -timeout / 2)
    }
  }
}

/// What one simulated process does as time goes by; pure.
enum Behaviour: Hashable, Sendable {
  /// It beats.
  case steady
  /// It runs on but beats not, in each period of `every` seconds from `from` on, for so many seconds.
  case silent(from: Double, for: Double, every: Double)
  /// It ends with a failure after so many seconds.
  case crashing(after: Double)
  /// Its clock is so many seconds ahead.
  case skewed(by: Double)

  /// What it does at a beat.
  enum Action: Hashable, Sendable {
    /// It beats with a clock that is so many seconds ahead.
    case beat(ahead: Double)
    case keepSilent
    case crash
  }

  /// What it does `elapsed` seconds after it began.
  func action(after elapsed: Double) -> Action {
    switch self {
    case .steady: return .beat(ahead: 0)
    case .skewed(let seconds): return .beat(ahead: seconds)
    case .crashing(let after): return elapsed >= after ? .crash : .beat(ahead: 0)
    case .silent(let from, let length, let period):
      let position = elapsed.truncatingRemainder(dividingBy: max(period, 0.001))
      return position >= from && position < from + length ? .keepSilent : .beat(ahead: 0)
    }
  }

  /// As one word of a command line.
  var text: String {
    switch self {
    case .steady: "steady"
    case .silent(let from, let length, let every): "silent,\(from),\(length),\(every)"
    case .crashing(let after): "crashing,\(after)"
    case .skewed(let seconds): "skewed,\(seconds)"
    }
  }

  /// Reads what `text` writes.
  init?(_ text: String) {
    let parts = text.split(separator: ",")
    let numbers = parts.dropFirst().compactMap { Double($0) }
    switch (parts.first, numbers.count) {
    case ("steady", 0): self = .steady
    case ("silent", 3): self = .silent(from: numbers[0], for: numbers[1], every: numbers[2])
    case ("crashing", 1): self = .crashing(after: numbers[0])
    case ("skewed", 1): self = .skewed(by: numbers[0])
    default: return nil
    }
  }
}
