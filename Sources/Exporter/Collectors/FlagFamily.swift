internal import Exposition

/// A family with a 0 or 1 for each monitored process, rendered again only when one of them changed.
struct FlagFamily {
  /// What is said of a process.
  enum Flag: UInt8 {
    case zero, one
    /// There is no series.
    case absent
  }

  private let family: MetricFamily
  private var flags: [Flag] = []
  private var monitored: UInt64?
  private var chunk = RenderedChunk([])

  init(_ family: MetricFamily) {
    self.family = family
  }

  /// The family's text.
  ///
  /// - Parameters:
  ///   - flags: one for each process, in the same order.
  ///   - further: labels of a last series, which is 1.
  mutating func render(
    _ flags: [Flag], of monitored: MonitoredProcesses, further: Labels? = nil
  ) -> RenderedChunk {
    let isSame = flags.withUnsafeBytes { new in self.flags.withUnsafeBytes { new.elementsEqual($0) } }
    if isSame, self.monitored == monitored.generation { return chunk }
    var exposition = Exposition()
    exposition.family(family) { samples in
      for (process, flag) in zip(monitored.processes, flags) where flag != .absent {
        samples.add(labels: monitored.labels[process.labels], flag == .one ? 1 : 0)
      }
      if let further { samples.add(further, 1) }
    }
    (self.flags, self.monitored) = (flags, monitored.generation)
    if exposition.bytes != chunk.bytes { chunk = RenderedChunk(exposition.bytes) }
    return chunk
  }
}
