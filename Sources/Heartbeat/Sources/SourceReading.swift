internal import JSON

/// Reads the times of one file: in one zone, and beside one time of change.
struct SourceReading {
  let facts: SourceFacts
  let settings: SourceSettings
  /// The zone of times that name none.
  private(set) var zone: ZoneRules
  /// Whether there are such times.
  private(set) var hasWallTimes = false

  /// Decides for the zone: the one that is configured, else local time or Greenwich, whichever brings the youngest time nearer
  /// to the file's last change. Decided for each time by itself, it would go wrong as soon as one is some hours old.
  init(_ facts: SourceFacts, _ settings: SourceSettings, times: [WrittenTime]) {
    (self.facts, self.settings) = (facts, settings)
    zone = settings.zone ?? facts.zone
    let walls = times.filter { !$0.hasZone && $0.seconds <= facts.modified + SourceFacts.furthestAhead }
    guard let youngest = walls.max(by: { $0.seconds < $1.seconds }) else { return }
    hasWallTimes = true
    guard settings.zone == nil else { return }
    func distance(_ zone: ZoneRules) -> Double {
      (youngest.moment(in: zone, nearest: facts.modified) - facts.modified).magnitude
    }
    if distance(.utc) < distance(facts.zone) { zone = .utc }
  }

  /// A time as a moment: of several readings the one nearer to the file's last change.
  func moment(_ time: WrittenTime) -> Double { time.moment(in: zone, nearest: facts.modified) }

  /// Whether a moment lies behind the file's last change.
  func isAhead(_ moment: Double) -> Bool { moment > facts.modified + SourceFacts.tolerance }

  /// Whether a moment lies so far behind it that no clock explains that.
  func isFarAhead(_ moment: Double) -> Bool { moment > facts.modified + SourceFacts.furthestAhead }

  /// The name of a process that the file does not name.
  ///
  /// - Parameter object: what the file says, for a name that is under a key.
  func name(_ object: JSONObject? = nil) -> String {
    guard let pattern = settings.name else { return SourceName.make(facts) }
    if pattern.hasPrefix("."), let path = SourceSettings.KeyPath(pattern) {
      return object.flatMap { JSONValue.object($0).value(at: path) }.flatMap(SourceValue.name) ?? SourceName.make(facts)
    }
    return SourceName.fill(pattern, facts)
  }
}

/// Values of other programs' JSON.
enum SourceValue {
  /// What a value says of a time.
  enum Time {
    case time(WrittenTime)
    /// There was none yet: null, an empty text, zero.
    case never
    case none
  }

  /// Reads a time out of a value.
  ///
  /// - Parameter near: Unix time that decides what a text leaves open.
  static func time(_ value: JSONValue, near: Double) -> Time {
    switch value {
    case .null: return .never
    case .integer(0): return .never
    case .integer(let number): return WrittenTime(number: Double(number)).map { .time($0) } ?? .none
    case .number(let number): return WrittenTime(number: number).map { .time($0) } ?? .none
    case .string(let text):
      guard text.utf8.count <= TimeScanner.longestTime else { return .none }
      if let time = TimeScanner.whole(Array(text.utf8)[...], near: near) { return .time(time) }
      let word = text.lowercased()
      return ["", "never", "none", "null", "n/a", "-"].contains(word) || word.hasPrefix("0001-01-01") ? .never : .none
    case .object(let object) where object.count <= 2: return time(wrapped: object, near: near)
    case .bool, .array, .object: return .none
    }
  }

  /// `{"$date": ...}` of MongoDB, `{"seconds": ..., "nanos": ...}` of protocol buffers.
  private static func time(wrapped object: JSONObject, near: Double) -> Time {
    if let date = object["$date"] {
      if case .object = date { return .none }
      return time(date, near: near)
    }
    guard let seconds = (object["seconds"] ?? object["_seconds"])?.doubleValue,
      let nanos = (object["nanos"] ?? object["nanoseconds"] ?? object["_nanoseconds"])?.doubleValue
    else { return .none }
    return WrittenTime(number: seconds + nanos / 1e9).map { .time($0) } ?? .none
  }

  /// A text or whole number as a name; nil when it is none.
  static func name(_ value: JSONValue) -> String? {
    switch value {
    case .string(let text):
      return text.isEmpty || text.utf8.count > HeartbeatSnapshot.maximumNameLength ? nil : text
    case .integer(let number): return String(number)
    default: return nil
    }
  }

  /// All times under keys that may be those of beats.
  static func times(in value: JSONValue, near: Double) -> [WrittenTime] {
    var times: [WrittenTime] = []
    collect(value, near: near, depth: 0, into: &times)
    return times
  }

  /// Deeper than this no beat is looked for.
  private static let deepest = 4
  /// So many times decide for the zone.
  private static let mostTimes = 10_000

  private static func collect(_ value: JSONValue, near: Double, depth: Int, into times: inout [WrittenTime]) {
    guard depth <= deepest, times.count < mostTimes else { return }
    switch value {
    case .object(let object):
      for member in object.members {
        if case .never = BeatKey(member.key) { continue }
        if case .time(let time) = self.time(member.value, near: near) {
          times.append(time)
        } else {
          collect(member.value, near: near, depth: depth + 1, into: &times)
        }
      }
    case .array(let items):
      for case .object(let object) in items {
        collect(.object(object), near: near, depth: depth + 1, into: &times)
      }
    default: break
    }
  }
}

extension JSONValue {
  /// The value under a path of keys; nil when it is not there.
  func value(at path: SourceSettings.KeyPath) -> JSONValue? {
    var value = self
    for key in path.keys {
      guard let next = value.objectValue?[key] else { return nil }
      value = next
    }
    return value
  }
}
