/// The inside of a sample's braces, ready-made as bytes: `process="bidder",status="alive"`.
///
/// It is built once and copied into each line that carries it.
public struct Labels: Hashable, Sendable {
  /// The label pairs without the braces; empty for a series without labels.
  public private(set) var bytes: [UInt8] = []

  /// No labels.
  public init() {}

  /// Labels in the order given. Names are this program's own and must match `[a-zA-Z_][a-zA-Z0-9_]*`.
  public init(_ pairs: KeyValuePairs<StaticString, String>) {
    for (name, value) in pairs { append(name, value) }
  }

  /// Appends a label whose value is a string.
  public mutating func append(_ name: StaticString, _ value: String) {
    Labels.append(name, value.utf8Span.span, to: &bytes)
  }

  /// Appends one label, with the separator in front of it where `bytes` already ends with a label.
  ///
  /// - Parameters:
  ///   - value: UTF-8 of the value, unescaped.
  ///   - bytes: a buffer that is empty or ends with a label pair.
  ///   - separated: whether there is a separator; nil asks `bytes`.
  public static func append(
    _ name: StaticString, _ value: Span<UInt8>, to bytes: inout [UInt8], separated: Bool? = nil
  ) {
    if separated ?? !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
    name.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(UInt8(ascii: "="))
    bytes.append(UInt8(ascii: "\""))
    appendEscaped(value, to: &bytes)
    bytes.append(UInt8(ascii: "\""))
  }

  /// Appends a label value with backslash, double quote and line feed escaped.
  ///
  /// Source: Prometheus text-based format, "Comments, help text, and type information".
  public static func appendEscaped(_ value: Span<UInt8>, to bytes: inout [UInt8]) {
    var start = 0
    for index in value.indices {
      let escaped: StaticString
      switch value[index] {
      case UInt8(ascii: "\\"): escaped = #"\\"#
      case UInt8(ascii: "\""): escaped = #"\""#
      case UInt8(ascii: "\n"): escaped = #"\n"#
      default: continue
      }
      append(value.extracting(start..<index), to: &bytes)
      escaped.withUTF8Buffer { bytes.append(contentsOf: $0) }
      start = index + 1
    }
    append(value.extracting(start..<value.count), to: &bytes)
  }

  private static func append(_ text: Span<UInt8>, to bytes: inout [UInt8]) {
    // The pointer is used for this copy alone.
    text.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
  }
}
