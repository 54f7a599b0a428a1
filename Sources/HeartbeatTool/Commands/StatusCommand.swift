internal import HTTP
internal import Flags
internal import Glibc
internal import Heartbeat
internal import JSON
internal import Monitoring
internal import POSIX
internal import YAML

/// `heartbeat status`
enum StatusCommand {
  private static let json = Flag<Bool>.toggle("json", negatable: false, help: "Prints JSON.")

  static let command = Command(
    name: "status", title: "Says whether programs are alive; exit status 0 alive, 1 not alive, 2 unknown.",
    flags: FlagSet(
      program: "heartbeat status",
      summary:
        "Shows the state of a program and the reason, or those of all. Exit status: 0 alive, 1 not alive (hung, dead, stopped, never seen), "
        + "2 unknown (no such name, no file, a file or an entry that cannot be read). Without a name: 0 when all are alive, "
        + "1 when one is not.",
      groups: [
        FlagGroup("Flags", [CommonFlags.timeout, json, CommonFlags.configuration, CommonFlags.files]),
        FlagGroup("Another host", ExporterFlags.all),
      ],
      arguments: .named("NAME", 0...1),
      examples: [
        FlagExample("In a script", "heartbeat status bidder --timeout 2m || systemctl restart bidder"),
        FlagExample("All of them", "heartbeat status"),
      ]),
    unwritten: 2, run: { (values, _) throws(FlagError) in try run(values) })

  /// The programs as they are seen, or why they cannot be.
  private enum Seen {
    /// - Parameter problem: why a file cannot be read: the programs in it are doubtful.
    /// - Parameter notes: what else there is to say of the sources.
    case programs([ProgramView], leftOut: LeftOut, place: String, problem: String?, notes: [String] = [])
    case nothing(String)
  }

  private static func run(_ values: FlagValues) throws(FlagError) -> Int32 {
    let exporters = try ExporterFlags.exporters(values)
    guard exporters.count < 2 else { throw .invalid("--url: expected one exporter; 'heartbeat monitor' shows several") }
    let seen: Seen
    if let exporter = exporters.first {
      seen = remote(exporter)
    } else {
      do throws(ConfigurationError) {
        seen = local(values, try CommonFlags.load(values))
      } catch {
        Console.error(error.description)
        return 2
      }
    }
    switch seen {
    case .nothing(let problem):
      Console.error(problem)
      return 2
    case .programs(let programs, let leftOut, let place, let problem, let notes):
      return show(programs, leftOut, of: place, problem, notes, values)
    }
  }

  private static func local(_ values: FlagValues, _ configuration: Configuration) -> Seen {
    let sources = CommonFlags.sources(values, configuration)
    var source = LocalSource(sources: sources, configuration: configuration, timeout: values[CommonFlags.timeout])
    let programs = source.programs(at: Clock.realtime, withData: values[json])
    let place = sources.map(\.path).joined(separator: ", ")
    // A configured process is never seen as long as there is no file; who asks for all of nothing shall know why.
    let problem = source.problem.flatMap { $0.failure != .missing || programs.isEmpty ? $0.description : nil }
    // Where there is nothing else, the problem says it.
    let notes = problem != nil && programs.isEmpty ? [] : source.emptyPatterns.map { "no file matches \($0) yet" }
    return .programs(programs, leftOut: source.leftOut, place: place, problem: problem, notes: notes)
  }

  private static func remote(_ exporter: WatchedExporter) -> Seen {
    let host = RemoteSource.name(of: exporter.server)
    do throws(NetworkError) {
      switch try RemoteSource(exporter).programs() {
      case .seen(let seen):
        let isOfUse = !seen.isFileMissing || seen.programs.isEmpty || seen.programs.contains(where: \.isDoubtful)
        let problem = isOfUse ? seen.fileProblem.map { "\(host): \($0)" } : nil
        return .programs(seen.programs, leftOut: seen.leftOut, place: host, problem: problem)
      case .refused(401), .refused(403):
        let what =
          exporter.server.authorization == nil
          ? "wants a user and a password: https://USER@HOST and --url-password-file"
          : "does not take this user and password"
        return .nothing("\(host): it \(what)")
      case .refused(200), .refused(404):
        return .nothing("\(host): this is no heartbeat-exporter's API; expected its URL, such as http://host:9464")
      case .refused(let status): return .nothing("\(host): it answered with status \(status)")
      }
    } catch {
      return .nothing("\(host): \(error.description)")
    }
  }

  private static func show(
    _ programs: [ProgramView], _ found: LeftOut, of place: String, _ problem: String?, _ notes: [String],
    _ values: FlagValues
  ) -> Int32 {
    let name = values.arguments.first
    let leftOut = found.named.filter { name == nil || $0.process == name }
    // What was known before is no answer; the other files' programs are as they are. Nor is "never seen" of one whose entry is left out.
    let shown = programs.filter { program in
      !program.isDoubtful && !(program.verdict.reason == .neverSeen && found.hides(program.name))
        && (name == nil || program.name == name)
    }
    // Where it is, no other file counts.
    let isFound = name != nil && !shown.isEmpty
    let problem = isFound ? nil : problem
    let files = isFound ? [] : found.fileSentences
    let others = name == nil ? found.others : 0
    if shown.isEmpty, let problem {
      Console.error(problem)
      return 2
    }
    if values[json] {
      let items = shown.map { Self.json(of: $0) }
      let value: JSONValue = values.arguments.isEmpty ? .array(items) : items.first ?? .null
      Console.print(String(decoding: value.serialised(pretty: true), as: UTF8.self))
    }
    if let problem { Console.error(problem) }
    for sentence in (isFound ? [] : notes) + files { Console.error(sentence) }
    for problem in leftOut { Console.error(problem.sentence { quoted($0, limit: 400) }) }
    if others > 0 { Console.error("and \(others) more are left out") }
    guard !shown.isEmpty else {
      guard leftOut.isEmpty, files.isEmpty else { return 2 }
      let what = name.map { "no heartbeat of \(quoted($0)) in" } ?? "no heartbeats in"
      Console.error("\(what) \(place)")
      return 2
    }
    if !values[json] { Console.print(StatusTable.lines(shown).joined(separator: "\n")) }
    guard shown.allSatisfy({ $0.verdict.state == .alive }) else { return 1 }
    // How a program does whose file or entry is not read, nobody can say.
    let hides = leftOut.contains { name == nil ? $0.reason.leavesOutEntry : $0.reason.hidesName }
    return problem != nil || others > 0 || !files.isEmpty || hides ? 2 : 0
  }

  private static func json(of program: ProgramView) -> JSONValue {
    var object: JSONObject = [
      "name": .string(program.name),
      "alive": .bool(program.verdict.state == .alive),
      "state": .string(program.verdict.state.rawValue),
      "reason": .string(program.verdict.reason.rawValue),
    ]
    object["up"] = program.isUp.map { .bool($0) } ?? .null
    object["age_seconds"] = program.age.map { .number($0) } ?? .null
    object["timeout_seconds"] = program.timeout.map { .number($0) } ?? .null
    object["last_heartbeat"] = program.lastBeat.map { .number($0) } ?? .null
    object["pid"] = program.pid.map { .integer(Int64(widening: $0)) } ?? .null
    object["status"] = program.status.map { .string($0) } ?? .null
    if let due = program.nextDue { object["next_due"] = .number(due) }
    if let host = program.host { object["host"] = .string(host) }
    object["silenced"] = program.silence.map { .object($0.object) } ?? .null
    object["additional_data"] = program.data ?? [:]
    return .object(object)
  }
}

/// The table of `heartbeat status`.
enum StatusTable {
  /// One line a program, the worst first, below a heading.
  static func lines(_ programs: [ProgramView]) -> [String] {
    let style = Style.forStandardOutput
    let table = TextTable(
      columns: [
        .init("", .left), .init("NAME", .left, canShrink: true), .init("STATE", .left),
        .init("DETAIL", .left, canShrink: true), .init("AGE", .right), .init("PID", .right),
      ],
      rows: programs.sorted(by: ProgramView.isWorse).map { program in
        let state = program.verdict.state
        return [
          .init(state.sign, state.emphasis), .init(program.name, .strong), .init(state.rawValue, state.emphasis),
          .init(program.detail, state == .alive ? .plain : state.emphasis),
          .init(program.age.map(seconds) ?? "-", state == .alive ? .plain : state.emphasis),
          .init(program.pid.map { "\($0)" } ?? "-", .faint),
        ]
      })
    return table.lines(width: style.width, style: style)
  }
}
