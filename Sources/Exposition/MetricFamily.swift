/// The kind of a metric, as the `# TYPE` line says it.
public enum MetricType: String, Sendable {
  /// A value that only rises, or starts again at 0.
  case counter
  /// A value that goes up and down.
  case gauge
}

/// What all series of one name share: name, type and help.
public struct MetricFamily: Sendable {
  /// The name in front of each sample's labels, before any escaping; counters end in `_total`.
  public let name: String
  private let type: MetricType
  private let help: String
  /// Ready-made where every style but that of the comments is the same.
  private let legacy: (text: Spelling, openMetrics: Spelling)?

  /// Describes a family.
  ///
  /// - Parameters:
  ///   - name: any text that is not empty; `MetricName` makes names of foreign keys.
  ///   - help: one sentence; what the formats escape is escaped.
  public init(_ name: String, _ type: MetricType, _ help: String) {
    self.name = name
    self.type = type
    self.help = help
    legacy =
      NameEscaping.isLegacy(name)
      ? (
        Spelling(name, type, help, isQuoted: false, isOpenMetrics: false),
        Spelling(name, type, help, isQuoted: false, isOpenMetrics: true)
      ) : nil
  }

  /// What is written for the family in a style.
  @usableFromInline
  func spelling(in style: ExpositionStyle) -> Spelling {
    let isOpenMetrics = style.format == .openMetrics1_0_0
    if let legacy { return isOpenMetrics ? legacy.openMetrics : legacy.text }
    let isQuoted = style.escaping == .allowUTF8
    return Spelling(style.escaping.escape(name), type, help, isQuoted: isQuoted, isOpenMetrics: isOpenMetrics)
  }

  /// The text that goes in front of a family's numbers, in one piece: whoever writes a family holds it.
  @usableFromInline
  final class Spelling: Sendable {
    /// The comment lines.
    @usableFromInline let header: [UInt8]
    /// How a sample without labels begins.
    @usableFromInline let bare: [UInt8]
    /// How a sample with labels begins.
    @usableFromInline let lineStart: [UInt8]
    /// The same once more, where reading it counts no references.
    @usableFromInline let inlineStart: InlineText

    init(_ name: String, _ type: MetricType, _ help: String, isQuoted: Bool, isOpenMetrics: Bool) {
      func written(_ name: String) -> String {
        guard isQuoted else { return name }
        var bytes = [UInt8(ascii: "\"")]
        Labels.appendEscaped(name.utf8Span.span, to: &bytes)
        return String(decoding: bytes, as: UTF8.self) + "\""
      }
      let total = "_total"
      var commented = name
      var kind = type.rawValue
      if isOpenMetrics, type == .counter {
        // OpenMetrics names the family without the suffix, and has no counter whose samples lack it.
        if name.hasSuffix(total) { commented.removeLast(total.count) } else { kind = "unknown" }
      }
      var header: [UInt8] = []
      header.append(contentsOf: "# HELP \(written(commented)) ".utf8)
      for byte in help.utf8 {
        switch byte {
        case UInt8(ascii: "\\"): header.append(contentsOf: #"\\"#.utf8)
        case UInt8(ascii: "\n"): header.append(contentsOf: #"\n"#.utf8)
        case UInt8(ascii: "\"") where isOpenMetrics: header.append(contentsOf: #"\""#.utf8)
        default: header.append(byte)
        }
      }
      header.append(contentsOf: "\n# TYPE \(written(commented)) \(kind)\n".utf8)
      if isOpenMetrics,
        let unit = Spelling.units.first(where: { commented.utf8.suffix($0.utf8.count + 1).elementsEqual("_\($0)".utf8) }
        )
      {
        header.append(contentsOf: "# UNIT \(written(commented)) \(unit)\n".utf8)
      }
      self.header = header
      bare = Array((isQuoted ? "{\(written(name))} " : "\(name) ").utf8)
      lineStart = Array((isQuoted ? "{\(written(name))," : "\(name){").utf8)
      inlineStart = InlineText(lineStart)
    }

    /// The base units that names of families end with. Source: OpenMetrics 1.0.0, "Metric Naming and Namespaces".
    private static let units = ["seconds", "bytes"]
  }
}
