/// The kind of a metric, as the `# TYPE` line says it.
public enum MetricType: String, Sendable {
  /// A value that only rises, or starts again at 0.
  case counter
  /// A value that goes up and down.
  case gauge
}

/// What all series of one name share: name, type and help.
public struct MetricFamily: Sendable {
  /// The name in front of each sample's labels; counters end in `_total`.
  public let name: [UInt8]
  /// The `# HELP` and `# TYPE` lines of the text format.
  public let header: [UInt8]
  /// The name with the opening brace, as each labelled line begins.
  @usableFromInline let lineStart: [UInt8]

  /// Describes a family.
  ///
  /// - Parameters:
  ///   - name: must match `[a-zA-Z_:][a-zA-Z0-9_:]*`; `MetricName` makes such names of foreign ones.
  ///   - help: one sentence; backslash and line feed are escaped.
  public init(_ name: String, _ type: MetricType, _ help: String) {
    self.name = Array(name.utf8)
    var header: [UInt8] = []
    header.append(contentsOf: "# HELP \(name) ".utf8)
    for byte in help.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): header.append(contentsOf: #"\\"#.utf8)
      case UInt8(ascii: "\n"): header.append(contentsOf: #"\n"#.utf8)
      default: header.append(byte)
      }
    }
    header.append(contentsOf: "\n# TYPE \(name) \(type.rawValue)\n".utf8)
    self.header = header
    lineStart = self.name + [UInt8(ascii: "{")]
  }
}
