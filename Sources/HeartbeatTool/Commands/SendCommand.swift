internal import Flags
internal import Glibc
internal import Heartbeat
internal import HeartbeatPush
internal import JSON
internal import POSIX

/// `heartbeat send`
enum SendCommand {
  /// The longest interval that a beat declares, in seconds: 366 days.
  private static let longestInterval = 31_622_400.0

  private static let status = Flag<String>.value(
    "status", .string, default: "alive", help: "The status word, such as alive or scanning.")
  private static let data = Flag<[String]>.list(
    "data", .string.named("KEY=VALUE"),
    help: "A value of the process's own: a number, true, false or text. May be given more than once.")
  private static let merge = Flag<Bool>.toggle(
    "merge", negatable: false,
    help: "Keeps the last beat's data under other keys. Without it, new data replace all of them.")
  private static let interval = Flag<Double?>.optional(
    "interval", .duration(0.001...longestInterval),
    help: "The time between two beats, as you intend it: the exporter makes its timeout fit.")
  private static let json = Flag<String?>.optional(
    "json", .string.named("OBJECT"), help: "All data at once as a JSON object; - reads it from standard input.")
  private static let pid = Flag<Int?>.optional(
    "pid", .integer(0...Int(HeartbeatSnapshot.maximumPid)).named("PID"),
    help: "The process that is alive; 0: none. Default: the one that called heartbeat, such as the shell of a script.")

  static let command = Command(
    name: "send", title: "Sends one heartbeat.",
    flags: FlagSet(
      program: "heartbeat send", summary: "Sends one heartbeat.",
      groups: [
        FlagGroup(
          "Flags",
          [
            status, data, json, merge, interval, pid, CommonFlags.host, CommonFlags.time, CommonFlags.file,
            CommonFlags.retention, CommonFlags.fsync,
          ]),
        FlagGroup("Push", PushFlags.all),
      ],
      arguments: .named("NAME", 1...1),
      examples: [
        FlagExample("Beat from a shell script", "heartbeat send backup --status copying --data files=120"),
        FlagExample("Beat to an exporter on another host", "heartbeat send backup --url http://monitoring:9464"),
        FlagExample(
          "A failure that keeps what the last success reported",
          "heartbeat send backup --status failed --merge --data code=3"),
        FlagExample("Data from another program", "stats --json | heartbeat send stats --json -"),
      ]),
    run: { (values, environment) throws(FlagError) in try run(values, environment) })

  private static func run(_ values: FlagValues, _ environment: [String: String]) throws(FlagError) -> Int32 {
    guard case .given(let object) = try GivenData(json: values[json], pairs: values[data]) else { return 1 }
    let target = try PushFlags.singleTarget(values)
    var pid = values[pid].flatMap { Int32(exactly: $0) }
    // To another host this host's pids say nothing.
    if pid == nil, target?.isLocal ?? true { pid = caller(but: RunMark.supervisor(environment[RunMark.variable])) }
    if pid == 0 { pid = nil }
    var beat = Beat(
      values.arguments.first ?? "", status: values[status], additionalData: object, pid: pid,
      host: values[CommonFlags.host], time: values[CommonFlags.time],
      interval: values[interval].map(Duration.init(clampingSeconds:)))
    beat.mergesData = values[merge]
    beat = beat.takingKnownKeys(hasOwnPid: values[self.pid] != nil)
    return PushFlags.send(beat, to: target, values)
  }

  /// The process that called us; nil when it has gone, or may have: the parent of an orphan is one that adopts them, such as process 1 or a
  /// user's service manager, and that lives on.
  ///
  /// - Parameter supervisor: adopts orphans too.
  private static func caller(but supervisor: pid_t?) -> pid_t? {
    let parent = getppid()
    // Any other one that adopts is in another session. In a container process 1 may be the script that calls us. 0: in another pid namespace.
    guard parent > 0, parent != supervisor, getsid(parent) == getsid(0) else { return nil }
    return parent
  }
}
