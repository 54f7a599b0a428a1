internal import POSIX

/// A part of a YAML document and where it stands.
public struct YAMLNode {
  /// What it is.
  public enum Value {
    /// A text; plain ones, without quotes, may mean null or a boolean.
    case scalar(String, isPlain: Bool)
    case sequence([YAMLNode])
    /// Keys and values in the file's order, duplicates included.
    case mapping([(key: YAMLNode, value: YAMLNode)])
  }

  /// Where it begins.
  public let position: ConfigurationError.Position
  /// What it is.
  public let value: Value

  /// Whether nothing stands here: `key:` alone, `~` or `null`.
  public var isNull: Bool {
    guard case .scalar(let text, isPlain: true) = value else { return false }
    return text.isEmpty || text.isSame(as: "~") || text.isSame(as: "null")
  }

  /// What it is, for a message.
  public var kind: String {
    switch value {
    case .scalar: isNull ? "nothing" : "a text"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}

/// What is wrong at which place of a document.
public struct YAMLError: Error {
  /// Where it is wrong.
  public let position: ConfigurationError.Position
  /// What is wrong, and what was expected.
  public let problem: String

  /// Says what is wrong at a place.
  public init(_ position: ConfigurationError.Position, _ problem: String) {
    self.position = position
    self.problem = problem
  }
}
