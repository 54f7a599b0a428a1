internal import Exposition
internal import Monitoring

/// A family with a 0 or 1 for each monitored process, rendered again only when one of them changed.
struct FlagFamily {
  /// What is said of a process.
  enum Flag: UInt8 {
    case zero, one
    /// There is no series.
    case absent
  }

  /// What was rendered last in a style.
  private struct Rendered {
    var flags: [Flag] = []
    var monitored: UInt64?
    var further: Labels?
    var chunk = RenderedChunk([])
  }

  private let family: MetricFamily
  private var rendered: StyleCache<Rendered>

  /// - Parameter styles: in how many styles the text is kept.
  init(_ family: MetricFamily, styles: Int) {
    self.family = family
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
  ///
  /// - Parameters:
  ///   - flags: one for each process, in the same order.
  ///   - further: labels of a last series, which is 1.
  mutating func render(
    _ flags: [Flag], of monitored: MonitoredProcesses, further: Labels? = nil, in style: ExpositionStyle
  ) -> RenderedChunk {
    let family = family
    return rendered.with(style, initial: Rendered()) { rendered in
      if rendered.monitored == monitored.generation, rendered.flags == flags, rendered.further == further {
        return rendered.chunk
      }
      var exposition = Exposition(style)
      exposition.family(family) { samples in
        let labels = monitored.labels.span
        for (process, flag) in zip(monitored.processes, flags) where flag != .absent {
          samples.add(labels: labels.extracting(process.labels), flag == .one ? 1 : 0)
        }
        if let further { samples.add(further, 1) }
      }
      (rendered.flags, rendered.monitored, rendered.further) = (flags, monitored.generation, further)
      if exposition.bytes != rendered.chunk.bytes { rendered.chunk = RenderedChunk(exposition.bytes) }
      return rendered.chunk
    }
  }
}
