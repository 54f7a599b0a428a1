internal import JSON
internal import POSIX

/// Reads the times of one file: in one zone, and beside one time of change.
struct SourceReading {
  let facts: SourceFacts
  let settings: SourceSettings
  /// The zone of times that name none.
  private(set) var zone: ZoneRules
  /// Whether there are such times.
  private(set) var hasWallTimes = false
  /// Whether what is read are lines of a log: that one was written is a sign of life, whatever it is about.
  var isOfLines: Bool

  /// Decides for the zone: the one that is configured, else local time or Greenwich, whichever brings the youngest time nearer
  /// to the file's last change, but not behind it. Decided for each time by itself, it would go wrong as soon as one is some
  /// hours old.
  init(_ facts: SourceFacts, _ settings: SourceSettings, times: [WrittenTime]) {
    (self.facts, self.settings) = (facts, settings)
    isOfLines = ["jsonl", "ndjson", "log"].contains(facts.suffix)
    zone = settings.zone ?? facts.zone
    let walls = times.filter { !$0.hasZone && $0.seconds <= facts.modified + SourceFacts.furthestAhead }
    guard let youngest = walls.max(by: { $0.seconds < $1.seconds }) else { return }
    hasWallTimes = true
    guard settings.zone == nil else { return }
    func moment(_ zone: ZoneRules) -> Double { youngest.moment(in: zone, nearest: facts.modified) }
    if facts.isLikelier(moment(.utc), than: moment(facts.zone)) { zone = .utc }
  }

  /// A time as a moment: of several readings the one nearer to the file's last change.
  func moment(_ time: WrittenTime) -> Double { time.moment(in: zone, nearest: facts.modified) }

  /// Whether a moment lies behind the file's last change.
  func isAhead(_ moment: Double) -> Bool { moment > facts.modified + SourceFacts.tolerance }

  /// Whether a moment lies so far behind it that no clock explains that.
  func isFarAhead(_ moment: Double) -> Bool { moment > facts.modified + SourceFacts.furthestAhead }

  /// Whether a number lies so far from the file's last change that it is a time only if there is no other, or behind it.
  func isUnlikely(_ moment: Double) -> Bool {
    moment < facts.modified - SourceFacts.likelyNumbers || isAhead(moment)
  }

  /// The name of a process that the file does not name.
  ///
  /// - Parameter object: what the file says, for a name that is under a key.
  func name(_ object: JSONObject? = nil) -> String {
    guard let pattern = settings.name else { return SourceName.make(facts) }
    if pattern.utf8.first == UInt8(ascii: "."), let path = SourceSettings.KeyPath(pattern) {
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
      if let time = TimeScanner.whole(Array(text.utf8)[...], near: near) ?? netDate(text) { return .time(time) }
      let word = text.lowercased()
      return ["", "never", "none", "null", "n/a", "-"].contains(word) || word.hasPrefix("0001-01-01") ? .never : .none
    case .object(let object) where object.count <= 3: return time(wrapped: object, near: near)
    case .array(let parts) where (5...7).contains(parts.count): return time(parts: parts)
    case .bool, .array, .object: return .none
    }
  }

  /// `[2026, 7, 14, 9, 26, 53, 589793000]`, as Java's Jackson writes a time without a zone; seconds and nanoseconds may be missing.
  private static func time(parts: [JSONValue]) -> Time {
    let numbers = parts.compactMap { $0.integerValue.flatMap { Int(exactly: $0) } }
    guard numbers.count == parts.count, (0...23).contains(numbers[3]), (0...59).contains(numbers[4]),
      let day = CivilDay.seconds(year: numbers[0], month: numbers[1], day: numbers[2])
    else { return .none }
    let second = numbers.count > 5 ? numbers[5] : 0
    let nanoseconds = numbers.count > 6 ? numbers[6] : 0
    guard (0...60).contains(second), (0..<1_000_000_000).contains(nanoseconds) else { return .none }
    let seconds = day + Double(numbers[3] * 3600 + numbers[4] * 60 + second) + Double(nanoseconds) / 1e9
    return WrittenTime.plausible.contains(seconds) ? .time(WrittenTime(seconds: seconds, hasZone: false)) : .none
  }

  /// The most bytes of such a date, with a zone behind the number.
  private static let longestDate = 64

  /// `/Date(1784021213589)/` and `/Date(1784021213589+0200)/` of older .NET: milliseconds since 1970 in any zone.
  private static func netDate(_ text: String) -> WrittenTime? {
    guard text.utf8.count <= longestDate, text.utf8.starts(with: "/Date(".utf8) else { return nil }
    let digits = text.utf8.dropFirst(6).prefix { $0 &- 0x30 < 10 }
    guard digits.count <= 15, text.utf8.suffix(2).elementsEqual(")/".utf8),
      let milliseconds = Double(String(Substring(digits)))
    else { return nil }
    let seconds = milliseconds / 1e3
    return WrittenTime.plausible.contains(seconds) ? WrittenTime(seconds: seconds, hasZone: true) : nil
  }

  /// `{"$date": ...}` of MongoDB, `{"seconds": ..., "nanos": ...}` of protocol buffers, `{"secs_since_epoch": ..., ...}` of Rust's
  /// `SystemTime`, `{"value": "/Date(...)/", "DisplayHint": ...}` of PowerShell. Whole numbers may be texts.
  private static func time(wrapped object: JSONObject, near: Double) -> Time {
    if let text = object["value"]?.stringValue, let date = netDate(text) { return .time(date) }
    guard object.count <= 2 else { return .none }
    func number(_ keys: String...) -> Double? {
      keys.lazy.compactMap { object[$0] }.first.flatMap { value in
        value.doubleValue ?? value.stringValue.flatMap { $0.utf8.count <= 20 ? Double($0) : nil }
      }
    }
    if let date = object["$date"] {
      guard case .object(let inner) = date else { return time(date, near: near) }
      return inner["$numberLong"].map { time($0, near: near) } ?? .none
    }
    guard let seconds = number("seconds", "_seconds", "secs_since_epoch"),
      let nanos = number("nanos", "nanoseconds", "_nanoseconds", "nanos_since_epoch")
    else { return .none }
    return WrittenTime(number: seconds + nanos / 1e9).map { .time($0) } ?? .none
  }

  /// Whether a value is a number, or a text of one: its size alone says that it may be a time.
  static func isNumber(_ value: JSONValue) -> Bool {
    switch value {
    case .integer, .number: true
    case .string(let text): TimeScanner.isNumber(text.utf8)
    default: false
    }
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
