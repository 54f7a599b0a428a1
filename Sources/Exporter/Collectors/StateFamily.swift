internal import Exposition
internal import Monitoring

/// The state of each process with its reason, rendered again only when one of them changed.
struct StateFamily {
  /// What was rendered last in a style.
  private struct Rendered {
    var verdicts: [Verdict?] = []
    var monitored: UInt64?
    var chunk = RenderedChunk([])
  }

  private var rendered: StyleCache<Rendered>

  /// - Parameter styles: in how many styles the text is kept.
  init(styles: Int) {
    rendered = StyleCache(limit: styles)
  }

  /// Keeps only the style that was asked for last.
  mutating func keepLast() {
    rendered.keepLast()
  }

  /// Keeps nothing any more.
  mutating func forget() {
    rendered.forget()
  }

  /// The family's text.
  mutating func render(_ monitored: MonitoredProcesses, in style: ExpositionStyle) -> RenderedChunk {
    let verdicts = monitored.processes.map(\.verdict)
    return rendered.with(style, initial: Rendered()) { rendered in
      if rendered.monitored == monitored.generation, rendered.verdicts == verdicts { return rendered.chunk }
      var exposition = Exposition(style)
      exposition.family(HeartbeatFamilies.state) { samples in
        var line: [UInt8] = []
        for (process, verdict) in zip(monitored.processes, verdicts) {
          guard let verdict else { continue }
          line.removeAll(keepingCapacity: true)
          line.append(contentsOf: monitored.labels[process.labels])
          Labels.append("state", verdict.state.rawValue.utf8Span.span, to: &line)
          samples.add(labels: line.span, "reason", verdict.reason.rawValue.utf8Span.span, 1)
        }
      }
      (rendered.verdicts, rendered.monitored) = (verdicts, monitored.generation)
      if exposition.bytes != rendered.chunk.bytes { rendered.chunk = RenderedChunk(exposition.bytes) }
      return rendered.chunk
    }
  }
}
