/// The body of one scrape as it is being written: families one behind the other in one byte buffer.
///
/// Sources: Prometheus text-based format, versions 0.0.4 and 1.0.0; OpenMetrics 1.0.0, "Text format".
public struct Exposition: Sendable {
  /// How it is written.
  public let style: ExpositionStyle
  /// The text so far.
  public private(set) var bytes: [UInt8] = []

  /// An empty body.
  ///
  /// - Parameter capacity: how long it will be about, in bytes.
  public init(_ style: ExpositionStyle = .plain, capacity: Int = 0) {
    self.style = style
    if capacity > 0 { bytes.reserveCapacity(capacity) }
  }

  /// An empty body that is written into the memory of an old one, unless somebody still holds that.
  public init(_ style: ExpositionStyle = .plain, reusing old: consuming [UInt8]) {
    self.style = style
    old.removeAll(keepingCapacity: true)
    bytes = old
  }

  /// Writes what stands behind the last family, where the format has something there.
  public mutating func end() {
    if style.format == .openMetrics1_0_0 { bytes.append(contentsOf: "# EOF\n".utf8) }
  }

  /// Gives the text away and goes on with another buffer.
  public mutating func takeAll(replacedBy next: consuming [UInt8]) -> [UInt8] {
    let taken = takeBytes()
    bytes = next
    return taken
  }

  /// Forgets the text and keeps the memory, unless somebody still holds the bytes.
  public mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
  }

  /// Writes one family; a family to which `body` adds no sample is left out altogether.
  @inlinable
  public mutating func family(_ family: MetricFamily, _ body: (inout FamilySamples) -> Void) {
    var samples = FamilySamples(family, in: style, after: takeBytes())
    body(&samples)
    giveBack(samples.finish())
  }

  /// Writes a family of one series.
  public mutating func family(_ family: MetricFamily, labels: Labels, _ value: Double) {
    self.family(family) { $0.add(labels, value) }
  }

  /// Writes a family of one series without labels.
  public mutating func family(_ family: MetricFamily, _ value: Double) {
    let spelling = family.spelling(in: style)
    bytes.append(contentsOf: spelling.header)
    FamilySamples.appendBare(spelling, to: &bytes) { Number.write(value, to: &$0) }
  }

  /// Leaves this value with an empty buffer, so that the one who writes is its only owner and appends in place.
  @usableFromInline
  mutating func takeBytes() -> [UInt8] {
    var taken: [UInt8] = []
    swap(&taken, &bytes)
    return taken
  }

  @usableFromInline
  mutating func giveBack(_ written: consuming [UInt8]) {
    bytes = written
  }
}
