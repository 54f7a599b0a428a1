/// A part of a YAML document and where it stands.
struct YAMLNode {
  /// What it is.
  enum Value {
    /// A text; plain ones, without quotes, may mean null or a boolean.
    case scalar(String, isPlain: Bool)
    case sequence([YAMLNode])
    /// Keys and values in the file's order, duplicates included.
    case mapping([(key: YAMLNode, value: YAMLNode)])
  }

  let position: ConfigurationError.Position
  let value: Value

  /// Whether nothing stands here: `key:` alone, `~` or `null`.
  var isNull: Bool {
    guard case .scalar(let text, isPlain: true) = value else { return false }
    return text.isEmpty || text == "~" || text == "null"
  }

  /// What it is, for a message.
  var kind: String {
    switch value {
    case .scalar: isNull ? "nothing" : "a text"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}

/// What is wrong at which place of a document.
struct YAMLError: Error {
  let position: ConfigurationError.Position
  let problem: String

  init(_ position: ConfigurationError.Position, _ problem: String) {
    self.position = position
    self.problem = problem
  }
}
