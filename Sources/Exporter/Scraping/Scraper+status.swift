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
      let tag = StatusDocument.tag(of: document.programs, document.file)
      send(.object(document.list), tag: tag, to: request)
    case .heartbeat(let name):
      var document = statusDocument(at: now)
      document.programs.removeAll { $0.name != name }
      guard let program = document.programs.first else {
        request.responder?.send(PushError(404, "there is no heartbeat of that name").response)
        return
      }
      send(.object(program.object), tag: StatusDocument.tag(of: [program], [:]), to: request)
    case .host:
      send(.object(hostDocument()), tag: nil, to: request)
    case .watchers(let streams):
      let picture: JSONValue = [
        "status": .object(statusDocument(at: now).list), "host": .object(hostDocument()),
      ]
      streams.send(picture.serialised())
    }
  }

  private mutating func send(_ value: JSONValue, tag: String?, to request: StatusRequest) {
    var headers = [("Content-Type", "application/json"), ("Vary", "Accept-Encoding"), ("Cache-Control", "no-cache")]
    headers.append(("X-Content-Type-Options", "nosniff"))
    if let tag {
      headers.append(("ETag", tag))
      if EntityTag.matches(tag, request.knownTag) {
        request.responder?.send(Response(status: 304, headers: headers))
        return
      }
    }
    let body = value.serialised() + [UInt8(ascii: "\n")]
    if request.coding == .gzip, body.count >= Scraper.smallestCompressed, let compressed = gzip.compress(body) {
      headers.append(("Content-Encoding", "gzip"))
      request.responder?.send(Response(status: 200, headers: headers, body: compressed))
    } else {
      request.responder?.send(Response(status: 200, headers: headers, body: body))
    }
  }

  private mutating func statusDocument(at now: Double) -> StatusDocument {
    refresh(at: now)
    if data.generation != file.generation { data = (file.generation, [:]) }
    let observations = options.collectors.process ? processes.observe(monitored) : nil
    var programs: [StatusDocument.Program] = []
    programs.reserveCapacity(monitored.processes.count)
    for (index, process) in monitored.processes.enumerated() {
      programs.append(program(process, observations?[index].outcome, observations?[index].figures, at: now))
    }
    var file: JSONObject = ["up": .bool(self.file.isUp)]
    if let problem = self.file.lastProblem {
      file["problem"] = ["reason": .string(problem.failure.rawValue), "message": .string(problem.description)]
    }
    return StatusDocument(generated: (now * 1e3).rounded() / 1e3, programs: programs, file: file)
  }

  private mutating func program(
    _ process: MonitoredProcess, _ outcome: ProcessCollector.Outcome?, _ figures: ProcessFigures?, at now: Double
  ) -> StatusDocument.Program {
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
    let configured = process.configured.map { configuration.processes[$0] }
    let name = entry.map { file.snapshot.string($0.name) } ?? configured?.name ?? ""
    var members: JSONObject = ["display_name": configured?.displayName.map { .string($0) } ?? .null]
    members.append("timeout_seconds", .number(process.timeout))
    members.append("last_heartbeat", process.lastHeartbeat.map { .number($0) } ?? .null)
    members.append("pid", pid.map { .integer(Int64($0)) } ?? .null)
    members.append("up", isUp.map { .bool($0) } ?? .null)
    members.append("status", status.map { .string($0) } ?? .null)
    members.append("host", entry?.host.map { .string(file.snapshot.string($0)) } ?? .null)
    members.append("data", process.entry.map { ownData($0) } ?? .object([:]))
    members.append("process", figures.map { .object($0.object) } ?? .null)
    return StatusDocument.Program(name: name, state: state, members: members, age: process.age(at: now))
  }

  /// What the process says of itself, in the shape in which it does.
  private mutating func ownData(_ index: Int) -> JSONValue {
    if let known = data.values[index] { return known }
    let entry = file.snapshot.entries[index]
    var value = JSONValue.object([:])
    if case .object(let object)? = try? JSONValue(parsing: Array(file.snapshot.bytes[entry.source])) {
      value = Heartbeat(name: "", entry: object).additionalData
    }
    data.values[index] = value
    return value
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

extension ProcessFigures {
  /// As the API shows them; what the kernel does not tell is null.
  fileprivate var object: JSONObject {
    func whole(_ value: UInt64?) -> JSONValue { value.map { .integer(Int64(clamping: $0)) } ?? .null }
    return [
      "cpu_seconds": .number(cpuSeconds), "resident_memory_bytes": whole(residentBytes),
      "virtual_memory_bytes": whole(virtualBytes), "threads": whole(threads), "open_fds": whole(openFiles),
      "max_fds": maxOpenFiles.map { .number($0) } ?? .null, "start_time": startTime.map { .number($0) } ?? .null,
      "read_bytes": whole(readBytes), "written_bytes": whole(writtenBytes), "major_page_faults": whole(majorFaults),
    ]
  }
}
