internal import Exposition
internal import Heartbeat
internal import Monitoring
internal import Procfs
internal import POSIX

/// Writes what /proc says of each process that is watched, and of the exporter itself.
struct ProcessCollector: Collector {
  /// The name under which the exporter shows itself.
  static let ownName = HeartbeatEntry.exportersName

  private let logger: Logger
  private let problems: ProblemLog
  private let ownLabels = Labels(["process": ownName])
  private let lines: [ProcessLineFamily]
  private var up: FlagFamily

  /// - Parameter lines: what is read of each process beyond what every one shows, in the order of `ProcessFigures.lines`.
  init(logger: Logger, lines: [ProcessLineFamily], limits: ScrapeLimits = ScrapeLimits()) {
    self.logger = logger
    self.lines = lines
    problems = ProblemLog(collector: "process", logger: logger)
    up = FlagFamily(ProcessFamilies.up, styles: limits.styles)
  }

  /// Forgets all text.
  mutating func forget() {
    up.forget()
  }

  mutating func collect(_ watch: borrowing ProcessWatch, _ moment: Moment, into body: inout ScrapeBody) -> Bool {
    if let look = moment.look { write(look, of: watch.monitored, exceeded: watch.exceeded, into: &body) }
    var failures: [(String, String)] = []
    if let looker = watch.looker {
      let hanging = looker.hanging
      failures = hanging.paths.map { ("\(looker.path)/\($0)", "it does not answer") }
      if hanging.tree {
        failures.append((looker.path, "it does not answer"))
      } else if moment.look?.isReadable != true {
        failures.append((looker.path, "no processes can be read in it"))
      } else if moment.look?.isWhole == false {
        failures.append((looker.path, "it takes too long to read all processes"))
      }
      failures += moment.look?.failures.map { ($0.file, $0.reason) } ?? []
    }
    problems.report(failures)
    return failures.isEmpty && moment.look?.isReadable == true
  }

  /// Writes the families of one scrape.
  ///
  /// - Parameter look: at all processes.
  private mutating func write(
    _ look: ProcessWatch.Look, of monitored: MonitoredProcesses, exceeded: [ExactText: UInt64],
    into body: inout ScrapeBody
  ) {
    let findings = look.findings
    // By places: a finding holds what others share.
    let flags = findings.indices.map { place -> FlagFamily.Flag in
      switch findings[place].existence.isUp {
      case true?: .one
      case false?: .zero
      case nil: .absent
      }
    }
    var running: [Running] = []
    for place in findings.indices {
      if let figures = findings[place].figures {
        running.append(Running(labels: monitored.labels[monitored.processes[place].labels], figures: figures))
      }
    }
    let own = look.own
    if let own { running.append(Running(labels: ownLabels.bytes[...], figures: own)) }
    body.append(
      up.render(flags, of: monitored, further: own == nil ? nil : ownLabels, in: body.exposition.style))
    write(running, into: &body.exposition)
    body.exposition.family(ProcessFamilies.matched) { samples in
      let labels = monitored.labels.span
      for place in findings.indices {
        guard let count = findings[place].matched else { continue }
        samples.add(labels: labels.extracting(monitored.processes[place].labels), Double(count))
      }
    }
    body.exposition.family(ProcessFamilies.matchesExceeded) { samples in
      let labels = monitored.labels.span
      for place in findings.indices where findings[place].matched != nil {
        let count = exceeded.isEmpty ? 0 : exceeded[ExactText(monitored.name(of: place)), default: 0]
        samples.add(labels: labels.extracting(monitored.processes[place].labels), Double(count))
      }
    }
    tell(of: findings, monitored)
  }

  /// Says in the log, once for each process, that command lines took too long.
  private func tell(of findings: [ProcessSearch.Finding], _ monitored: MonitoredProcesses) {
    for place in findings.indices where findings[place].exceeded > 0 {
      let name = monitored.name(of: place)
      logger.once(
        "match", of: name, .warn,
        "match takes too long on some command lines, which count as if they did not match: a simpler expression helps",
        ["process": name, "command_lines": findings[place].exceeded])
    }
  }

  /// A process that runs, and what it uses.
  private struct Running {
    let labels: ArraySlice<UInt8>
    let figures: BoxedFigures
  }

  private func write(_ running: [Running], into exposition: inout Exposition) {
    func write(_ family: MetricFamily, _ value: (ProcessFigures) -> Double?) {
      exposition.family(family) { samples in
        for process in running {
          if let value = value(process.figures.value) { samples.add(labels: process.labels.span, value) }
        }
      }
    }
    write(ProcessFamilies.cpu) { $0.cpuSeconds }
    write(ProcessFamilies.residentMemory) { Double($0.residentBytes) }
    write(ProcessFamilies.virtualMemory) { Double($0.virtualBytes) }
    for (place, line) in lines.enumerated() {
      write(line.family) { $0.lines[place].map { Double($0) } }
    }
    write(ProcessFamilies.threads) { Double($0.threads) }
    write(ProcessFamilies.openFiles) { $0.openFiles.map { Double($0) } }
    write(ProcessFamilies.maximumFiles) { $0.maxOpenFiles }
    write(ProcessFamilies.worstFileRatio) { $0.worstFileRatio }
    write(ProcessFamilies.startTime) { $0.startTime }
    write(ProcessFamilies.readBytes) { $0.readBytes.map { Double($0) } }
    write(ProcessFamilies.writtenBytes) { $0.writtenBytes.map { Double($0) } }
    exposition.family(ProcessFamilies.contextSwitches) { samples in
      for process in running {
        for (kind, count) in [
          ("voluntary", process.figures.value.voluntarySwitches),
          ("involuntary", process.figures.value.involuntarySwitches),
        ] {
          if let count { samples.add(labels: process.labels.span, "kind", kind.utf8Span.span, Double(count)) }
        }
      }
    }
    write(ProcessFamilies.majorPageFaults) { Double($0.majorFaults) }
    write(ProcessFamilies.minorPageFaults) { Double($0.minorFaults) }
  }
}
