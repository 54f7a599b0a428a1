internal import JSON

/// What a key says of the time that stands under it.
enum BeatKey: Hashable, Sendable {
  /// It may be the beat; of several the best rank counts.
  case rank(BeatRank)
  /// It is none, because of this word.
  case never(String)
  /// It says nothing of times.
  case other

  /// Looks at the words of a key.
  init(_ key: String) { self.init(words: KeyWords.split(key)) }

  init(words: [String]) {
    guard !words.isEmpty else {
      self = .other
      return
    }
    if let never = words.first(where: KeyWords.never.contains) ?? BeatKey.start(words) {
      self = .never(never)
      return
    }
    func has(_ set: Set<String>) -> Bool { words.contains(where: set.contains) }
    let isPure = words.allSatisfy { KeyWords.time.contains($0) || KeyWords.fillers.contains($0) }
    let hasCompanion = has(KeyWords.companions)
    if has(KeyWords.beat) || BeatKey.joins(words, "keep", "alive") || BeatKey.joins(words, "heart", "beat") {
      self = .rank(.beat)
    } else if isPure, has(KeyWords.time) || words == ["date"] {
      self = .rank(.time)
    } else if has(KeyWords.update) {
      self = .rank(.update)
    } else if has(KeyWords.run), hasCompanion {
      self = .rank(.run)
    } else if has(KeyWords.success) {
      self = .rank(.success)
    } else if has(KeyWords.ended) {
      self = .rank(.ended)
    } else if words.first == "last" || words.last.map(["at", "ts", "utc", "iso", "timestamp"].contains) ?? false {
      self = .rank(.other)
    } else {
      self = .other
    }
  }

  /// Looks at a key with what stands under it: a number may be so much of something.
  init(_ key: String, _ value: JSONValue) { self.init(words: KeyWords.split(key), value) }

  /// The same for the words of a key.
  init(words: [String], _ value: JSONValue) {
    self.init(words: words)
    if case .rank = self, BeatKey.isQuantity(words, value) { self = .other }
  }

  /// Whether what stands under a key is so much of something, though its size is that of a time.
  static func isQuantity(_ words: [String], _ value: JSONValue) -> Bool {
    guard let last = words.last, SourceValue.isNumber(value) else { return false }
    // Bytes of memory are `active`, too; `last_active` is a time.
    let isActive = last == "active" && !words.contains(where: KeyWords.companions.contains)
    let isOfBytes = words.contains(where: KeyWords.bytes.contains) && !KeyWords.companions.contains(last)
    return isActive || isOfBytes || KeyWords.quantities.contains(last)
  }

  /// Whether nothing under a key of a beat says that there was none: under `last_ping` it does, under `ping` or `last_ping_ms` it
  /// may be an answer that did not come.
  static func saysNever(_ key: String) -> Bool {
    let words = KeyWords.split(key)
    if isPlainlyBeat(words) || !words.contains(where: KeyWords.looseBeat.contains) { return true }
    return words.last != "ms"
      && words.contains { ["last", "latest", "at", "ts", "timestamp", "utc", "epoch"].contains($0) }
  }

  /// Whether a key is that of a beat and of nothing else.
  static func isPlainlyBeat(_ words: [String]) -> Bool {
    words.contains { KeyWords.beat.contains($0) && !KeyWords.looseBeat.contains($0) }
      || joins(words, "keep", "alive") || joins(words, "heart", "beat")
  }

  /// Whether a key speaks of somebody or something that is not the program. What is run for it, the program runs.
  static func isForeign(_ words: [String], _ rank: BeatRank) -> Bool {
    guard rank != .run else { return false }
    return words.contains(where: KeyWords.strangers.contains)
      || rank != .beat && words.contains(where: KeyWords.things.contains)
  }

  /// Whether a line of a log says with such a key when it was written.
  static func isOfRecord(_ words: [String]) -> Bool {
    guard words.count == 2, ["event", "log", "record"].contains(words[0]) else { return words == ["asctime"] }
    return ["time", "timestamp", "ts"].contains(words[1])
  }

  /// How near it is to a beat's key: the less, the nearer.
  var order: Int {
    switch self {
    case .rank(let rank): rank.rawValue
    case .other: BeatRank.allCases.count
    case .never: BeatRank.allCases.count + 1
    }
  }

  /// The word by which a key says when something became what it is: `loaded_at`, `onlineAt`, `last_state_change`.
  private static func start(_ words: [String]) -> String? {
    guard words.contains(where: KeyWords.companions.contains) else { return nil }
    if let start = words.first(where: KeyWords.starts.contains) { return start }
    // Who was online last was seen then.
    if words.contains("online"), !words.contains("last") { return "online" }
    return words.contains(where: KeyWords.states.contains) ? words.first(where: KeyWords.changes.contains) : nil
  }

  private static func joins(_ words: [String], _ first: String, _ second: String) -> Bool {
    zip(words, words.dropFirst()).contains { $0 == (first, second) }
  }
}

/// How good a key is as that of the beat, the best first.
public enum BeatRank: Int, Comparable, Sendable, CaseIterable {
  /// Heartbeat, pulse, keepalive.
  case beat
  /// Time, timestamp, ts.
  case time
  /// Updated, seen, activity.
  case update
  /// Run, check, poll, with a word that says when.
  case run
  /// Any other time that is the last of its kind.
  case other
  /// The last success: a run that fails beats too.
  case success
  /// The end of a run.
  case ended

  /// The order of the cases.
  public static func < (one: BeatRank, other: BeatRank) -> Bool { one.rawValue < other.rawValue }

  /// What such keys are called for people.
  public var explanation: String {
    switch self {
    case .beat: "a word for a beat"
    case .time: "a word for a time"
    case .update: "a word for an update"
    case .run: "a word for a run"
    case .other: "the last time of something"
    case .success: "the last success"
    case .ended: "the end of a run"
    }
  }
}
