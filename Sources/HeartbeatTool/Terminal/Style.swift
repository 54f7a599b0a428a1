internal import Glibc
internal import Flags

/// What a cell means; the terminal's colours follow from it.
enum Emphasis: Sendable {
  case plain, strong, faint, good, bad, warning, unseen

  /// The parameters of the SGR sequence (ECMA-48); nil for none.
  var parameters: String? {
    switch self {
    case .plain: nil
    case .strong: "1"
    case .faint: "2"
    case .good: "32"
    case .bad: "1;31"
    case .warning: "33"
    case .unseen: "35"
    }
  }
}

/// How to write for whoever reads: colours or none, and how wide.
struct Style: Sendable {
  var usesColour: Bool
  var width: Int

  /// Neither colours nor a limit: for pipes.
  static let plain = Style(usesColour: false, width: Int.max)

  /// What fits standard output.
  static var forStandardOutput: Style {
    func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    return Style(
      isTerminal: isatty(STDOUT_FILENO) == 1, columns: ProcessEnvironment.columns, noColour: variable("NO_COLOR"),
      terminal: variable("TERM"))
  }

  /// The text with its colour.
  func apply(_ emphasis: Emphasis, to text: String) -> String {
    guard usesColour, let parameters = emphasis.parameters, !text.isEmpty else { return text }
    return "\u{1B}[\(parameters)m\(text)\u{1B}[0m"
  }
}

extension Style {
  /// Whether standard output's terminal only takes lines, as far as anybody says.
  static var isOnDumbTerminal: Bool { isDumb(getenv("TERM").map { String(cString: $0) }) }

  /// Whether a terminal only takes lines, by the value of `TERM`: without one nobody knows what else it takes.
  private static func isDumb(_ terminal: String?) -> Bool { ["", "dumb"].contains(terminal ?? "") }

  /// Colours on a terminal unless `NO_COLOR` is set (no-color.org) or it is a dumb one.
  ///
  /// - Parameters:
  ///   - columns: the terminal's width.
  ///   - noColour: the value of `NO_COLOR`.
  ///   - terminal: the value of `TERM`.
  init(isTerminal: Bool, columns: Int, noColour: String?, terminal: String?) {
    usesColour = isTerminal && (noColour ?? "").isEmpty && !Self.isDumb(terminal)
    width = isTerminal ? columns : Int.max
  }
}
