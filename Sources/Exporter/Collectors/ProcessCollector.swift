internal import Exposition
internal import Monitoring
internal import Procfs

/// Writes what /proc says of each process that is watched, and of the exporter itself.
struct ProcessCollector {
  /// The name under which the exporter shows itself.
  static let ownName = "heartbeat-exporter"

  private let procfs: Procfs
  private let ownLabels = Labels(["process": ownName])
  private var up: FlagFamily

  init(procfs: Procfs, limits: ScrapeLimits = ScrapeLimits()) {
    self.procfs = procfs
    up = FlagFamily(ProcessFamilies.up, styles: limits.styles)
  }

  /// Forgets all text.
  mutating func forget() {
    up.forget()
  }

  /// Writes the families of one scrape.
  ///
  /// - Parameter look: at all processes.
  mutating func write(
    _ look: ProcessWatch.Look, of monitored: MonitoredProcesses, into body: inout ScrapeBody
  ) {
    let findings = look.findings
    let flags = findings.map { finding -> FlagFamily.Flag in
      switch finding.existence.isUp {
      case true?: .one
      case false?: .zero
      case nil: .absent
      }
    }
    var running: [Running] = []
    for (process, finding) in zip(monitored.processes, findings) {
      if let figures = finding.figures {
        running.append(Running(labels: monitored.labels[process.labels], figures: figures))
      }
    }
    let own = procfs.selfPID
    if let own, let figures = look.table.figures(of: own) {
      running.append(Running(labels: ownLabels.bytes[...], figures: figures))
    }
    body.append(
      up.render(flags, of: monitored, further: own == nil ? nil : ownLabels, in: body.exposition.style))
    write(running, into: &body.exposition)
    body.exposition.family(ProcessFamilies.matched) { samples in
      let labels = monitored.labels.span
      for (process, finding) in zip(monitored.processes, findings) {
        if let count = finding.matched { samples.add(labels: labels.extracting(process.labels), Double(count)) }
      }
    }
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
