internal import Exposition
internal import Monitoring

/// The state of each process with its reason, rendered again only when one of them changed.
struct StateFamily {
  private struct Basis: Equatable {
    var monitored: UInt64
    var verdicts: [Verdict?]
  }

  private var kept: KeptText<Basis>

  /// - Parameter styles: in how many styles the text is kept.
  init(styles: Int) {
    kept = KeptText(styles: styles)
  }

  /// Keeps only the style that was asked for last.
  mutating func keepLast() { kept.keepLast() }

  /// Keeps nothing any more.
  mutating func forget() { kept.forget() }

  /// The family's text.
  mutating func render(_ monitored: MonitoredProcesses, in style: ExpositionStyle) -> RenderedChunk {
    let verdicts = monitored.processes.indices.map { monitored.processes[$0].verdict }
    return kept.text(of: Basis(monitored: monitored.generation, verdicts: verdicts), in: style) {
      $0.family(HeartbeatFamilies.state) { samples in
        var line: [UInt8] = []
        for (place, verdict) in verdicts.enumerated() {
          guard let verdict else { continue }
          line.removeAll(keepingCapacity: true)
          line.append(contentsOf: monitored.labels[monitored.processes[place].labels])
          Labels.append("state", verdict.state.rawValue.utf8Span.span, to: &line)
          samples.add(labels: line.span, "reason", verdict.reason.rawValue.utf8Span.span, 1)
        }
      }
    }
  }
}
