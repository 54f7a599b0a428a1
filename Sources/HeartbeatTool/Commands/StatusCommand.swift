internal import Flags
internal import Glibc
internal import Heartbeat
internal import POSIX

/// `heartbeat status`
enum StatusCommand {
  private static let json = Flag<Bool>.toggle("json", negatable: false, help: "Prints JSON.")

  static let command = Command(
    name: "status", title: "Says whether programs are alive; exit status 0 alive, 1 dead, 2 unknown.",
    flags: FlagSet(
      program: "heartbeat status",
      summary:
        "Says whether a program is alive, or all of them. Exit status: 0 alive, 1 dead, 2 unknown (no such name, "
        + "no file, a file that cannot be read). Without a name: 0 when all are alive, 1 when one is dead.",
      groups: [FlagGroup("Flags", [CommonFlags.timeout, json, CommonFlags.file])],
      arguments: .named("NAME", 0...1),
      examples: [
        FlagExample("In a script", "heartbeat status bidder --timeout 2m || systemctl restart bidder"),
        FlagExample("All of them", "heartbeat status"),
      ]),
    run: { (values, _) in run(values) })

  private static func run(_ values: FlagValues) -> Int32 {
    let file = values[CommonFlags.file]
    let all: [Heartbeat]
    do throws(HeartbeatError) {
      all = try HeartbeatManager(file: file).allHeartbeats()
    } catch {
      Console.error(error.description)
      return 2
    }
    let shown = values.arguments.first.map { name in Array(all.filter { $0.name == name }.suffix(1)) } ?? all
    let now = Clock.realtime
    let timeout = values[CommonFlags.timeout]
    if values[json] {
      let items = shown.map { Self.json(of: $0, now: now, timeout: timeout) }
      let value: JSONValue = values.arguments.isEmpty ? .array(items) : items.first ?? .null
      Console.print(String(decoding: value.serialised(pretty: true), as: UTF8.self))
    }
    guard !shown.isEmpty else {
      let what = values.arguments.first.map { "no heartbeat of \(quoted($0)) in" } ?? "no heartbeats in"
      let hint = access(file, F_OK) == 0 ? "" : ": there is no such file"
      Console.error("\(what) \(file)\(hint)")
      return 2
    }
    if !values[json] {
      Console.print(StatusTable.lines(shown, now: now, timeout: timeout).joined(separator: "\n"))
    }
    return shown.allSatisfy { $0.isAlive(at: now, timeout: timeout) } ? 0 : 1
  }

  private static func json(of beat: Heartbeat, now: Double, timeout: Double) -> JSONValue {
    var object: JSONObject = [
      "name": .string(beat.name),
      "alive": .bool(beat.isAlive(at: now, timeout: timeout)),
    ]
    object["age_seconds"] = beat.age(at: now).map { .number($0) } ?? .null
    object["last_heartbeat"] = beat.lastHeartbeat.map { .number($0) } ?? .null
    object["pid"] = beat.pid.map { .integer(Int64(widening: $0)) } ?? .null
    object["status"] = beat.status.map { .string($0) } ?? .null
    if let host = beat.host { object["host"] = .string(host) }
    object["additional_data"] = beat.additionalData
    return .object(object)
  }
}

/// The table of `heartbeat status`.
enum StatusTable {
  /// One line a heartbeat, below a heading.
  static func lines(_ beats: [Heartbeat], now: Double, timeout: Double) -> [String] {
    let style = Style.forStandardOutput
    let table = TextTable(
      columns: [
        .init("", .left), .init("NAME", .left, canShrink: true), .init("STATUS", .left, canShrink: true),
        .init("AGE", .right), .init("PID", .right),
      ],
      rows: beats.map { beat in
        let isAlive = beat.isAlive(at: now, timeout: timeout)
        return [
          isAlive ? .init("●", .good) : .init("○", .bad),
          .init(beat.name, .strong),
          .init(isAlive ? beat.status ?? "-" : "dead", isAlive ? .plain : .bad),
          .init(beat.age(at: now).map(seconds) ?? "-", isAlive ? .plain : .bad),
          .init(beat.pid.map { "\($0)" } ?? "-", .faint),
        ]
      })
    return table.lines(width: style.width, style: style)
  }
}
