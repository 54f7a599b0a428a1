/// Why a text is no value of the type that was asked for: says what was expected in its place.
///
/// Flags, environment variables and the configuration file put the place in front of it.
public struct ValueError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What would have been right, such as `a duration such as 30s or 1h30m`: the end of a sentence.
  public let expected: String

  /// Makes an error of the words that follow "expected".
  public init(expected: String) {
    self.expected = expected
  }

  /// `expected …`
  public var description: String { "expected " + expected }
}
