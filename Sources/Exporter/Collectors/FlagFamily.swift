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

  private struct Basis: Equatable {
    var monitored: UInt64
    var flags: [Flag]
    var further: Labels?
  }

  private let family: MetricFamily
  private var kept: KeptText<Basis>

  /// - Parameter styles: in how many styles the text is kept.
  init(_ family: MetricFamily, styles: Int) {
    self.family = family
    kept = KeptText(styles: styles)
  }

  /// Keeps only the style that was asked for last.
  mutating func keepLast() { kept.keepLast() }

  /// Keeps nothing any more.
  mutating func forget() { kept.forget() }

  /// The family's text.
  ///
  /// - Parameters:
  ///   - flags: one for each process, in the same order.
  ///   - further: labels of a last series, which is 1.
  mutating func render(
    _ flags: [Flag], of monitored: MonitoredProcesses, further: Labels? = nil, in style: ExpositionStyle
  ) -> RenderedChunk {
    let family = family
    return kept.text(of: Basis(monitored: monitored.generation, flags: flags, further: further), in: style) {
      $0.family(family) { samples in
        let labels = monitored.labels.span
        for (place, flag) in flags.enumerated() where flag != .absent {
          samples.add(labels: labels.extracting(monitored.processes[place].labels), flag == .one ? 1 : 0)
        }
        if let further { samples.add(further, 1) }
      }
    }
  }
}
