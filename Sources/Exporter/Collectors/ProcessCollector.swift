internal import Exposition
internal import POSIX
internal import Procfs

/// Writes what /proc says of each process that is monitored, and of the exporter itself.
struct ProcessCollector {
  /// The name under which the exporter shows itself.
  static let ownName = "heartbeat-exporter"

  private let procfs: Procfs
  private var matchers: [ProcessMatcher] = []
  /// For each configured process the place of its matcher.
  private var matcherOfConfigured: [Int?] = []
  private let ownLabels = Labels(["process": ownName])

  init(procfs: Procfs, configured: [ProcessConfiguration]) {
    self.procfs = procfs
    configure(configured)
  }

  /// Takes over the `match` of each configured process.
  mutating func configure(_ configured: [ProcessConfiguration]) {
    matchers = []
    matcherOfConfigured = configured.map { process in
      let matcher: ProcessMatcher? =
        switch process.match {
        case .substrings(let texts): ProcessMatcher(substrings: texts)
        // The configuration's reader has refused expressions that do not compile.
        case .regex(let expression): try? ProcessMatcher(regex: expression)
        case nil: nil
        }
      guard let matcher else { return nil }
      matchers.append(matcher)
      return matchers.count - 1
    }
  }

  /// Writes the families of one scrape; false when /proc cannot be read.
  func collect(_ monitored: MonitoredProcesses, into exposition: inout Exposition) -> Bool {
    let table: ProcessTable
    do throws(Errno) {
      table = try procfs.processTable()
    } catch {
      return false
    }
    let found = matchers.isEmpty ? [] : table.find(matchers)
    var ups: [Found] = []
    ups.reserveCapacity(monitored.processes.count + 1)
    for process in monitored.processes {
      let labels = monitored.labels[process.labels]
      // The exporter's own figures come below, and no beat may take their place.
      if labels.elementsEqual(ownLabels.bytes) { continue }
      let matched = process.matcher.flatMap { matcherOfConfigured[$0] }.flatMap { found[$0] }
      if let pid = process.pid, table.isUp(pid, lastBeat: process.lastHeartbeat) {
        ups.append(Found(labels: labels, pid: pid, wholeTree: process.children))
      } else if let matched {
        ups.append(Found(labels: labels, pid: matched, wholeTree: process.children))
      } else if process.pid != nil || process.matcher != nil || (process.entry == nil && !process.isRemote) {
        ups.append(Found(labels: labels, pid: nil, wholeTree: false))
      }
    }
    if let own = procfs.selfPID { ups.append(Found(labels: ownLabels.bytes[...], pid: own, wholeTree: false)) }
    exposition.family(ProcessFamilies.up) { family in
      for process in ups { family.add(labels: process.labels, process.pid == nil ? 0 : 1) }
    }
    writeFigures(of: ups, table: table, into: &exposition)
    return true
  }

  /// A process of which `process_up` speaks; without a pid it does not run.
  private struct Found {
    let labels: ArraySlice<UInt8>
    let pid: Int32?
    let wholeTree: Bool
  }

  private func writeFigures(of ups: [Found], table: ProcessTable, into exposition: inout Exposition) {
    var running: [(labels: ArraySlice<UInt8>, figures: ProcessFigures)] = []
    for process in ups {
      guard let pid = process.pid else { continue }
      // nil: it ended between two reads.
      guard let figures = process.wholeTree ? table.figures(ofTree: pid) : table.figures(of: pid) else { continue }
      running.append((process.labels, figures))
    }
    func write(_ family: MetricFamily, _ value: (ProcessFigures) -> Double?) {
      exposition.family(family) { samples in
        for process in running {
          if let value = value(process.figures) { samples.add(labels: process.labels, value) }
        }
      }
    }
    write(ProcessFamilies.cpu) { $0.cpuSeconds }
    write(ProcessFamilies.residentMemory) { Double($0.residentBytes) }
    write(ProcessFamilies.virtualMemory) { Double($0.virtualBytes) }
    write(ProcessFamilies.threads) { Double($0.threads) }
    write(ProcessFamilies.openFiles) { $0.openFiles.map { Double($0) } }
    write(ProcessFamilies.maximumFiles) { $0.maxOpenFiles }
    write(ProcessFamilies.startTime) { $0.startTime }
    write(ProcessFamilies.readBytes) { $0.readBytes.map { Double($0) } }
    write(ProcessFamilies.writtenBytes) { $0.writtenBytes.map { Double($0) } }
    exposition.family(ProcessFamilies.contextSwitches) { samples in
      for process in running {
        for (kind, count) in [
          ("voluntary", process.figures.voluntarySwitches), ("involuntary", process.figures.involuntarySwitches),
        ] {
          if let count { samples.add(labels: process.labels, "kind", kind.utf8, Double(count)) }
        }
      }
    }
    write(ProcessFamilies.majorPageFaults) { Double($0.majorFaults) }
  }
}
