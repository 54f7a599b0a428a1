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
  private var up = FlagFamily(ProcessFamilies.up)

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
  mutating func collect(_ monitored: MonitoredProcesses, into body: inout ScrapeBody) -> Bool {
    let table: ProcessTable
    do throws(Errno) {
      table = try procfs.processTable(forLookUps: monitored.processes.count)
    } catch {
      return false
    }
    var flags: [FlagFamily.Flag] = []
    flags.reserveCapacity(monitored.processes.count)
    var running: [Found] = []
    for (process, outcome) in zip(monitored.processes, search(monitored, table)) {
      // The exporter's own figures come below, and no beat may take their place.
      if process.isExporter {
        flags.append(.absent)
        continue
      }
      switch outcome {
      case .runs(let pid):
        running.append(Found(labels: monitored.labels[process.labels], pid: pid, wholeTree: process.children))
        flags.append(.one)
      case .gone: flags.append(.zero)
      case .unknown: flags.append(.absent)
      }
    }
    let own = procfs.selfPID
    if let own { running.append(Found(labels: ownLabels.bytes[...], pid: own, wholeTree: false)) }
    body.append(
      up.render(flags, of: monitored, further: own == nil ? nil : ownLabels, in: body.exposition.style))
    writeFigures(of: running, table: table, into: &body.exposition)
    return true
  }

  /// What the process table says of a process that is monitored.
  enum Outcome {
    case runs(pid: Int32)
    case gone
    /// It says nothing: there is neither a pid nor a match, or it runs on another host.
    case unknown
  }

  /// Looks for each monitored process, in their order.
  private func search(_ monitored: MonitoredProcesses, _ table: ProcessTable) -> [Outcome] {
    let found = matchers.isEmpty ? [] : table.find(matchers)
    return monitored.processes.map { process in
      if let pid = process.pid, table.isUp(pid, lastBeat: process.lastHeartbeat) { return .runs(pid: pid) }
      if let matched = process.matcher.flatMap({ matcherOfConfigured[$0] }).flatMap({ found[$0] }) {
        return .runs(pid: matched)
      }
      let isKnown = process.pid != nil || process.matcher != nil || (process.entry == nil && !process.isRemote)
      return isKnown ? .gone : .unknown
    }
  }

  /// Looks for each monitored process, and reads what those that run use; nil when /proc cannot be read.
  func observe(_ monitored: MonitoredProcesses) -> [(outcome: Outcome, figures: ProcessFigures?)]? {
    guard let table = try? procfs.processTable(forLookUps: monitored.processes.count) else { return nil }
    return zip(monitored.processes, search(monitored, table)).map { process, outcome in
      guard case .runs(let pid) = outcome else { return (outcome, nil) }
      return (outcome, process.children ? table.figures(ofTree: pid) : table.figures(of: pid))
    }
  }

  /// A process that runs.
  private struct Found {
    let labels: ArraySlice<UInt8>
    let pid: Int32
    let wholeTree: Bool
  }

  private func writeFigures(of found: [Found], table: ProcessTable, into exposition: inout Exposition) {
    var running: [(labels: ArraySlice<UInt8>, figures: ProcessFigures)] = []
    for process in found {
      let pid = process.pid
      // nil: it ended between two reads.
      guard let figures = process.wholeTree ? table.figures(ofTree: pid) : table.figures(of: pid) else { continue }
      running.append((process.labels, figures))
    }
    func write(_ family: MetricFamily, _ value: (ProcessFigures) -> Double?) {
      exposition.family(family) { samples in
        for process in running {
          if let value = value(process.figures) { samples.add(labels: process.labels.span, value) }
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
          if let count { samples.add(labels: process.labels.span, "kind", kind.utf8Span.span, Double(count)) }
        }
      }
    }
    write(ProcessFamilies.majorPageFaults) { Double($0.majorFaults) }
  }
}
