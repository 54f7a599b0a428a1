/// What stands in the heartbeat file: members that change a little from one content to the next, as those of real programs
/// do, and now and then altogether.
struct Beats {
  private var members: [(name: String, text: String)] = []
  /// What stands beside them about who is silenced.
  private var silences = ""
  /// Numbers the keys that never come again.
  private var keys = 0
  /// Whether new members say what others say too, so that most contents have the same shape.
  private var isSteady: Bool

  /// Nobody beats yet.
  init(_ choices: inout Choices) {
    isSteady = choices.once(in: 2)
  }

  private static let names = [
    "a", "b", "c", "d", #"q\"\\"#, "größe", "gro\u{308}ße", #"\u0061"#, "", "heartbeat-exporter",
  ]
  private static let long = String(repeating: "k", count: 150)
  /// Among them spellings of one metric name, and text that Unicode calls the same.
  private static let keys = [
    "x", "y", "cpu-load", "cpu_load", "cpuLoad", "a.b", "a_b", "é", "e\u{301}", #"\u0078"#, "info", long,
    long + long.prefix(40), "s", "status", "pid",
  ]
  private static let words = [#""s1""#, #""stopped""#, #""é\n""#, "5", #""running""#, #""failed""#]
  private static let values = [
    "0", "1", "2", "-0", "0.5", "1e999", "true", "false", "null", #""text""#, #""é\u00e9""#, "[1]", #"{"b": 1}"#,
    #"{"in": {"deep": 2, "s": "t"}, "b": 3}"#, "{}", "12345678901234567890",
  ]

  /// Changes some of it.
  mutating func change(_ choices: inout Choices, now: Double, pids: [Int], known: [String]) {
    if choices.once(in: 4) { silences = Self.silences(&choices, now: now, known: known) }
    // Many are there for a few contents: most of what can go wrong does with few.
    switch members.count > 50 && choices.once(in: 5) ? 0 : choices.number(0...60) {
    case 0:
      members = []
    case 1:
      isSteady.toggle()
    case 2:
      let count = choices.one(of: [12, 20, choices.once(in: 4) ? 100 : 30, choices.once(in: 40) ? 2_000 : 40])
      members = (0..<count).map { place in
        (
          "p\(place)",
          #"{"last_heartbeat": \#(Int(now) - place % 90), "pid": \#(place < 30 ? pids[place % pids.count] : 99), "x": 1}"#
        )
      }
    case 3 where !members.isEmpty:
      // Everybody beats.
      for place in members.indices { members[place].text = member(&choices, now: now, pids: pids) }
    default:
      for _ in 0..<choices.number(0...3) { changeOne(&choices, now: now, pids: pids, known: known) }
    }
  }

  /// Silences that begin and end around now, of programs that are there or not, some of them of no use.
  private static func silences(_ choices: inout Choices, now: Double, known: [String]) -> String {
    let untils = ["\(now)", "\(now + 1)", "\(now + 10)", "\(now + 604_000)", "\(now + 605_100)", "0", "null", "1e300"]
    let some = (0..<choices.number(0...3)).map { _ in
      let why = choices.once(in: 3) ? #", "comment": "é\n", "created_by": "b""# : ""
      let value = choices.once(in: 9) ? "7" : #"{"until": \#(choices.one(of: untils))\#(why)}"#
      return "\"\(choices.one(of: names + known))\": \(value)"
    }
    return choices.once(in: 12) ? #", "silences": 1"# : #", "silences": {\#(some.joined(separator: ", "))}"#
  }

  private mutating func changeOne(_ choices: inout Choices, now: Double, pids: [Int], known: [String]) {
    let place = members.isEmpty ? 0 : choices.number(0...members.count - 1)
    switch choices.number(0...9) {
    case 0 where !members.isEmpty: members.remove(at: place)
    case 1 where !members.isEmpty: members.swapAt(place, choices.number(0...members.count - 1))
    case 2...6 where !members.isEmpty: members[place].text = member(&choices, now: now, pids: pids)
    default:
      let name = choices.one(of: Self.names + known)
      members.append((name, choices.once(in: 12) ? "7" : member(&choices, now: now, pids: pids)))
    }
  }

  /// What an entry says of a job's runs: one that goes on, ended well or failed, was due before or is not yet, and what is none.
  private func job(_ choices: inout Choices, now: Double) -> String {
    if choices.once(in: 12) { return choices.one(of: ["null", "{}", "7", #"{"started": "x"}"#, #"{"runs": -1}"#]) }
    let times = ["started", "ended", "last_success"].filter { _ in !choices.once(in: 4) }
    let ages = [0, 1, 30, 59, 61, 600, 3_600, 86_400, -6, 100]
    var parts = times.map { "\"\($0)\": \(now - Double(choices.one(of: ages)))" }
    if !choices.once(in: 3) { parts.append("\"exit_code\": \(choices.one(of: [0, 1, 137]))") }
    if choices.once(in: 2) {
      parts.append("\"runs\": \(choices.number(0...3)), \"failures\": \(choices.number(0...2))")
    }
    if choices.once(in: 4) { parts.append("\"duration_seconds\": 0.5, \"note\": {\"x\": 1}") }
    return "{\(parts.joined(separator: ", "))}"
  }

  /// What stands in an entry.
  mutating func member(_ choices: inout Choices, now: Double, pids: [Int]) -> String {
    var parts: [String] = []
    if !choices.once(in: 20) {
      let ages = [0, 1, 59, 60, 61, -5, -6, 100, 1_000, 5]
      let time = now - Double(choices.one(of: ages)) + (choices.once(in: 3) ? 0.25 : 0)
      parts.append("\"last_heartbeat\": \(choices.once(in: 20) ? "\"now\"" : "\(time)")")
    }
    if choices.once(in: 4) { parts.append("\"job\": \(job(&choices, now: now))") }
    if isSteady {
      parts.append("\"pid\": \(choices.one(of: pids))")
      parts.append("\"x\": \(choices.number(0...5)), \"a.b\": 1, \"\(Self.long)\": \(choices.number(0...2))")
      return "{\(parts.joined(separator: ", "))}"
    }
    if choices.once(in: 2) { parts.append("\"pid\": \(choices.once(in: 12) ? "\"7\"" : "\(choices.one(of: pids))")") }
    if choices.once(in: 3) { parts.append("\"status\": \(choices.one(of: Self.words))") }
    if choices.once(in: 6) {
      parts.append("\"host\": \(choices.one(of: [#""far""#, #""here""#, #""h\u0065re""#, "1"]))")
    }
    let own = (0..<choices.number(0...4)).map { _ in data(&choices) }
    if choices.once(in: 3) {
      let nested = choices.once(in: 8) ? "\"a text\"" : "{\(own.joined(separator: ","))}"
      parts.append("\"additional_data\": \(nested)")
      if choices.once(in: 3) { parts.append(data(&choices)) }
    } else {
      parts += own
    }
    if choices.once(in: 4), parts.count > 1 { parts.swapAt(0, parts.count - 1) }
    return "{\(parts.joined(separator: choices.once(in: 2) ? ", " : ",\n  "))}"
  }

  private mutating func data(_ choices: inout Choices) -> String {
    var key = choices.one(of: Self.keys)
    if choices.once(in: 4) {
      keys += 1
      key = "id\(keys)"
    }
    return "\"\(key)\": \(choices.one(of: Self.values))"
  }

  /// The whole file.
  func text(_ choices: inout Choices) -> [UInt8] {
    let space = choices.once(in: 3) ? " ,\n " : ", "
    let body = members.map { "\"\($0.name)\": \($0.text)" }.joined(separator: space)
    let updated = choices.once(in: 3) ? "\"last_updated\": \(choices.number(1_000...1_003)), " : ""
    return Array("{\(updated)\"processes\": {\(body)}\(silences)}".utf8)
  }
}
