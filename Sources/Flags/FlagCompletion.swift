/// What a shell needs to complete one flag.
public struct FlagCompletion: Hashable, Sendable {
  /// What may follow as the value.
  public enum Values: Hashable, Sendable {
    /// Nothing that a shell could know.
    case nothing
    /// Paths of files.
    case files
    /// Paths of folders.
    case directories
    /// One of these words.
    case choices([String])
  }

  /// Every spelling with its dashes: `--name`, `--no-name`, `-h`.
  public let spellings: [String]
  /// Whether a value follows, as `--name value` or `--name=value`.
  public let takesValue: Bool
  /// Whether it may be given more than once.
  public let isRepeatable: Bool
  /// What may follow as the value.
  public let values: Values
  /// The first sentence of the help, in one line without a full stop.
  public let help: String
}

extension FlagSet {
  /// Every flag with `--help` and `--version`, in the order of the help.
  public var completions: [FlagCompletion] {
    var all = flags.map { flag in
      FlagCompletion(
        spellings: ["--" + flag.name] + (flag.isNegatable ? ["--no-" + flag.name] : []),
        takesValue: !flag.isToggle, isRepeatable: flag.isRepeatable, values: flag.completion,
        help: FlagSet.firstSentence(of: flag.help))
    }
    all.append(
      FlagCompletion(
        spellings: ["--help", "-h"], takesValue: false, isRepeatable: false, values: .nothing, help: "Shows this help"))
    if hasVersion {
      all.append(
        FlagCompletion(
          spellings: ["--version"], takesValue: false, isRepeatable: false, values: .nothing, help: "Shows the version")
      )
    }
    return all
  }

  private static func firstSentence(of help: String) -> String {
    var text = help.split(whereSeparator: \.isNewline).joined(separator: " ")
    if let end = text.firstRange(ofSentenceEnd: ". ") { text = String(text[..<end]) }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }
}

extension String {
  /// Where the first sentence ends: the index of the full stop before a space.
  fileprivate func firstRange(ofSentenceEnd end: String) -> String.Index? {
    indices.first { self[$0...].hasPrefix(end) }
  }
}
