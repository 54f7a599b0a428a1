internal import Exposition
internal import Heartbeat

/// The heartbeat file and the configuration joined: every process that the metrics speak of, with its labels
/// ready-made. It is put together anew only when one of the two changed, or when a beat came to exceed the retention.
struct MonitoredProcesses {
  /// In the order of the file; then the configured ones that never beat, in the order of the configuration.
  private(set) var processes: [MonitoredProcess] = []
  /// What the processes' `labels` point into.
  private(set) var labels: [UInt8] = []
  /// How many entries are left out because they are older than the retention.
  private(set) var expired = 0
  /// Unix time at which the next entry exceeds the retention.
  private(set) var nextExpiry = Double.infinity

  /// Another one for each set of processes; two values with the same one have the same labels at the same places.
  let generation: UInt64

  /// Nothing to speak of.
  init() {
    generation = 0
  }

  /// Joins the two.
  ///
  /// - Parameters:
  ///   - timeout: for processes whose configuration gives none, in seconds.
  ///   - retention: entries with an older beat are left out unless they are configured, in seconds; 0 keeps all.
  ///   - generation: never 0, and another one at each call.
  ///   - hostname: of this host: a beat that names another one is remote.
  init(
    snapshot: HeartbeatSnapshot, configured: [ProcessConfiguration], timeout: Double, retention: Double,
    hostname: [UInt8], generation: UInt64 = 1, at now: Double
  ) {
    self.generation = generation
    var configurationIndex: [[UInt8]: Int] = [:]
    for (index, process) in configured.enumerated() { configurationIndex[Array(process.name.utf8)] = index }
    var seen = [Bool](repeating: false, count: configured.count)
    processes.reserveCapacity(snapshot.entries.count + configured.count)

    for (index, entry) in snapshot.entries.enumerated() {
      let name = snapshot.bytes[entry.name.range]
      let position = configurationIndex.isEmpty ? nil : configurationIndex[Array(name)]
      if let position {
        seen[position] = true
      } else if retention > 0, now - entry.lastHeartbeat > retention {
        expired += 1
        continue
      } else if retention > 0 {
        nextExpiry = min(nextExpiry, entry.lastHeartbeat + retention)
      }
      let isRemote = entry.host.map { !snapshot.bytes[$0.range].elementsEqual(hostname) } ?? false
      append(
        name: name, entry: index, lastHeartbeat: entry.lastHeartbeat, pid: isRemote ? nil : entry.pid,
        isRemote: isRemote, timeout: timeout, configuration: position.map { (configured[$0], $0) })
    }
    for (index, process) in configured.enumerated() where !seen[index] {
      append(
        name: Array(process.name.utf8)[...], entry: nil, lastHeartbeat: nil, pid: nil, isRemote: false,
        timeout: timeout, configuration: (process, index))
    }
  }

  /// Takes over new beats of the same processes.
  ///
  /// - Parameter snapshot: one with the same processes in the same order as the last, each on the same host.
  mutating func takeOver(_ snapshot: HeartbeatSnapshot) {
    for place in processes.indices {
      guard let entry = processes[place].entry else { continue }
      processes[place].lastHeartbeat = snapshot.entries[entry].lastHeartbeat
      if !processes[place].isRemote { processes[place].pid = snapshot.entries[entry].pid }
    }
  }

  private mutating func append(
    name: ArraySlice<UInt8>, entry: Int?, lastHeartbeat: Double?, pid: Int32?, isRemote: Bool, timeout: Double,
    configuration: (process: ProcessConfiguration, index: Int)?
  ) {
    let start = labels.count
    Labels.append("process", name.span, to: &labels, separated: false)
    processes.append(
      MonitoredProcess(
        labels: start..<labels.count, entry: entry, configured: configuration?.index, lastHeartbeat: lastHeartbeat,
        timeout: configuration?.process.timeout ?? timeout, pid: pid, isRemote: isRemote,
        matcher: isRemote || configuration?.process.match == nil ? nil : configuration?.index,
        children: configuration?.process.children ?? false,
        isExporter: name.elementsEqual(ProcessCollector.ownName.utf8)))
  }
}
