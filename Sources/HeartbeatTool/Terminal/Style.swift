internal import Glibc
internal import Flags

/// What a cell means; the terminal's colours follow from it.
enum Emphasis: Sendable {
  case plain, strong, faint, good, bad, warning, calm

  /// The parameters of the SGR sequence (ECMA-48); nil for none.
  var parameters: String? {
    switch self {
    case .plain: nil
    case .strong: "1"
    case .faint: "2"
    case .good: "32"
    case .bad: "1;31"
    case .warning: "33"
    case .calm: "34"
    }
  }
}

/// How to write for whoever reads: colours or none, and how wide.
struct Style: Sendable {
  var usesColour: Bool
  var width: Int

  /// Neither colours nor a limit: for pipes.
  static let plain = Style(usesColour: false, width: Int.max)

  /// What fits standard output: colours on a terminal unless `NO_COLOR` is set (no-color.org) or it is a dumb one.
  static var forStandardOutput: Style {
    guard isatty(STDOUT_FILENO) == 1 else { return .plain }
    let noColour = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
    let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? true
    return Style(usesColour: !noColour && !isDumb, width: Surroundings.columns)
  }

  /// The text with its colour.
  func apply(_ emphasis: Emphasis, to text: String) -> String {
    guard usesColour, let parameters = emphasis.parameters, !text.isEmpty else { return text }
    return "\u{1B}[\(parameters)m\(text)\u{1B}[0m"
  }
}
