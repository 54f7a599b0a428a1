/// The samples of the family that is being written.
public struct FamilySamples: ~Copyable {
  @usableFromInline var bytes: [UInt8]
  @usableFromInline let start: Int
  @usableFromInline let samplesStart: Int
  @usableFromInline let name: [UInt8]
  @usableFromInline let lineStart: [UInt8]

  @usableFromInline
  init(_ family: MetricFamily, after bytes: consuming [UInt8]) {
    start = bytes.count
    self.bytes = bytes
    self.bytes.append(contentsOf: family.header)
    samplesStart = self.bytes.count
    name = family.name
    lineStart = family.lineStart
  }

  /// How many bytes of samples were written.
  public var isEmpty: Bool { bytes.count == samplesStart }

  /// Adds a series with ready-made labels.
  @inlinable
  public mutating func add(_ labels: Labels, _ value: Double) {
    add(labels: labels.bytes[...], value)
  }

  /// Adds a series whose labels lie in a larger buffer.
  ///
  /// - Parameter labels: the inside of the braces, already escaped; empty for none.
  @inlinable
  public mutating func add(labels: ArraySlice<UInt8>, _ value: Double) {
    appendName(labels: labels)
    Number.append(value, to: &bytes)
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Adds a series whose value is a time in whole microseconds, which is written in seconds.
  @inlinable
  public mutating func add(labels: ArraySlice<UInt8>, microseconds: Int64) {
    appendName(labels: labels)
    Number.append(microseconds: microseconds, to: &bytes)
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Adds a series with one more label behind the ready-made ones.
  public mutating func add(
    labels: ArraySlice<UInt8>, _ name: StaticString, _ labelValue: some Sequence<UInt8>, _ value: Double
  ) {
    bytes.append(contentsOf: lineStart)
    bytes.append(contentsOf: labels)
    Labels.append(name, labelValue, to: &bytes, separated: !labels.isEmpty)
    bytes.append(contentsOf: "} ".utf8)
    Number.append(value, to: &bytes)
    bytes.append(UInt8(ascii: "\n"))
  }

  @inlinable
  mutating func appendName(labels: ArraySlice<UInt8>) {
    if labels.isEmpty {
      bytes.append(contentsOf: name)
      bytes.append(UInt8(ascii: " "))
    } else {
      bytes.append(contentsOf: lineStart)
      bytes.append(contentsOf: labels)
      bytes.append(UInt8(ascii: "}"))
      bytes.append(UInt8(ascii: " "))
    }
  }

  @usableFromInline
  consuming func finish() -> [UInt8] {
    if isEmpty { bytes.removeLast(bytes.count - start) }
    return bytes
  }
}
