/// How a metric name that older readers do not know is spelt: one of the schemes that a scraper may ask for.
///
/// Names of letters, digits, `_` and `:` are the same in each. Source: Prometheus, "UTF-8 metric and label name escaping
/// schemes"; where the document and the Go library of Prometheus differ, this follows the library.
public enum NameEscaping: String, CaseIterable, Sendable {
  /// Nothing is escaped; the name stands in quotes.
  case allowUTF8 = "allow-utf-8"
  /// What may not be in a name becomes `_`.
  case underscores
  /// `.` becomes `_dot_`, `_` and everything else that may not be in a name `__`.
  case dots
  /// The name begins with `U__`, `_` becomes `__`, and what may not be in a name its code point in hexadecimal between `_`.
  case values

  /// The name in this scheme.
  public func escape(_ name: String) -> String {
    if self == .allowUTF8 || NameEscaping.isLegacy(name) { return name }
    var escaped = String.UnicodeScalarView()
    if self == .values { escaped.append(contentsOf: "U__".unicodeScalars) }
    for (index, scalar) in name.unicodeScalars.enumerated() {
      switch (self, scalar) {
      case (.dots, "."): escaped.append(contentsOf: "_dot_".unicodeScalars)
      case (.dots, "_"), (.values, "_"): escaped.append(contentsOf: "__".unicodeScalars)
      case _ where NameEscaping.isLegacy(scalar, isFirst: index == 0): escaped.append(scalar)
      case (.dots, _): escaped.append(contentsOf: "__".unicodeScalars)
      case (.values, _): escaped.append(contentsOf: "_\(String(scalar.value, radix: 16))_".unicodeScalars)
      default: escaped.append("_")
      }
    }
    return String(escaped)
  }

  /// Whether every reader knows the name: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
  static func isLegacy(_ name: String) -> Bool {
    !name.isEmpty && name.unicodeScalars.enumerated().allSatisfy { isLegacy($1, isFirst: $0 == 0) }
  }

  private static func isLegacy(_ scalar: Unicode.Scalar, isFirst: Bool) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "_", ":": true
    case "0"..."9": !isFirst
    default: false
    }
  }
}
