internal import HTTP
internal import Heartbeat
internal import JSON
internal import Monitoring
internal import POSIX

/// Looks at a host through its exporter: what that says of the states is shown as it is.
struct RemoteSource {
  /// Asks for a page of an exporter.
  typealias Ask = (Endpoint, _ accept: String) throws(NetworkError) -> HTTPClient.Answer

  /// Seconds that one request may take.
  static let timeout = 5.0
  /// Seconds that a look may take: it makes two requests.
  static let longestLook = 2 * timeout

  private let server: ServerURL
  /// What stands in front of the API's paths.
  private let base: String
  private let clock: () -> Double
  private let get: Ask
  private var cpu = CPUUsage()

  /// An exporter by its URL, that of its metrics or what stands in front of the API's paths.
  ///
  /// - Parameter clock: gives Unix time in seconds.
  init(_ server: ServerURL, clock: @escaping () -> Double = { Clock.realtime }, get: @escaping Ask) {
    self.clock = clock
    self.get = get
    self.server = server
    base = Self.base(of: server)
  }

  /// What stands in front of the API's paths of an exporter: it ends with a slash.
  private static func base(of server: ServerURL) -> String {
    let path = server.endpoint.path.prefix { $0 != "?" }
    return String(
      path.hasSuffix("/metrics") ? path.dropLast("metrics".count) : path.hasSuffix("/") ? path : path + "/")
  }

  /// What people know an exporter by: its host and port, and the path below which it is, for one host may have several.
  static func name(of server: ServerURL) -> String { server.endpoint.authority + base(of: server).dropLast() }

  /// An exporter that is asked over the network.
  init(_ exporter: WatchedExporter) {
    let (authorization, trust) = (exporter.server.authorization, exporter.trust)
    self.init(exporter.server) { (page, accept) throws(NetworkError) in
      try HTTPClient.get(
        page, timeout: RemoteSource.timeout, accept: accept, authorization: authorization, trust: trust)
    }
  }

  /// What people know it by.
  private var name: String { Self.name(of: server) }

  /// What there is to see now. Blocks for `longestLook` at the most.
  mutating func look() -> HostView {
    var view = HostView(name: name, time: clock())
    do throws(NetworkError) {
      guard case .seen(let seen) = try programs() else { return try lookAtMetrics() }
      view.time = clock()
      view.programs = seen.programs
      view.leftOut = seen.leftOut
      if seen.isFileMissing, seen.programs.isEmpty {
        view.absence = seen.fileProblem
      } else if !seen.isFileMissing || seen.programs.contains(where: \.isDoubtful) {
        view.failure = seen.fileProblem
      }
      if let host = try Self.object(ask(path: "api/v1/host")) { view.system = system(host) }
    } catch {
      view.failure = error.description
    }
    return view
  }

  /// What the exporter says.
  struct Seen {
    var programs: [ProgramView]
    /// What it has left out of its files.
    var leftOut = LeftOut()
    /// Why it cannot read a file: what it says of the programs is what it knew before.
    var fileProblem: String?
    /// Whether that is because there is no such file.
    var isFileMissing = false

    fileprivate init(programs: [(view: ProgramView, file: String?)], _ problems: [FileProblem]) {
      self.programs = programs.map { program, file in
        var program = program
        program.isDoubtful = problems.contains { $0.concerns(program, in: file) }
        return program
      }
      let worst = problems.first { !$0.isMissing } ?? problems.first
      fileProblem = worst?.message
      isFileMissing = worst?.isMissing ?? false
    }
  }

  /// What came of asking the API.
  enum Answer {
    case seen(Seen)
    /// It is no exporter's API, or does not answer this one.
    case refused(status: Int)
  }

  /// What the exporter says of its programs and files.
  func programs() throws(NetworkError) -> Answer {
    let answer = try ask(path: "api/v1/heartbeats")
    guard let object = Self.object(answer), case .array(let items)? = object["heartbeats"] else {
      return .refused(status: answer.status)
    }
    let now = clock()
    let programs = items.compactMap { $0.objectValue }.compactMap { item in
      ProgramView(item, now: now).map { ($0, item["file"]?.stringValue) }
    }
    var seen = Seen(programs: programs, FileProblem.all(in: object))
    if case .array(let items)? = object["problems"] {
      let (files, named) = (items.compactMap(FilesLeftOut.init), items.compactMap(EntryProblem.init))
      let count = object["problem_count"]?.integerValue.flatMap { Int(exactly: $0) } ?? items.count
      seen.leftOut = LeftOut(files: files, named: named, others: max(0, count - files.count - named.count))
    }
    // In a state that only a later version knows.
    seen.leftOut.others += items.count - programs.count
    return .seen(seen)
  }

  /// A file that an exporter cannot read.
  fileprivate struct FileProblem {
    /// nil: the exporter does not say which.
    let path: String?
    let message: String
    let isMissing: Bool

    /// All of an answer's.
    static func all(in answer: JSONObject) -> [FileProblem] {
      // Without any, what is wrong is said of all.
      if case .array(let files)? = answer["files"], !files.isEmpty {
        return files.compactMap { $0.objectValue.flatMap { FileProblem($0) } }
      }
      return answer["file"]?.objectValue.flatMap { FileProblem($0) }.map { [$0] } ?? []
    }

    init?(_ file: JSONObject) {
      guard let problem = file["problem"]?.objectValue else { return nil }
      path = file["path"]?.stringValue
      message = problem["message"]?.stringValue ?? "its heartbeat file cannot be read"
      isMissing = problem["reason"]?.stringValue?.isSame(as: HeartbeatFileFailure.missing.rawValue) ?? false
    }

    /// Whether what is said of a process was known before the file could not be read any more.
    func concerns(_ program: ProgramView, in file: String?) -> Bool {
      // Of who never wrote it can be seen that he has not: there is no file.
      guard !isMissing || program.verdict.reason != .neverSeen else { return false }
      guard let path else { return true }
      guard let file else { return program.verdict.reason == .neverSeen }
      return file.isSame(as: path) || file.utf8.starts(with: (path + "/").utf8)
    }
  }

  private func ask(path: String) throws(NetworkError) -> HTTPClient.Answer {
    guard let page = Endpoint("\(server)\(base)\(path)") else { throw .notHTTP }
    return try get(page, "application/json")
  }

  private static func object(_ answer: HTTPClient.Answer) -> JSONObject? {
    guard answer.status == 200, case .object(let object)? = try? JSONValue(parsing: answer.body) else { return nil }
    return object
  }

  private mutating func system(_ host: JSONObject) -> SystemView {
    var view = SystemView()
    func number(_ key: String) -> Double? { host[key]?.doubleValue }
    if let busy = number("cpu_busy_seconds"), let total = number("cpu_seconds") {
      view.cpu = cpu.share(busy: busy, total: total)
    }
    if let total = number("memory_total_bytes"), let available = number("memory_available_bytes") {
      view.memoryTotal = total
      view.memoryUsed = total - available
    }
    if case .array(let disks)? = host["filesystems"] {
      for case .object(let disk) in disks where disk["mountpoint"] == "/" {
        view.diskTotal = disk["size_bytes"]?.doubleValue
        view.diskShare = disk["used_ratio"]?.doubleValue
      }
    }
    view.load = number("load1")
    return view
  }

  // MARK: Without the API

  /// An exporter behind something that lets only its metrics through.
  private mutating func lookAtMetrics() throws(NetworkError) -> HostView {
    var view = HostView(name: name, time: clock())
    let endpoint = server.endpoint
    let url = endpoint.path == "/" ? Endpoint("\(server)/metrics") ?? endpoint : endpoint
    let answer = try get(url, "text/plain;version=0.0.4")
    guard answer.status == 200 else {
      view.failure = "answered with status \(answer.status)"
      return view
    }
    let metrics = ScrapedHost(answer.body)
    guard metrics.isExporter else {
      view.failure = "this is no heartbeat-exporter; expected its URL, such as http://host:9464"
      return view
    }
    view.time = clock()
    view.programs = metrics.programs(now: view.time)
    if metrics.cannotReadFile { view.failure = "its heartbeat file cannot be read" }
    view.system = metrics.system(cpu: &cpu)
    return view
  }
}

extension ProgramView {
  /// An element of the API's list; nil when it lacks the name, or a state that is known here.
  init?(_ object: JSONObject, now: Double) {
    guard let name = object["name"]?.stringValue,
      let state = object["state"]?.stringValue.flatMap(ProcessState.init(exactly:)),
      let reason = object["reason"]?.stringValue.flatMap(StateReason.init(exactly:))
    else { return nil }
    let process: JSONObject? = if case .object(let process)? = object["process"] { process } else { nil }
    let due = object["job"]?.objectValue?["next_due"]?.doubleValue
    let title = object["display_name"]?.stringValue
    let isUp: Bool? = if case .bool(let isUp)? = object["up"] { isUp } else { nil }
    self.init(
      name: name, title: title ?? name, isConfigured: object["configured"] == true, verdict: Verdict(state, reason),
      isUp: isUp, status: object["status"]?.stringValue,
      pid: object["pid"]?.integerValue.flatMap { Int32(exactly: $0) }, host: object["host"]?.stringValue,
      runtime: process?["start_time"]?.doubleValue.map { now - $0 }, lastBeat: object["last_heartbeat"]?.doubleValue,
      age: object["age_seconds"]?.doubleValue, timeout: object["timeout_seconds"]?.doubleValue,
      residentBytes: process?["resident_memory_bytes"]?.doubleValue, silence: object["silenced"].flatMap(Silence.init),
      data: object["data"], nextDue: due, dueIn: due.map { $0 - now })
  }
}

extension FilesLeftOut {
  /// An element of the API's `problems`; nil when it is about something else.
  init?(_ item: JSONValue) {
    guard let object = item.objectValue, let reason = object["reason"]?.stringValue, reason.isSame(as: Self.reason),
      let pattern = object["file"]?.stringValue,
      let count = object["files"]?.integerValue.flatMap({ Int(exactly: $0) })
    else { return nil }
    self.init(pattern: pattern, count: count)
  }
}

extension EntryProblem {
  /// An element of the API's `problems`; nil when it lacks the name, or a reason that is known here.
  init?(_ item: JSONValue) {
    guard let object = item.objectValue, let process = object["process"]?.stringValue,
      let reason = object["reason"]?.stringValue.flatMap(HeartbeatSnapshot.SkipReason.init(exactly:))
    else { return nil }
    self.init(
      process: process, reason: reason, offset: object["byte"]?.integerValue.flatMap { Int(exactly: $0) },
      file: object["file"]?.stringValue)
  }
}
