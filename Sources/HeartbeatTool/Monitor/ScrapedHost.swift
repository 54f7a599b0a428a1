internal import Heartbeat
internal import Monitoring
internal import Procfs
internal import POSIX

/// A host by the metrics of its exporter.
struct ScrapedHost {
  private let metrics: MetricsReader

  /// Reads the text of a scrape.
  init(_ text: [UInt8]) {
    metrics = MetricsReader(text) { Self.wanted.contains(ExactText($0)) || $0.utf8.starts(with: "system_memory_".utf8) }
  }

  private static let wanted: Set<ExactText> = [
    "heartbeat_age_seconds", "heartbeat_alive", "heartbeat_state", "heartbeat_status", "heartbeat_pid",
    "heartbeat_timeout_seconds", "heartbeat_job_next_due_timestamp_seconds",
    "heartbeat_silenced_until_timestamp_seconds", "process_up", "process_start_time_seconds",
    "process_resident_memory_bytes",
    "system_cpu_seconds_total", "system_filesystem_size_bytes", "system_filesystem_free_bytes",
    "system_filesystem_avail_bytes", "system_load1",
    "heartbeat_file_up", "heartbeat_exporter_build_info",
  ]

  /// Whether this is what a heartbeat-exporter serves, and not another program's metrics, or a page of anything.
  var isExporter: Bool {
    ["heartbeat_exporter_build_info", "heartbeat_file_up", "heartbeat_state", "heartbeat_alive"].contains {
      !metrics[$0].isEmpty
    }
  }

  /// Whether it says of a file that it shows older content of it.
  var cannotReadFile: Bool { metrics["heartbeat_file_up"].contains { $0.value == 0 } }

  /// The programs in the order in which the exporter lists them.
  func programs(now: Double) -> [ProgramView] {
    func byProcess(_ name: String) -> [ExactText: Double] {
      var values: [ExactText: Double] = [:]
      for sample in metrics[name] {
        if let process = sample.labels["process"] { values[ExactText(process)] = sample.value }
      }
      return values
    }
    let (ages, timeouts, pids) = (
      byProcess("heartbeat_age_seconds"), byProcess("heartbeat_timeout_seconds"), byProcess("heartbeat_pid")
    )
    let dues = byProcess("heartbeat_job_next_due_timestamp_seconds")
    let (up, starts, memory) = (
      byProcess("process_up"), byProcess("process_start_time_seconds"), byProcess("process_resident_memory_bytes")
    )
    let silences = byProcess("heartbeat_silenced_until_timestamp_seconds").mapValues { Silence(until: $0) }
    var statuses: [ExactText: String] = [:]
    for sample in metrics["heartbeat_status"] {
      if let process = sample.labels["process"] { statuses[ExactText(process)] = sample.labels["status"] }
    }
    var verdicts: [ExactText: Verdict] = [:]
    for sample in metrics["heartbeat_state"] {
      guard let process = sample.labels["process"],
        let state = sample.labels["state"].flatMap(ProcessState.init(exactly:)),
        let reason = sample.labels["reason"].flatMap(StateReason.init(exactly:))
      else { continue }
      verdicts[ExactText(process)] = Verdict(state, reason)
    }
    // Jobs have no heartbeat_alive, and exporters before version 0.2 no heartbeat_state.
    let stated = metrics["heartbeat_state"]
    return (stated.isEmpty ? metrics["heartbeat_alive"] : stated).compactMap { sample in
      guard let process = sample.labels["process"] else { return nil }
      let name = ExactText(process)
      // In a state that only a later version knows: no other one is made up for it.
      guard stated.isEmpty || verdicts[name] != nil else { return nil }
      let age = ages[name]
      let isUp = up[name].flatMap { $0 == 1 ? true : $0 == 0 ? false : nil }
      return ProgramView(
        name: process, title: process, isConfigured: false,
        verdict: verdicts[name] ?? Self.verdict(age: age, isUp: isUp, timeout: timeouts[name], statuses[name]),
        isUp: isUp, status: statuses[name], pid: pids[name].flatMap { Int32(exactly: $0) },
        runtime: starts[name].map { now - $0 }, lastBeat: age.map { now - $0 }, age: age, timeout: timeouts[name],
        residentBytes: memory[name], silence: silences[name], nextDue: dues[name],
        dueIn: dues[name].map { $0 - now })
    }
  }

  /// What follows from the metrics of an exporter that does not say it itself, as those before version 0.2.
  private static func verdict(age: Double?, isUp: Bool?, timeout: Double?, _ status: String?) -> Verdict {
    let existence: Existence =
      switch isUp {
      case true?: .yes(pid: 0, isSuspended: false)
      case false?: .no(.gone)
      case nil: .unknown
      }
    return Facts(
      age: age, timeout: timeout ?? 60, existence: existence,
      saidStopped: status.map { StoppedWords.contains($0.utf8) } ?? false
    ).verdict
  }

  /// How loaded it is.
  func system(cpu: inout CPUUsage) -> SystemView {
    var view = SystemView()
    var busy = 0.0
    var total = 0.0
    for sample in metrics["system_cpu_seconds_total"] {
      total += sample.value
      let mode = sample.labels["mode"] ?? ""
      if !CPUTimes.idleModes.contains(where: { $0.isSame(as: mode) }) { busy += sample.value }
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
    func root(_ name: String) -> Double? {
      metrics["system_filesystem_\(name)_bytes"].first { $0.labels["mountpoint"]?.isSame(as: "/") ?? false }?.value
    }
    view.diskTotal = root("size")
    if let size = root("size"), let free = root("free"), let available = root("avail") {
      view.diskShare = Filesystem.usedShare(used: size - free, available: available)
    }
    view.load = metrics["system_load1"].first?.value
    return view
  }
}
