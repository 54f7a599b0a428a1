internal import POSIX

/// Looks at a host through its exporter's `/metrics`.
struct RemoteSource {
  /// Asks an exporter for its metrics.
  typealias Ask = (Endpoint) throws(NetworkError) -> HTTPClient.Answer

  /// Seconds that one request may take.
  static let timeout = 5.0

  let endpoint: Endpoint
  private let clock: () -> Double
  private let ask: Ask
  private var cpu = CPUUsage()

  /// An exporter; a URL without a path means `/metrics`.
  ///
  /// - Parameter clock: gives Unix time in seconds.
  init(
    _ endpoint: Endpoint, clock: @escaping () -> Double = { Clock.realtime }, ask: @escaping Ask = RemoteSource.ask
  ) {
    self.clock = clock
    self.ask = ask
    self.endpoint = endpoint.path == "/" ? Endpoint("http://\(endpoint.authority)/metrics") ?? endpoint : endpoint
  }

  private static func ask(_ endpoint: Endpoint) throws(NetworkError) -> HTTPClient.Answer {
    try HTTPClient.get(endpoint, timeout: timeout, accept: "text/plain;version=0.0.4")
  }

  /// What there is to see now. Blocks for `timeout` at the most.
  mutating func look() -> HostView {
    var view = HostView(name: endpoint.authority, time: clock())
    do throws(NetworkError) {
      let answer = try ask(endpoint)
      guard answer.status == 200 else {
        view.failure = "answered with status \(answer.status)"
        return view
      }
      let metrics = MetricsReader(answer.body) { Self.wanted.contains($0) || $0.hasPrefix("system_memory_") }
      view.time = clock()
      view.programs = Self.programs(metrics, now: view.time)
      view.system = system(metrics)
    } catch {
      view.failure = error.description
    }
    return view
  }

  private static let wanted: Set<String> = [
    "heartbeat_age_seconds", "heartbeat_alive", "heartbeat_status", "heartbeat_pid", "heartbeat_timeout_seconds",
    "process_up", "process_start_time_seconds", "process_resident_memory_bytes", "system_cpu_seconds_total",
    "system_filesystem_size_bytes", "system_filesystem_free_bytes", "system_load1",
  ]

  /// The programs in the order in which the exporter lists them.
  static func programs(_ metrics: MetricsReader, now: Double) -> [ProgramView] {
    func byProcess(_ name: String) -> [String: Double] {
      var values: [String: Double] = [:]
      for sample in metrics[name] {
        if let process = sample.labels["process"] { values[process] = sample.value }
      }
      return values
    }
    let ages = byProcess("heartbeat_age_seconds")
    let pids = byProcess("heartbeat_pid")
    let up = byProcess("process_up")
    let starts = byProcess("process_start_time_seconds")
    let memory = byProcess("process_resident_memory_bytes")
    var statuses: [String: String] = [:]
    for sample in metrics["heartbeat_status"] {
      if let process = sample.labels["process"] { statuses[process] = sample.labels["status"] }
    }
    return metrics["heartbeat_alive"].compactMap { sample in
      guard let name = sample.labels["process"] else { return nil }
      let age = ages[name]
      let isAlive = age == nil ? nil : sample.value == 1
      return ProgramView(
        name: name, title: name, isConfigured: false,
        state: ProgramState(isAlive: isAlive, isUp: up[name].map { $0 == 1 }), status: statuses[name],
        pid: pids[name].flatMap { Int32(exactly: $0) }, runtime: starts[name].map { now - $0 },
        lastBeat: age.map { now - $0 }, age: age, residentBytes: memory[name])
    }
  }

  private mutating func system(_ metrics: MetricsReader) -> SystemView {
    var view = SystemView()
    var busy = 0.0
    var total = 0.0
    for sample in metrics["system_cpu_seconds_total"] {
      total += sample.value
      if sample.labels["mode"] != "idle" && sample.labels["mode"] != "iowait" { busy += sample.value }
    }
    view.cpu = cpu.share(busy: busy, total: total)
    func memory(_ names: String...) -> Double? {
      names.lazy.compactMap { metrics["system_memory_\($0)_bytes"].first?.value }.first
    }
    if let whole = memory("total", "MemTotal", "mem_total"),
      let available = memory("available", "MemAvailable", "mem_available")
    {
      view.memoryTotal = whole
      view.memoryUsed = whole - available
    }
    func root(_ name: String) -> Double? { metrics[name].first { $0.labels["mountpoint"] == "/" }?.value }
    if let size = root("system_filesystem_size_bytes"), let free = root("system_filesystem_free_bytes") {
      view.diskTotal = size
      view.diskUsed = size - free
    }
    view.load = metrics["system_load1"].first?.value
    return view
  }
}
