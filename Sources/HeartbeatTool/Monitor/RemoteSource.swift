internal import HTTP
internal import Heartbeat
internal import JSON
internal import Monitoring
internal import POSIX

/// Looks at a host through its exporter: what that says of the states is shown as it is.
struct RemoteSource {
  /// Asks an exporter.
  typealias Ask = (Endpoint, _ accept: String) throws(NetworkError) -> HTTPClient.Answer

  /// Seconds that one request may take.
  static let timeout = 5.0

  let endpoint: Endpoint
  private let base: String
  private let clock: () -> Double
  private let get: Ask
  private var cpu = CPUUsage()

  /// An exporter by its URL, that of its metrics or what stands in front of the API's paths.
  ///
  /// - Parameter clock: gives Unix time in seconds.
  init(
    _ endpoint: Endpoint, clock: @escaping () -> Double = { Clock.realtime }, get: @escaping Ask = RemoteSource.get
  ) {
    self.clock = clock
    self.get = get
    self.endpoint = endpoint
    let path = endpoint.path.prefix { $0 != "?" }
    base = String(path.hasSuffix("/metrics") ? path.dropLast("metrics".count) : path.hasSuffix("/") ? path : path + "/")
  }

  private static func get(_ endpoint: Endpoint, accept: String) throws(NetworkError) -> HTTPClient.Answer {
    try HTTPClient.get(endpoint, timeout: timeout, accept: accept)
  }

  /// What there is to see now. Blocks for `timeout` for each of two requests at the most.
  mutating func look() -> HostView {
    var view = HostView(name: endpoint.authority, time: clock())
    do throws(NetworkError) {
      guard let seen = try programs() else { return try lookAtMetrics() }
      view.time = clock()
      view.programs = seen.programs
      view.leftOut = seen.leftOut
      if seen.isFileMissing, seen.programs.isEmpty {
        view.absence = seen.fileProblem
      } else if !seen.isFileMissing {
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
  }

  /// What the exporter says of its programs and files; nil when there is no such API.
  func programs() throws(NetworkError) -> Seen? {
    let answer = try ask(path: "api/v1/heartbeats")
    guard let programs = Self.programs(answer, now: clock()), let object = Self.object(answer) else { return nil }
    var seen = Seen(programs: programs)
    if case .array(let items)? = object["problems"] {
      let named = items.compactMap(EntryProblem.init)
      let count = object["problem_count"]?.integerValue.flatMap { Int(exactly: $0) } ?? items.count
      seen.leftOut = LeftOut(named: named, others: max(0, count - named.count))
    }
    if let problem = object["file"]?.objectValue?["problem"]?.objectValue {
      seen.fileProblem = problem["message"]?.stringValue ?? "its heartbeat file cannot be read"
      seen.isFileMissing = problem["reason"]?.stringValue == HeartbeatFileFailure.missing.rawValue
    }
    return seen
  }

  private func ask(path: String) throws(NetworkError) -> HTTPClient.Answer {
    guard let url = Endpoint("http://\(endpoint.authority)\(base)\(path)") else { throw .notHTTP }
    return try get(url, "application/json")
  }

  private static func object(_ answer: HTTPClient.Answer) -> JSONObject? {
    guard answer.status == 200, case .object(let object)? = try? JSONValue(parsing: answer.body) else { return nil }
    return object
  }

  /// The programs in the order in which the exporter lists them; nil when the answer is none of the API's.
  static func programs(_ answer: HTTPClient.Answer, now: Double) -> [ProgramView]? {
    guard case .array(let items)? = object(answer)?["heartbeats"] else { return nil }
    return items.compactMap { item in
      guard case .object(let object) = item else { return nil }
      return ProgramView(object, now: now)
    }
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
      for case .object(let disk) in disks where disk["mountpoint"]?.stringValue == "/" {
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
    var view = HostView(name: endpoint.authority, time: clock())
    let url = endpoint.path == "/" ? Endpoint("http://\(endpoint.authority)/metrics") ?? endpoint : endpoint
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
      let state = object["state"]?.stringValue.flatMap(ProcessState.init(rawValue:)),
      let reason = object["reason"]?.stringValue.flatMap(StateReason.init(rawValue:))
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

extension EntryProblem {
  /// An element of the API's `problems`; nil when it lacks the name, or a reason that is known here.
  init?(_ item: JSONValue) {
    guard let object = item.objectValue, let process = object["process"]?.stringValue,
      let reason = object["reason"]?.stringValue.flatMap(HeartbeatSnapshot.SkipReason.init(rawValue:))
    else { return nil }
    self.init(
      process: process, reason: reason, offset: object["byte"]?.integerValue.flatMap { Int(exactly: $0) },
      file: object["file"]?.stringValue)
  }
}
