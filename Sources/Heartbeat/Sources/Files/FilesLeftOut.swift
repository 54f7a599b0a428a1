/// Files that match a pattern and are not read, as there are more than a limit allows: how the processes in them do, nobody knows.
public struct FilesLeftOut: Hashable, Sendable, CustomStringConvertible {
  /// The pattern that they match.
  public let pattern: String
  /// How many they are.
  public let count: Int

  /// What it is called beside the reasons for which an entry is left out.
  public static let reason = "too_many_files"

  /// Puts the parts together.
  public init(pattern: String, count: Int) {
    self.pattern = pattern
    self.count = count
  }

  /// A sentence such as `3 files that match "/srv/*.json" are not read: ...`; the pattern stands as it is.
  public var description: String { sentence { "\"\($0)\"" } }

  /// The sentence.
  ///
  /// - Parameter quote: makes of a pattern what may be shown: it can hold control characters.
  public func sentence(quoting quote: (String) -> String) -> String {
    let files = count == 1 ? "1 file that matches" : "\(count) files that match"
    return "\(files) \(quote(pattern)) \(count == 1 ? "is" : "are") not read: "
      + "there are more than the limit (--heartbeat.max-files of the exporter)"
  }
}

extension SourceSet {
  /// Of each pattern of which not all files are read, how many are not.
  public var filesLeftOut: [FilesLeftOut] {
    patterns.filter { $0.leftOut > 0 }.map { FilesLeftOut(pattern: $0.pattern, count: $0.leftOut) }
  }

  /// The patterns that no file matches, as far as can be known.
  public var emptyPatterns: [String] {
    patterns.filter { $0.files == 0 && $0.leftOut == 0 && $0.isKnown }.map(\.pattern)
  }
}
