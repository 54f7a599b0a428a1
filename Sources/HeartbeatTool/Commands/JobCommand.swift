internal import Flags
internal import Heartbeat
internal import JSON
internal import POSIX

/// `heartbeat job`
enum JobCommand {
  private static let exitCode = Flag<Int?>.optional(
    "exit-code", .integer(Int(widening: JobEvent.exitCodes.lowerBound)...Int(widening: JobEvent.exitCodes.upperBound)),
    help: "How the run ended. It decides: 0 is a success, anything else a failure, so that --exit-code $? "
      + "reports both.")
  private static let data = Flag<[String]>.list(
    "data", .string.named("KEY=VALUE"),
    help: "A value of the job's own: a number, true, false or text. May be given more than once. Other values stay.")
  private static let json = Flag<String?>.optional(
    "json", .string.named("OBJECT"), help: "Such data as a JSON object; - reads it from standard input.")
  private static let pid = Flag<Int?>.optional(
    "pid", .integer(1...Int(HeartbeatSnapshot.maximumPid)).named("PID"),
    help: "With start: the process that runs, such as a script's $$. When it is gone before the run ended, the "
      + "job counts as dead.")

  static let command = Command(
    name: "job", title: "Says that a job began, succeeded or failed; or when a schedule is due.",
    flags: FlagSet(
      program: "heartbeat job",
      summary: "Says that a job began (start), or how it ended (success, fail); or shows when a schedule is due "
        + "(next).",
      groups: [
        FlagGroup(
          "Flags of start, success and fail",
          [exitCode, data, json, pid, CommonFlags.time, CommonFlags.file, CommonFlags.retention, CommonFlags.fsync]),
        FlagGroup("Flags of next", ScheduleShow.flags),
        FlagGroup("Push", PushFlags.all),
      ],
      arguments: .named("start|success|fail|next NAME|SCHEDULE", 2...2),
      examples: [
        FlagExample("At the end of a line of a crontab", "./backup.sh; heartbeat job success backup --exit-code $?"),
        FlagExample("Around a script's work", "heartbeat job start backup --pid $$"),
        FlagExample("When a schedule is due", "heartbeat job next '30 3 * * mon-fri' --time-zone Europe/Zurich"),
      ]),
    run: { (values, _) throws(FlagError) in
      let (action, name) = (values.arguments.first ?? "", values.arguments.last ?? "")
      if action == "next" { return try ScheduleShow.run(name, values) }
      guard let word = JobEvent.Word(rawValue: action) else {
        let known = JobEvent.Word.allCases.map(\.rawValue) + ["next"]
        let meant = nearest(to: action, among: known).map { "did you mean \($0)?" }
        let hint = meant ?? "expected one of \(known.joined(separator: ", "))"
        throw .invalid("unknown action \(quoted(action)): \(hint)")
      }
      return try tell(word, of: name, values)
    })

  private static func tell(_ word: JobEvent.Word, of name: String, _ values: FlagValues) throws(FlagError) -> Int32 {
    guard (1...HeartbeatManager.longestName).contains(name.utf8.count) else {
      throw .invalid("the job's name: expected 1 to \(HeartbeatManager.longestName) bytes")
    }
    guard word != .start || values[exitCode] == nil else {
      throw .invalid("--exit-code with start: a run that begins has none")
    }
    guard word == .start || values[pid] == nil else {
      throw .invalid("--pid with \(word.rawValue): a run that has ended has none")
    }
    guard case .given(let object) = try GivenData(json: values[json], pairs: values[data]) else { return 1 }
    let target = try PushFlags.singleTarget(values)
    let beat = Beat.job(
      name, JobEvent(word, exitCode: values[exitCode].map { Int64(widening: $0) }), additionalData: object,
      pid: values[pid].flatMap { Int32(exactly: $0) }, time: values[CommonFlags.time])
    return PushFlags.send(beat, to: target, values)
  }
}
