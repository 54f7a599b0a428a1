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
    var running: [Running] = []
    search(monitored, monitored.processes.indices, table) { process, outcome, figures in
      // The exporter's own figures come below, and no beat may take their place.
      if process.isExporter {
        flags.append(.absent)
        return
      }
      switch outcome {
      case .runs: flags.append(.one)
      case .gone: flags.append(.zero)
      case .unknown: flags.append(.absent)
      }
      if let figures { running.append(Running(labels: monitored.labels[process.labels], figures: figures)) }
    }
    let own = procfs.selfPID
    if let own, let figures = table.figures(of: own) {
      running.append(Running(labels: ownLabels.bytes[...], figures: figures))
    }
    body.append(
      up.render(flags, of: monitored, further: own == nil ? nil : ownLabels, in: body.exposition.style))
    write(running, into: &body.exposition)
    return true
  }

  /// What the process table says of a process that is monitored.
  enum Outcome {
    case runs(pid: Int32)
    case gone
    /// It says nothing: there is neither a pid nor a match, or it runs on another host.
    case unknown
  }

  /// Looks for the monitored processes at these places, in their order; `report` gets with those that run what they use,
  /// nil when they ended meanwhile.
  private func search(
    _ monitored: MonitoredProcesses, _ places: Range<Int>, _ table: ProcessTable,
    _ report: (MonitoredProcess, Outcome, ProcessFigures?) -> Void
  ) {
    let found = matchers.isEmpty ? [] : table.find(matchers)
    for process in monitored.processes[places] {
      if let pid = process.pid, table.mayExist(pid) {
        if process.children, table.isUp(pid, lastBeat: process.lastHeartbeat) {
          report(process, .runs(pid: pid), table.figures(ofTree: pid))
          continue
        }
        if !process.children, let figures = table.figuresIfUp(pid, lastBeat: process.lastHeartbeat) {
          report(process, .runs(pid: pid), figures)
          continue
        }
      }
      if let matched = process.matcher.flatMap({ matcherOfConfigured[$0] }).flatMap({ found[$0] }) {
        report(
          process, .runs(pid: matched),
          process.children ? table.figures(ofTree: matched) : table.figures(of: matched))
        continue
      }
      let isKnown = process.pid != nil || process.matcher != nil || (process.entry == nil && !process.isRemote)
      report(process, isKnown ? .gone : .unknown, nil)
    }
  }

  /// Looks for the monitored processes at these places, and reads what those that run use; nil when /proc cannot be read.
  func observe(
    _ monitored: MonitoredProcesses, _ places: Range<Int>
  ) -> [(outcome: Outcome, figures: ProcessFigures?)]? {
    guard let table = try? procfs.processTable(forLookUps: places.count) else { return nil }
    var observations: [(outcome: Outcome, figures: ProcessFigures?)] = []
    observations.reserveCapacity(places.count)
    search(monitored, places, table) { observations.append(($1, $2)) }
    return observations
  }

  /// A process that runs, and what it uses.
  private struct Running {
    let labels: ArraySlice<UInt8>
    let figures: ProcessFigures
  }

  private func write(_ running: [Running], into exposition: inout Exposition) {
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
