internal import JSON
internal import POSIX

/// Makes a process of an object: pid, status, interval and host by their usual keys, all else is data.
struct ProcessFields {
  let reading: SourceReading

  /// - Parameter beat: where the beat was found; nil for an entry that has no time.
  func process(_ name: String, _ object: JSONObject, _ beat: BeatSearch.Found?) -> SourceProcess {
    var process = SourceProcess(
      name: name, time: beat?.time, place: beat?.place ?? "nowhere", rule: beat?.rule ?? "others beside it have a time")
    var taken: Set<ExactText> = []
    if let beat, beat.keys.count == 1 { taken.formUnion(beat.keys.map { ExactText($0) }) }
    let pid = place(reading.settings.pid, object) { Self.pid(in: object) }
    (process.pid, taken) = (pid?.value, taken.union(pid?.taken ?? []))
    let status = place(reading.settings.status, object) { Self.status(in: object) }
    if let text = status?.value.stringValue, !text.isEmpty {
      process.status = text
      taken.formUnion(status?.taken ?? [])
    }
    switch interval(object, beat) {
    case .seconds(let seconds): process.interval = seconds
    case .ambiguous(let key):
      process.rule += "; its `\(key)` may be in seconds or milliseconds and does not count"
    case .none: break
    }
    process.host = Self.host(in: object)
    var data = object
    if let path = reading.settings.data {
      data = JSONValue.object(object).value(at: path)?.objectValue ?? [:]
      taken = []
    }
    process.data = Self.data(data, without: taken, &process.changingKeys)
    return process
  }

  private struct Value {
    var value: JSONValue
    /// The key at the top that is no data any more.
    var taken: Set<ExactText>
  }

  private func place(
    _ place: SourceSettings.Place, _ object: JSONObject, recognised: () -> Value?
  ) -> Value? {
    switch place {
    case .recognised: return recognised()
    case .none: return nil
    case .key(let path):
      guard let value = JSONValue.object(object).value(at: path), value != .null else { return nil }
      return Value(value: value, taken: path.keys.count == 1 ? Set(path.keys.map { ExactText($0) }) : [])
    }
  }

  // MARK: - Usual keys

  private static func words(_ key: String) -> [String] {
    KeyWords.plain(key) == "pid" ? ["pid"] : KeyWords.split(key)
  }

  /// `pid` itself before `process_id`; never a child's or a parent's. One that lies deeper may be anybody's.
  private static func pid(in object: JSONObject) -> Value? {
    var best: (member: JSONObject.Member, order: Int)?
    for member in object.members where isNumber(member.value) && mayBePid(member.key) {
      guard let order = pids.firstIndex(of: words(member.key)), order <= best?.order ?? order else { continue }
      best = (member, order)
    }
    return best.map { Value(value: $0.member.value, taken: [ExactText($0.member.key)]) }
  }

  private static let pids = [
    ["pid"], ["process", "id"], ["os", "pid"], ["main", "pid"], ["proc", "id"], ["processid"],
  ]

  /// Most keys end otherwise, and need not be split.
  private static func mayBePid(_ key: String) -> Bool {
    guard let last = key.utf8.last(where: { ($0 | 0x20) &- 0x61 < 26 }) else { return false }
    return last | 0x20 == UInt8(ascii: "d")
  }

  /// Whether an object has the pid of a process of its own.
  static func hasPid(_ object: JSONObject) -> Bool { pid(in: object) != nil }

  private static func isNumber(_ value: JSONValue) -> Bool {
    switch value {
    case .integer(let number): number > 0
    case .number: true
    case .string(let text): !text.isEmpty && text.utf8.count < 10 && text.utf8.allSatisfy { $0 &- 0x30 < 10 }
    default: false
    }
  }

  private static func status(in object: JSONObject) -> Value? {
    for wanted in ["status", "state"] {
      if let member = object.members.last(where: { KeyWords.plain($0.key) == wanted }),
        let text = member.value.stringValue,
        !text.isEmpty
      {
        return Value(value: member.value, taken: [ExactText(member.key)])
      }
    }
    return nil
  }

  /// The longest interval that is believed, in seconds.
  private static let longestInterval = 7 * 86_400.0

  private enum Interval {
    case seconds(Double)
    /// What stands under a key may be one of two; what cannot be known does not count.
    case ambiguous(String)
    case none
  }

  private static let units: [String: Double] = [
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "ms": 1e-3, "millis": 1e-3, "milliseconds": 1e-3,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60, "h": 3600, "hour": 3600, "hours": 3600,
  ]
  private static let beating: Set<String> = [
    "heartbeat", "beat", "ping", "pulse", "report", "update", "keepalive", "hb",
  ]

  /// `interval`, `heartbeat_interval_ms`, `updateIntervalSeconds`; also as text, `"5m"`.
  private func interval(_ object: JSONObject, _ beat: BeatSearch.Found?) -> Interval {
    for member in object.members {
      guard let length = Self.length(member.value), length.number > 0 else { continue }
      let number = length.number
      var unit = length.unit
      var words = KeyWords.split(member.key)
      if words.count > 1, let last = words.last, let known = Self.units[last] {
        unit = unit ?? known
        words.removeLast()
      }
      guard words == ["interval"] || words.count == 2 && words[1] == "interval" && Self.beating.contains(words[0])
      else { continue }
      if unit == nil {
        let time = beat.flatMap { $0.keys.count == 1 ? object[$0.keys[0]]?.doubleValue : nil }
        unit = Self.unit(of: number, beside: time)
      }
      guard let unit else { return .ambiguous(member.key) }
      let seconds = number * unit
      return seconds <= Self.longestInterval ? .seconds(seconds) : .none
    }
    return .none
  }

  /// A number and the unit behind it, if there is one: 300, `"300"`, `"5m"`.
  private static func length(_ value: JSONValue) -> (number: Double, unit: Double?)? {
    if let number = value.doubleValue { return (number, nil) }
    guard let text = value.stringValue, text.utf8.count <= 20 else { return nil }
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let word = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
    guard let number = Double(digits), word.isEmpty || units[word] != nil else { return nil }
    return (number, units[word])
  }

  /// The unit of an interval that names none, by the number beside it that is the beat's time; nil when it may be either. Who writes
  /// times in seconds may still have timers in milliseconds.
  private static func unit(of number: Double, beside time: Double?) -> Double? {
    if let time, time > 1e11 {
      // Nobody beats ten times a second; seconds are meant, then.
      if number < 100 { return 1 }
      return number < 1000 ? nil : 1e-3
    }
    // 60000 is a minute or most of a day. Whole hours of a day are hours.
    let isEither = number >= 1000 && number.truncatingRemainder(dividingBy: 1000) == 0
    let isHours = number.truncatingRemainder(dividingBy: 3600) == 0 && number <= 86_400
    return isEither && !isHours ? nil : 1
  }

  /// A host's name; addresses, URLs and `localhost` say where a program listens or asks.
  private static func host(in object: JSONObject) -> String? {
    for wanted in ["hostname", "host_name", "host"] {
      guard let text = object.members.last(where: { KeyWords.plain($0.key) == wanted })?.value.stringValue else {
        continue
      }
      let isName =
        !text.isEmpty && text.utf8.count <= 253
        && text.utf8.allSatisfy { TimeScanner.isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
      let isAddress = text.utf8.allSatisfy { $0 &- 0x30 < 10 || $0 == UInt8(ascii: ".") }
      if isName, !isAddress, text.lowercased() != "localhost" { return text }
    }
    return nil
  }

  // MARK: - Data

  /// Longer texts are no data, in bytes.
  private static let longestText = 1024

  /// What becomes numbers, and what the API shows: without arrays, long texts, and keys that are another one with every write.
  static func data(
    _ object: JSONObject, without taken: Set<ExactText> = [], depth: Int = 1, _ changing: inout Int
  ) -> JSONObject {
    var kept: [JSONObject.Member] = []
    for member in object.members where !taken.contains(ExactText(member.key)) {
      guard !isVolatile(member.key) else {
        changing += 1
        continue
      }
      switch member.value {
      case .array, .null: continue
      case .string(let text): if text.utf8.count <= longestText { kept.append(member) }
      case .object(let inner):
        guard depth < HeartbeatSnapshot.maximumDataDepth else { continue }
        kept.append(JSONObject.Member(key: member.key, value: .object(data(inner, depth: depth + 1, &changing))))
      case .bool, .integer, .number: kept.append(member)
      }
    }
    return JSONObject(kept)
  }

  /// Whether a key is an id or a time: it would be another one, and a new series, with every write.
  static func isVolatile(_ key: String) -> Bool {
    var (digits, hexadecimals, hasDigit) = (0, 0, false)
    for byte in key.utf8 {
      let isDigit = byte &- 0x30 < 10
      digits = isDigit ? digits + 1 : [0x2D, 0x3A].contains(byte) && digits > 0 ? digits : 0
      if isDigit || (0x61...0x66).contains(byte | 0x20) || byte == 0x2D && hexadecimals > 0 {
        hexadecimals += 1
        hasDigit = hasDigit || isDigit
      } else {
        (hexadecimals, hasDigit) = (0, false)
      }
      if digits >= 8 || hexadecimals >= 16 && hasDigit { return true }
    }
    return key.isEmpty
  }
}
