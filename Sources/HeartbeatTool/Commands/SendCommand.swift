internal import Flags
internal import Glibc
internal import Heartbeat
internal import JSON
internal import POSIX

/// `heartbeat send`
enum SendCommand {
  /// The most bytes of JSON that are read from standard input.
  static let longestInput = 1 << 20

  private static let status = Flag<String>.value(
    "status", .string, default: "alive", help: "The status word, such as alive or scanning.")
  private static let data = Flag<[String]>.list(
    "data", .string.named("KEY=VALUE"),
    help: "A number, true, false or a text of the process's own; may be given more than once.")
  private static let json = Flag<String?>.optional(
    "json", .string.named("OBJECT"), help: "All data at once as a JSON object; - reads it from standard input.")
  private static let pid = Flag<Int?>.optional(
    "pid", .integer(1...Int(Int32.max)).named("PID"),
    help: "The process that is alive. Without it the one that called heartbeat: a script's shell.")

  static let command = Command(
    name: "send", title: "Sends one heartbeat.",
    flags: FlagSet(
      program: "heartbeat send", summary: "Sends one heartbeat.",
      groups: [
        FlagGroup("Flags", [status, data, json, pid, CommonFlags.file, CommonFlags.retention]),
        FlagGroup("Push", PushFlags.all),
      ],
      arguments: .named("NAME", 1...1),
      examples: [
        FlagExample("Beat from a shell script", "heartbeat send backup --status copying --data files=120"),
        FlagExample("Beat to an exporter on another host", "heartbeat send backup --url http://monitoring:9464"),
        FlagExample("Data from another program", "stats --json | heartbeat send stats --json -"),
      ]),
    run: { (values, _) throws(FlagError) in try run(values) })

  private static func run(_ values: FlagValues) throws(FlagError) -> Int32 {
    var object: JSONObject?
    if let text = values[json] {
      let bytes: [UInt8]
      do throws(Errno) {
        bytes = text == "-" ? try standardInput() : Array(text.utf8)
      } catch {
        Console.error(
          error.rawValue == EFBIG
            ? "standard input has more than \(longestInput) bytes" : "cannot read standard input: \(error)")
        return 1
      }
      object = try parse(bytes, from: text == "-" ? "standard input" : "--json")
    }
    for pair in values[data] {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else {
        throw .badValue(source: "--data", value: pair, expected: "KEY=VALUE, such as offset=140")
      }
      object = object ?? [:]
      object?[String(parts[0])] = value(of: String(parts[1]))
    }
    if let target = try PushFlags.target(values, staysVisible: false) {
      return send(values.arguments.first ?? "", object, to: target, values)
    }
    let pid = values[pid].flatMap { Int32(exactly: $0) } ?? getppid()
    do throws(HeartbeatError) {
      var options = HeartbeatManager.Options()
      options.retention = values[CommonFlags.retention]
      try HeartbeatManager(file: values[CommonFlags.file], options: options).sendHeartbeat(
        values.arguments.first ?? "", status: values[status], additionalData: object, pid: pid > 0 ? pid : nil)
      return 0
    } catch {
      Console.error(error.description)
      return 1
    }
  }

  private static func send(_ name: String, _ data: JSONObject?, to target: PushTarget, _ values: FlagValues) -> Int32 {
    var beat: JSONObject = ["status": .string(values[status])]
    // To another host this host's pids say nothing.
    let caller = Int(widening: getppid())
    if let number = values[pid] ?? (target.isLocal && caller > 0 ? caller : nil) {
      beat["pid"] = .integer(Int64(widening: number))
    }
    if let data { beat["additional_data"] = .object(data) }
    guard let problem = target.send(name, beat, timeout: PushTarget.patience) else { return 0 }
    Console.error(problem)
    return 1
  }

  /// A JSON number, `true` and `false` are what they look like; everything else is a text.
  static func value(of text: String) -> JSONValue {
    switch text {
    case "true": return .bool(true)
    case "false": return .bool(false)
    default:
      guard let first = text.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first),
        let value = try? JSONValue(parsing: text), let number = value.doubleValue, number.isFinite
      else { return .string(text) }
      return value
    }
  }

  static func parse(_ bytes: [UInt8], from source: String) throws(FlagError) -> JSONObject {
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(parsing: bytes)
    } catch {
      throw .invalid("\(source): \(error)")
    }
    guard let object = value.objectValue else { throw .invalid("\(source): expected a JSON object") }
    return object
  }

  private static func standardInput() throws(Errno) -> [UInt8] {
    var bytes: [UInt8] = []
    let raw = dup(STDIN_FILENO)
    guard raw >= 0 else { throw Errno.last }
    try FileDescriptor(owning: raw).readToEnd(appendingTo: &bytes, limit: longestInput)
    return bytes
  }
}
