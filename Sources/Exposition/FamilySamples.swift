/// The samples of the family that is being written.
public struct FamilySamples: ~Copyable {
  @usableFromInline var bytes: [UInt8]
  @usableFromInline let start: Int
  @usableFromInline let samplesStart: Int
  @usableFromInline let spelling: MetricFamily.Spelling
  /// That of `spelling`.
  @usableFromInline let lineStart: InlineText

  @usableFromInline
  init(_ family: MetricFamily, in style: ExpositionStyle, after bytes: consuming [UInt8]) {
    spelling = family.spelling(in: style)
    lineStart = spelling.inlineStart
    start = bytes.count
    self.bytes = bytes
    self.bytes.append(contentsOf: spelling.header)
    samplesStart = self.bytes.count
  }

  /// How many bytes of samples were written.
  public var isEmpty: Bool { bytes.count == samplesStart }

  /// Adds a series with ready-made labels.
  @inlinable
  public mutating func add(_ labels: Labels, _ value: Double) {
    add(labels: labels.bytes.span, value)
  }

  /// Adds a series whose labels lie in a larger buffer.
  ///
  /// - Parameter labels: the inside of the braces, already escaped; empty for none.
  @inlinable
  public mutating func add(labels: Span<UInt8>, _ value: Double) {
    FamilySamples.append(lineStart, spelling, labels, to: &bytes) { Number.write(value, to: &$0) }
  }

  /// Adds a series whose value is a time in whole microseconds, which is written in seconds.
  @inlinable
  public mutating func add(labels: Span<UInt8>, microseconds: Int64) {
    FamilySamples.append(lineStart, spelling, labels, to: &bytes) { Number.write(microseconds: microseconds, to: &$0) }
  }

  /// Adds a series with one more label behind the ready-made ones.
  public mutating func add(labels: Span<UInt8>, _ name: StaticString, _ labelValue: Span<UInt8>, _ value: Double) {
    bytes.append(contentsOf: spelling.lineStart)
    labels.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    Labels.append(name, labelValue, to: &bytes, separated: !labels.isEmpty)
    bytes.append(contentsOf: "} ".utf8)
    Number.append(value, to: &bytes)
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Appends a line whose number `writeNumber` writes, in one go.
  @inlinable
  static func append(
    _ lineStart: InlineText, _ spelling: MetricFamily.Spelling, _ labels: Span<UInt8>,
    to bytes: inout [UInt8], _ writeNumber: (inout OutputSpan<UInt8>) -> Void
  ) {
    guard !labels.isEmpty, lineStart.isWhole else {
      appendRarely(spelling, labels, to: &bytes, writeNumber)
      return
    }
    bytes.append(addingCapacity: InlineText.capacity + labels.count + Number.maximumLength + 4) { line in
      append(lineStart.bytes.span.extracting(0..<lineStart.count), to: &line)
      append(labels, to: &line)
      line.append(UInt8(ascii: "}"))
      line.append(UInt8(ascii: " "))
      writeNumber(&line)
      line.append(UInt8(ascii: "\n"))
    }
  }

  /// The same for a line without labels or with a long name.
  @usableFromInline
  static func appendRarely(
    _ spelling: MetricFamily.Spelling, _ labels: Span<UInt8>, to bytes: inout [UInt8],
    _ writeNumber: (inout OutputSpan<UInt8>) -> Void
  ) {
    guard !labels.isEmpty else {
      appendBare(spelling, to: &bytes, writeNumber)
      return
    }
    bytes.append(contentsOf: spelling.lineStart)
    labels.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: "} ".utf8)
    appendNumber(to: &bytes, writeNumber)
  }

  /// Appends a line without labels.
  @usableFromInline
  static func appendBare(
    _ spelling: MetricFamily.Spelling, to bytes: inout [UInt8], _ writeNumber: (inout OutputSpan<UInt8>) -> Void
  ) {
    bytes.append(contentsOf: spelling.bare)
    appendNumber(to: &bytes, writeNumber)
  }

  private static func appendNumber(to bytes: inout [UInt8], _ writeNumber: (inout OutputSpan<UInt8>) -> Void) {
    bytes.append(addingCapacity: Number.maximumLength + 1) { line in
      writeNumber(&line)
      line.append(UInt8(ascii: "\n"))
    }
  }

  @inlinable
  static func append(_ text: Span<UInt8>, to line: inout OutputSpan<UInt8>) {
    guard text.count <= line.freeCapacity else { return }
    // In bounds: there is room for the whole text, and two buffers of different arrays do not overlap.
    line.withUnsafeMutableBufferPointer { buffer, written in
      text.withUnsafeBufferPointer { text in
        guard let target = buffer.baseAddress, let source = text.baseAddress else { return }
        (target + written).initialize(from: source, count: text.count)
      }
      written &+= text.count
    }
  }

  @usableFromInline
  consuming func finish() -> [UInt8] {
    // no trap: bytes were only added since the start
    if isEmpty { bytes.removeLast(bytes.count - start) }
    return bytes
  }
}
