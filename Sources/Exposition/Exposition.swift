/// The body of one scrape as it is being written: families one behind the other in one byte buffer.
///
/// Source: Prometheus text-based format, version 0.0.4.
public struct Exposition: Sendable {
  /// What `Content-Type` says of the bytes.
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// The text so far.
  public private(set) var bytes: [UInt8] = []

  /// An empty body.
  public init() {}

  /// An empty body that is written into the memory of an old one, unless somebody still holds that.
  public init(reusing old: consuming [UInt8]) {
    old.removeAll(keepingCapacity: true)
    bytes = old
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
    var samples = FamilySamples(family, after: takeBytes())
    body(&samples)
    giveBack(samples.finish())
  }

  /// Writes a family of one series.
  public mutating func family(_ family: MetricFamily, labels: Labels = Labels(), _ value: Double) {
    self.family(family) { $0.add(labels, value) }
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
