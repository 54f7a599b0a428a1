import Heartbeat

@testable import Monitoring

/// A watch over contents of a file that are given as text, with a clock of its own.
struct Watched {
  var monitored: MonitoredProcesses
  var configured: [ProcessConfiguration] = []
  var reader = SnapshotReader()

  init(
    retention: Double = 0, remember: Double = 1000, configured: [ProcessConfiguration] = [],
    uptime: (@Sendable () -> Double)? = nil
  ) {
    var settings = MonitoringSettings(
      timeout: 60, retention: retention, remember: remember, hostname: Array("here".utf8),
      reservedName: Array("heartbeat-exporter".utf8)
    ) { $1.append(contentsOf: $0) }
    settings.uptime = uptime
    monitored = MonitoredProcesses(settings)
    self.configured = configured
  }

  /// Reads the next content as the watch does, and judges everybody without a look into /proc.
  mutating func read(
    _ processes: String, root: String = "", modified: Double? = nil, at now: Double
  ) throws {
    var spare = HeartbeatSnapshot()
    let snapshot = try reader.read(Array("{\(root)\"processes\": {\(processes)}}".utf8), into: &spare)
    if snapshot.changes.keepsProcesses, monitored.generation > 0 {
      _ = monitored.takeOver(snapshot, configured: configured, at: now)
    } else {
      monitored.join(snapshot, configured: configured, modified: { _ in modified }, at: now)
    }
    for place in monitored.processes.indices { monitored.judge(place, .unknown, at: now) }
  }

  subscript(name: String) -> MonitoredProcess? { monitored.place(of: name).map { monitored.processes[$0] } }

  var names: [String] { monitored.processes.indices.map(monitored.name(of:)) }

  func word(_ name: String) -> String? {
    self[name]?.verdict.map { "\($0.state.rawValue) \($0.reason.rawValue)" }
  }
}
