internal import HTTPServer
internal import Heartbeat
internal import POSIX
internal import Procfs

/// Answers of the JSON API.
extension Scraper {
  /// Answers a question, or sends the picture to those who watch.
  mutating func answer(_ request: StatusRequest, at now: Double) {
    switch request.subject {
    case .heartbeats:
      let document = statusDocument(at: now)
      send(
        document.list(generated: Scraper.milliseconds(now), file: fileObject), tag: document.tag(fileObject),
        to: request)
    case .heartbeat(let name):
      refresh(at: now)
      guard let place = monitored.processes.firstIndex(where: { self.name(of: $0) == name }) else {
        request.responder?.send(PushError(404, "there is no heartbeat of that name").response)
        return
      }
      let document = statusDocument(of: place..<place + 1, at: now)
      send([document.objects], tag: document.tag([:]), to: request)
    case .host:
      send([JSONValue.object(hostDocument()).serialised()], tag: nil, to: request)
    case .watchers(let streams):
      let list = statusDocument(at: now).list(generated: Scraper.milliseconds(now), file: fileObject)
      let host = JSONValue.object(hostDocument()).serialised()
      streams.send([Array("{\"status\":".utf8)] + list + [Array(",\"host\":".utf8), host, [UInt8(ascii: "}")]])
    }
  }

  private static func milliseconds(_ time: Double) -> Double { (time * 1e3).rounded() / 1e3 }

  private mutating func send(_ text: [[UInt8]], tag: String?, to request: StatusRequest) {
    var headers = [("Content-Type", "application/json"), ("Vary", "Accept-Encoding"), ("Cache-Control", "no-cache")]
    headers.append(("X-Content-Type-Options", "nosniff"))
    if let tag {
      headers.append(("ETag", tag))
      if EntityTag.matches(tag, request.knownTag) {
        request.responder?.send(Response(status: 304, headers: headers))
        return
      }
    }
    var response = Response(status: 200, headers: headers, pieces: text + [[UInt8(ascii: "\n")]])
    if request.coding == .gzip, response.bodyLength >= Scraper.smallestCompressed,
      let compressed = gzip.compress(response.pieces)
    {
      response.headers.append(("Content-Encoding", "gzip"))
      response.pieces = compressed
    }
    request.responder?.send(response)
  }

  /// What is said of all processes, or of those at some places.
  private mutating func statusDocument(of places: Range<Int>? = nil, at now: Double) -> StatusDocument {
    if places == nil { refresh(at: now) }
    ownData.begin(count: file.snapshot.entries.count)
    let places = places ?? monitored.processes.indices
    let observations = options.collectors.process ? processes.observe(monitored, places) : nil
    // Of all it is mostly about as long as it was before.
    let isWhole = places.count == monitored.processes.count
    var document = StatusDocument(capacity: isWhole ? statusLength + statusLength / 16 : 0)
    for (index, place) in places.enumerated() {
      document.add(
        describe(monitored.processes[place], observations?[index].outcome, observations?[index].figures, at: now))
    }
    if isWhole { statusLength = document.objects.count }
    return document
  }

  private var fileObject: JSONObject {
    var object: JSONObject = ["up": .bool(file.isUp)]
    if let problem = file.lastProblem {
      object["problem"] = ["reason": .string(problem.failure.rawValue), "message": .string(problem.description)]
    }
    return object
  }

  private func name(of process: MonitoredProcess) -> String {
    if let entry = process.entry { return file.snapshot.string(file.snapshot.entries[entry].name) }
    return process.configured.map { configuration.processes[$0].name } ?? ""
  }

  private mutating func describe(
    _ process: MonitoredProcess, _ outcome: ProcessCollector.Outcome?, _ figures: ProcessFigures?, at now: Double
  ) -> StatusDocument.Process {
    let entry = process.entry.map { file.snapshot.entries[$0] }
    let status = entry?.status.map(file.snapshot.string)
    var isUp: Bool?
    var pid = process.pid
    switch outcome {
    case .runs(let found)?: (isUp, pid) = (true, found)
    case .gone?: isUp = false
    case .unknown?, nil: pid = entry?.pid
    }
    let state = ProcessState(
      isAlive: process.lastHeartbeat.map { _ in process.isAlive(at: now) }, isUp: isUp,
      saidGoodbye: status == ProcessState.goodbye)
    return StatusDocument.Process(
      name: name(of: process),
      displayName: process.configured.flatMap { configuration.processes[$0].displayName },
      state: state, age: process.age(at: now), timeout: process.timeout, lastHeartbeat: process.lastHeartbeat,
      pid: pid, isUp: isUp, status: status, host: entry?.host.map(file.snapshot.string),
      data: process.entry.map { ownData.text(of: $0, in: file.snapshot) } ?? ArraySlice("{}".utf8),
      figures: figures)
  }

  private func hostDocument() -> JSONObject {
    var host: JSONObject = [
      "name": .string(procfs.systemInfo().nodeName), "exporter_version": .string(Version.number),
    ]
    if let load = (try? procfs.loadAverage()) ?? nil {
      host["load1"] = .number(load.one)
      host["load5"] = .number(load.five)
      host["load15"] = .number(load.fifteen)
    }
    if let stat = try? procfs.systemStat() {
      // Idle and waiting for a disk are the two modes in which nothing is computed.
      let idle = [CPUTimes.modes.firstIndex(of: "idle"), CPUTimes.modes.firstIndex(of: "iowait")]
      let total = stat.cpus.flatMap(\.seconds).reduce(0, +)
      let unused = stat.cpus.flatMap { cpu in idle.map { $0.map { $0 < cpu.seconds.count ? cpu.seconds[$0] : 0 } ?? 0 }
      }
      host["cpus"] = .integer(Int64(stat.cpus.count))
      host["cpu_seconds"] = .number(total)
      host["cpu_busy_seconds"] = .number(total - unused.reduce(0, +))
      if let boot = stat.bootTime { host["boot_time"] = .number(boot) }
    }
    if let memory = try? procfs.memoryInfo() {
      for (key, field) in [
        ("memory_total_bytes", "MemTotal"), ("memory_available_bytes", "MemAvailable"),
        ("swap_total_bytes", "SwapTotal"), ("swap_free_bytes", "SwapFree"),
      ] {
        if let bytes = memory[field] { host[key] = .integer(Int64(clamping: bytes)) }
      }
    }
    let filesystems = (try? procfs.filesystems()) ?? []
    host["filesystems"] = .array(
      filesystems.map {
        [
          "mountpoint": .string($0.mountPoint), "size_bytes": .integer(Int64(clamping: $0.sizeBytes)),
          "available_bytes": .integer(Int64(clamping: $0.availableBytes)),
        ]
      })
    return host
  }
}
