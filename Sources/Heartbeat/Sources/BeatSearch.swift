internal import JSON

/// Looks for the beat in an object.
struct BeatSearch {
  let reading: SourceReading

  /// A beat, and where it was.
  struct Found {
    var keys: [String]
    var rank: BeatRank?
    /// Unix time; nil when it says that there was none yet.
    var time: Double?
    /// It is a number that may as well be one of something else.
    var isUnlikely = false
    /// It is the time of something or somebody that the program deals with.
    var isForeign = false
    /// It is the time at which a line of a log was written.
    var isOfRecord = false

    /// The less, the better: what is foreign stands behind all else that goes on, but in front of what was a success or is over.
    fileprivate var order: Int {
      let rank = rank ?? .ended
      if rank > .other { return 2 * BeatRank.allCases.count + rank.rawValue }
      return rank.rawValue + (isForeign ? BeatRank.allCases.count : 0)
    }

    var place: String { SourceSettings.KeyPath(keys: keys).description }
    var rule: String { rank.map(\.explanation) ?? "configured" }
  }

  /// What was looked at.
  struct Outcome {
    var found: Found?
    /// What is nearest to a beat, as a sentence.
    var nearest: String?
  }

  /// The beat of an object, at its top or, where nothing is there, one object deeper.
  ///
  /// - Parameter top: what `top(_:)` says of the object, where that is known.
  func search(_ object: JSONObject, top known: Outcome? = nil) -> Outcome {
    if case .key(let path) = reading.settings.time { return configured(path, object) }
    var outcome = known ?? top(object)
    if outcome.found == nil, let deeper = deeper(object) { outcome.found = deeper }
    if outcome.found == nil, outcome.nearest == nil { outcome.nearest = unreadable(in: object) ?? hidden(in: object) }
    return outcome
  }

  private func configured(_ path: SourceSettings.KeyPath, _ object: JSONObject) -> Outcome {
    guard let value = JSONValue.object(object).value(at: path) else {
      return Outcome(nearest: "there is no \(path), where `time` of its source says that the beat is")
    }
    switch SourceValue.time(value, near: reading.facts.modified) {
    case .time(let time): return Outcome(found: Found(keys: path.keys, time: reading.moment(time)))
    case .never: return Outcome(found: Found(keys: path.keys, time: nil))
    case .none: return Outcome(nearest: "\(path), where `time` of its source says that the beat is, is no time")
    }
  }

  /// The beat at the top of an object.
  func top(_ object: JSONObject) -> Outcome {
    var times: [Found] = []
    var nevers: [Found] = []
    var outcome = Outcome()
    let isContent = isContent(object)
    lazy var isFetched = object.members.contains { KeyWords.plain($0.key) == "etag" }
    for member in object.members {
      let time = SourceValue.time(member.value, near: reading.facts.modified)
      // Most members are no times, and what their keys say does not matter.
      if case .none = time { continue }
      let words = KeyWords.split(member.key)
      var key = BeatKey(words: words, member.value)
      let isOfRecord = isOfRecord(words, key)
      if isOfRecord { key = .rank(.time) }
      switch key {
      case .rank(let rank):
        guard !isContent || rank == .beat else {
          if case .time = time {
            outcome.nearest =
              "`\(KeyWords.shown(member.key))` is the time of an article, an order or the like; `time: .\(KeyWords.shown(member.key))` makes it the beat"
          }
          continue
        }
        // What was fetched has a time at which it changed.
        let isForeign =
          BeatKey.isForeign(words, rank) || rank == .update && words.contains("modified") && isFetched
        switch time {
        case .time(let time):
          let moment = reading.moment(time)
          if reading.isFarAhead(moment) {
            outcome.nearest = "`\(KeyWords.shown(member.key))` is a time to come"
          } else {
            let isUnlikely = SourceValue.isNumber(member.value) && reading.isUnlikely(moment)
            times.append(
              Found(
                keys: [member.key], rank: rank, time: moment, isUnlikely: isUnlikely, isForeign: isForeign,
                isOfRecord: isOfRecord))
          }
        case .never where rank <= .run && !Self.isZero(member.value) && BeatKey.saysNever(member.key):
          nevers.append(Found(keys: [member.key], rank: rank, time: nil, isForeign: isForeign))
        case .never, .none: break
        }
      case .never(let word):
        if case .time = time, outcome.nearest == nil {
          outcome.nearest =
            "`\(KeyWords.shown(member.key))` is no beat by its word \"\(word)\"; `time: .\(KeyWords.shown(member.key))` makes it one, if it is"
        }
      case .other:
        if case .time = time, outcome.nearest == nil {
          outcome.nearest =
            "`\(KeyWords.shown(member.key))` is a time, but not by its name a beat; `time: .\(KeyWords.shown(member.key))` makes it one"
        }
      }
    }
    outcome.found = best(times, nevers)
    return outcome
  }

  /// Whether a time is that of a line of a log, and not of what the line is about. Which of them is a process's own is not known
  /// where lines of several are told apart.
  private func isOfRecord(_ words: [String], _ beat: BeatKey) -> Bool {
    guard reading.isOfLines, reading.settings.each == nil else { return false }
    return beat == .rank(.time) || BeatKey.isOfRecord(words)
  }

  /// Zero may be a number of something else.
  private static func isZero(_ value: JSONValue) -> Bool { value == .integer(0) }

  /// The best rank wins, in a rank the youngest, and nothing from the future unless there is nothing else. What is named a beat and
  /// has no time says that there was none.
  private func best(_ times: [Found], _ nevers: [Found]) -> Found? {
    func isBetter(_ one: Found, _ other: Found) -> Bool {
      let (oneTime, otherTime) = (one.time ?? 0, other.time ?? 0)
      let (oneIsAhead, otherIsAhead) = (reading.isAhead(oneTime), reading.isAhead(otherTime))
      if one.isUnlikely != other.isUnlikely { return other.isUnlikely }
      if oneIsAhead != otherIsAhead { return otherIsAhead }
      if one.isOfRecord != other.isOfRecord { return one.isOfRecord }
      if one.order != other.order { return one.order < other.order }
      return oneTime > otherTime
    }
    let best = times.reduce(nil) { best, next in best.map { isBetter(next, $0) ? next : $0 } ?? next }
    let never = nevers.filter { best == nil || !$0.isForeign }.min { $0.order < $1.order }
    guard let best else { return never }
    if best.isOfRecord, !best.isUnlikely { return best }
    if let never, best.isUnlikely { return never }
    if let never, never.rank == .beat, best.rank != .beat, BeatKey.isPlainlyBeat(KeyWords.split(never.keys[0])) {
      return never
    }
    return best
  }

  /// `watcher.heartbeat`, `time.last_run`, `status.updated_at`.
  private func deeper(_ object: JSONObject) -> Found? {
    guard !isContent(object) else { return nil }
    var found: [Found] = []
    for member in object.members {
      guard case .object(let inner) = member.value, case let outer = KeyWords.split(member.key),
        !outer.contains(where: KeyWords.never.contains)
      else { continue }
      guard var beat = top(inner).found, let rank = beat.rank, beat.time != nil else { continue }
      let isOwn = Self.isSelf(outer)
      let joined = BeatKey(words: outer + KeyWords.split(beat.keys[0]))
      var isBeat = rank == .beat || rank == .run || joined == .rank(.beat)
      // `last_seen.ts`: the outer key says of what it is the time.
      if case .rank(let outer) = joined, outer <= .run, rank == .time { isBeat = true }
      // `last_run.finished_at` is that of a run, as `last_run` is.
      if joined == .rank(.run), BeatKey(words: outer) == .rank(.run) { (isBeat, beat.rank) = (true, .run) }
      guard isBeat || isOwn && rank <= .run else { continue }
      if joined == .rank(.beat) { beat.rank = .beat }
      beat.isForeign = beat.isForeign || BeatKey.isForeign(outer, beat.rank ?? rank)
      beat.keys.insert(member.key, at: 0)
      found.append(beat)
    }
    return best(found, [])
  }

  // MARK: - What is nearest

  /// A text under a key of a beat that is no time, but has digits, as a sentence; nil when there is none.
  private func unreadable(in object: JSONObject) -> String? {
    for member in object.members {
      guard let text = member.value.stringValue, text.utf8.count <= TimeScanner.longestTime,
        text.utf8.contains(where: { $0 &- 0x30 < 10 }), case .rank(let rank) = BeatKey(member.key), rank <= .run
      else { continue }
      return "`\(KeyWords.shown(member.key))` is by its name a beat, but its text \"\(text)\" is no time; "
        + "`time: mtime` makes the file's own time the beat"
    }
    return nil
  }

  /// So many members of an object are looked at for a time that lies deep.
  private static let mostMembers = 10_000

  /// The best of the times that lie deeper than a beat is looked for, as a sentence; nil when there is none.
  private func hidden(in object: JSONObject) -> String? {
    var best: (keys: [String], key: BeatKey, order: Int, time: Double, isInList: Bool)?
    var rest = [(keys: [String](), object: object, isInList: false)]
    var looked = 0
    // No key path leads into a list.
    func isBetter(
      _ one: (isInList: Bool, order: Int, time: Double),
      _ other: (keys: [String], key: BeatKey, order: Int, time: Double, isInList: Bool)
    ) -> Bool {
      if one.isInList != other.isInList { return other.isInList }
      return one.order != other.order ? one.order < other.order : one.time > other.time
    }
    while let (outer, object, isInList) = rest.popLast() {
      for member in object.members {
        looked += 1
        guard looked <= Self.mostMembers else { break }
        // Others cannot be spelt as a path.
        guard !member.key.isEmpty, !member.key.utf8.contains(UInt8(ascii: ".")),
          outer.count < HeartbeatSnapshot.maximumDataDepth
        else {
          continue
        }
        let keys = outer + [member.key]
        if case .time(let written) = SourceValue.time(member.value, near: reading.facts.modified) {
          let (key, time) = (BeatKey(member.key, member.value), reading.moment(written))
          let order = key.order
          if best.map({ isBetter((isInList, order, time), $0) }) ?? true {
            best = (keys, key, order, time, isInList)
          }
          continue
        }
        switch member.value {
        case .object(let inner): rest.append((keys, inner, isInList))
        case .array(let items):
          for (place, item) in items.prefix(Self.mostMembers).enumerated() {
            guard case .object(let inner) = item else { continue }
            rest.append((outer + ["\(member.key)[\(place)]"], inner, true))
          }
        default: break
        }
      }
    }
    guard let best else { return nil }
    let path = SourceSettings.KeyPath(keys: best.keys).description
    if best.isInList {
      return "`\(path)` is a time, but stands in a list; `time: mtime` makes the file's own time the beat"
    }
    if case .never(let word) = best.key {
      return "`\(path)` is no beat by its word \"\(word)\"; `time: \(path)` makes it one, if it is"
    }
    return "`\(path)` is a time, but lies deeper than a beat is looked for; `time: \(path)` makes it one"
  }

  /// Whether an object under a key of these words is about the process itself.
  static func isSelf(_ words: [String]) -> Bool {
    words.allSatisfy { selves.contains($0) || KeyWords.time.contains($0) || KeyWords.fillers.contains($0) }
  }

  private static let selves: Set<String> = [
    "status", "state", "meta", "metadata", "data", "info", "health", "process", "proc", "system", "watcher", "daemon",
    "bot", "worker", "agent",
    "service", "runtime", "stats", "self", "app", "main", "monitor", "watchdog", "heartbeat", "summary", "scheduler",
    "engine",
    "progress", "result", "session", "poller", "gateway", "spec",
  ]

  /// Whether an object is about an article, an order, an alarm: its times are not those of a process. What speaks for a program
  /// outweighs one such key, and a line of a log is written by a program whatever it is about.
  private func isContent(_ object: JSONObject) -> Bool {
    guard !reading.isOfLines else { return false }
    let keys = object.members.lazy.filter { Self.isOfContent($0) }.map { KeyWords.plain($0.key) }
    guard let first = keys.first else { return false }
    // A place has two coordinates, and what a program trades a symbol and a price.
    let things = Set(keys.map { key in ContentWords.together.first { $0.contains(key) } ?? [key] })
    guard things.count == 1 else { return true }
    return !(ProcessFields.hasPid(object) || !ContentWords.watched.contains(first) && Self.speaksForProgram(object))
  }

  private static func isOfContent(_ member: JSONObject.Member) -> Bool {
    switch member.value {
    case .null, .bool: false
    case .string(let text): !text.isEmpty && ContentWords.alone.contains(KeyWords.plain(member.key))
    default: ContentWords.alone.contains(KeyWords.plain(member.key))
    }
  }

  /// Whether an object names its host, or has a word that programs say of themselves.
  private static func speaksForProgram(_ object: JSONObject) -> Bool {
    object.members.contains { member in
      guard let text = member.value.stringValue, !text.isEmpty else { return false }
      switch KeyWords.plain(member.key) {
      case "hostname": return true
      case "status", "state": return living.contains(KeyWords.plain(text))
      default: return false
      }
    }
  }

  private static let living: Set<String> = ["running", "alive", "healthy", "idle", "up", "online"]
}
