internal import Heartbeat
internal import JSON
internal import POSIX

/// What the body of a push says, checked: `{"pid": 1, "status": "alive", "timestamp": 1703123456.7, ...}`.
struct PushBody {
  /// What a beat that leaves something open gets.
  struct Defaults {
    /// When it came: Unix time in seconds.
    var now: Double
    /// The host it came from; nil for this one.
    var host: String?
    /// How old a beat may be, in seconds: older ones would be removed at once. 0 is no bound.
    var retention: Double
  }

  /// The most bytes of a host's name (RFC 1035 section 2.3.4).
  static let longestHost = 255
  /// The longest time between two beats that a push may name, in seconds: a year.
  static let longestInterval = 366.0 * 86_400
  /// How far a beat's time may be ahead, in seconds: a wrong clock is to be seen in the metrics, milliseconds in the
  /// place of seconds are a mistake to be told.
  static let longestAhead = 86_400.0

  /// Reads one beat; an empty body is one without anything of its own.
  static func beat(_ name: String, _ body: [UInt8], _ defaults: Defaults) throws(APIError) -> Beat {
    guard !body.isEmpty else { return try beat(name, JSONObject(), defaults, "") }
    let root = try parse(body)
    guard case .object(let object) = root else {
      throw APIError(422, "expected an object such as {\"status\": \"alive\", \"pid\": 1}, not \(found(root))")
    }
    return try beat(name, object, defaults, "")
  }

  /// What the body may say of a job, beside what the path says.
  private static let jobKeys: Set<ExactText> = ["name", "pid", "timestamp", "host", "additional_data"]

  /// The exit code that the query of a job's path says.
  static func exitCode(_ query: [(String, String)], _ word: JobEvent.Word) throws(APIError) -> Int64? {
    var exitCode: Int64?
    for (key, value) in query {
      guard key.isSame(as: "exit_code"), word != .start, exitCode == nil else {
        let expected = word == .start ? "expected nothing behind the path" : "expected exit_code, once"
        throw APIError(422, "\(key.shortened(to: longestQuotation)): \(expected)")
      }
      guard let code = Int64(value, radix: 10), JobEvent.exitCodes.contains(code) else {
        throw APIError(422, "exit_code: expected an integer such as 3, not \(found(.string(value)))")
      }
      exitCode = code
    }
    return exitCode
  }

  /// Reads what happened to a job: the path says it, the body may say more.
  static func job(
    _ name: String, _ word: JobEvent.Word, query: [(String, String)], _ body: [UInt8], _ defaults: Defaults
  ) throws(APIError) -> Beat {
    let exitCode = try exitCode(query, word)
    if !body.isEmpty, case .object(let object) = try parse(body),
      let member = object.members.first(where: { !jobKeys.contains(ExactText($0.key)) })
    {
      throw APIError(
        422,
        "\(member.key.shortened(to: longestQuotation)): no such key; expected pid, timestamp, host or additional_data")
    }
    let beat = try beat(name, body, defaults)
    return Beat.job(
      name, JobEvent(word, exitCode: exitCode), additionalData: beat.additionalData, pid: beat.pid, host: beat.host,
      time: beat.time)
  }

  /// Reads the beats of a batch: `{"heartbeats": [{"name": "...", ...}, ...]}`.
  static func batch(_ body: [UInt8], _ defaults: Defaults) throws(APIError) -> [Beat] {
    guard case .object(let root) = try parse(body), root.count == 1, case .array(let items)? = root["heartbeats"] else {
      throw APIError(422, "expected {\"heartbeats\": [{\"name\": \"...\"}, ...]}")
    }
    var beats: [Beat] = []
    beats.reserveCapacity(items.count)
    for (index, item) in items.enumerated() {
      let place = "heartbeats[\(index)]"
      guard case .object(let object) = item else {
        throw APIError(422, "\(place): expected an object, not \(found(item))")
      }
      guard case .string(let name)? = object["name"] else {
        let found = object["name"].map(found) ?? "nothing"
        throw APIError(422, "\(place).name: expected the process's name, not \(found)")
      }
      beats.append(try beat(name, object, defaults, place + "."))
    }
    return beats
  }

  private static func parse(_ body: [UInt8]) throws(APIError) -> JSONValue {
    do throws(JSONError) {
      return try JSONValue(parsing: body, strictly: true)
    } catch {
      throw APIError(error, in: body)
    }
  }

  /// Throws when no process may have the name.
  ///
  /// - Parameter place: of the object that names it in the body, with a dot behind.
  static func checkName(_ name: String, _ place: String = "") throws(APIError) {
    guard !name.isEmpty, name.utf8.count <= HeartbeatManager.longestName else {
      throw APIError(
        422, "\(place)name: expected 1 to \(HeartbeatManager.longestName) bytes, not \(name.utf8.count)")
    }
    guard !name.utf8.contains(0) else {
      throw APIError(422, "\(place)name: expected a text without NUL, which no path can ask for")
    }
    try checkText(ofName: name, place)
    guard !name.isSame(as: ProcessCollector.ownName) else {
      throw APIError(422, "\(place)name: \(ProcessCollector.ownName) is the exporter's own; expected another one")
    }
  }

  /// Throws when the name stands for several: in the place of what is no UTF-8, and of half a surrogate pair, stands U+FFFD.
  static func checkText(ofName name: String, _ place: String = "") throws(APIError) {
    guard !name.unicodeScalars.contains("\u{FFFD}") else {
      throw APIError(422, "\(place)name: expected UTF-8, without half a surrogate pair or U+FFFD")
    }
  }

  private static func beat(
    _ name: String, _ object: JSONObject, _ defaults: Defaults, _ place: String
  ) throws(APIError) -> Beat {
    try checkName(name, place)
    var beat = Beat(name, pid: nil, host: defaults.host, time: defaults.now)
    for member in object.members {
      switch (ExactText(member.key), member.value) {
      case ("name", .string(let other)) where other.utf8.elementsEqual(name.utf8): continue
      case ("name", let value):
        throw APIError(422, "\(place)name: expected the name of the path or none, not \(found(value))")
      case ("pid", .null), ("status", .null), ("timestamp", .null), ("host", .null), ("interval", .null),
        ("additional_data", .null), ("merge", .null):
        continue
      case ("pid", let value): beat.pid = try pid(value, place)
      case ("status", let value): beat.status = try text(value, place + "status", longest: Beat.longestStatus)
      case ("host", let value): beat.host = try text(value, place + "host", longest: longestHost)
      case ("timestamp", let value): beat.time = try time(value, defaults, place)
      case ("interval", let value): beat.interval = Duration(clampingSeconds: try interval(value, place))
      case ("merge", .bool(let merges)): beat.mergesData = merges
      case ("merge", let value):
        throw APIError(422, "\(place)merge: expected true or false, not \(found(value))")
      case ("additional_data", .object(let data)): beat.additionalData = data
      case ("additional_data", let value):
        throw APIError(422, "\(place)additional_data: expected an object, not \(found(value))")
      default:
        throw APIError(
          422,
          "\(place)\(member.key.shortened(to: longestQuotation)): no such key; expected pid, status, timestamp, host, "
            + "interval, additional_data or merge")
      }
    }
    // As the clients do with theirs; so whoever pushes by hand is served alike.
    return beat.takingKnownKeys(hasOwnStatus: isGiven("status", in: object), hasOwnPid: isGiven("pid", in: object))
  }

  private static func isGiven(_ key: String, in object: JSONObject) -> Bool {
    object[key].map { $0 != .null } ?? false
  }

  private static func pid(_ value: JSONValue, _ place: String) throws(APIError) -> Int32 {
    guard let number = value.integerValue.flatMap({ Int32(exactly: $0) }), Beat.pids.contains(number) else {
      throw APIError(422, "\(place)pid: expected an integer from 1 to \(Beat.pids.upperBound), not \(found(value))")
    }
    return number
  }

  private static func interval(_ value: JSONValue, _ place: String) throws(APIError) -> Double {
    guard let seconds = value.doubleValue, seconds > 0, seconds <= longestInterval else {
      throw APIError(422, "\(place)interval: expected seconds, more than 0 and at most a year, not \(found(value))")
    }
    return seconds
  }

  private static func text(_ value: JSONValue, _ place: String, longest: Int) throws(APIError) -> String {
    guard let text = value.stringValue, (1...longest).contains(text.utf8.count) else {
      throw APIError(422, "\(place): expected a text of 1 to \(longest) bytes, not \(found(value))")
    }
    return text
  }

  private static func time(_ value: JSONValue, _ defaults: Defaults, _ place: String) throws(APIError) -> Double {
    let oldest = defaults.retention > 0 ? defaults.now - defaults.retention : 0
    guard let time = value.doubleValue, time >= oldest, time <= defaults.now + longestAhead else {
      throw APIError(
        422,
        "\(place)timestamp: expected Unix seconds from \(Int64(clamping: oldest)) (the retention) to "
          + "\(Int64(clamping: defaults.now + longestAhead)) (a day ahead), not \(found(value))")
    }
    return time
  }

  /// The most bytes of a text that a message repeats.
  private static let longestQuotation = 64

  /// What stands in the place of what was expected, in words that are short whatever it is.
  private static func found(_ value: JSONValue) -> String {
    switch value {
    case .object: "an object"
    case .array: "a list"
    case .string(let text) where text.utf8.count > longestQuotation: "one of \(text.utf8.count) bytes"
    case .null, .bool, .integer, .number, .string: String(decoding: value.serialised(), as: UTF8.self)
    }
  }
}
