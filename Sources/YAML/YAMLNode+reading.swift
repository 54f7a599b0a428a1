internal import Flags
internal import POSIX

/// A key's text and its place.
public struct YAMLKey {
  /// The key.
  public let text: String
  /// Where it stands.
  public let node: YAMLNode

  /// A key at its place.
  public init(_ text: String, _ node: YAMLNode) {
    self.text = text
    self.node = node
  }

  /// The error of a key that nobody knows, with the one that may be meant.
  public func unknown(among keys: [String]) -> YAMLError {
    let hint =
      nearest(to: text, among: keys).map { "did you mean \($0)?" }
      ?? "expected " + (keys.count > 1 ? "one of " : "") + keys.joined(separator: ", ")
    return YAMLError(node.position, "unknown key \(quoted(text)), \(hint)")
  }
}

/// A node as what is expected of it, or the error that says so.
extension YAMLNode {
  /// The most bytes of a name, of a substring and of a regular expression.
  public static let longestText = 1024

  /// A mapping's pairs: keys are texts, each once.
  public func mapping(_ expected: String) throws(YAMLError) -> [(YAMLKey, YAMLNode)] {
    guard case .mapping(let pairs) = value else {
      throw YAMLError(position, "\(kind): expected \(expected)")
    }
    var lines: [ExactText: Int] = [:]
    var result: [(YAMLKey, YAMLNode)] = []
    for (key, value) in pairs {
      guard case .scalar(let text, _) = key.value else {
        throw YAMLError(key.position, "\(key.kind) as a key: expected a text")
      }
      // What follows compares it with words of ours, in time that may grow with the square of its length.
      guard text.utf8.count <= YAMLNode.longestText else {
        throw YAMLError(key.position, "a key that is too long: expected \(YAMLNode.longestText) bytes at most")
      }
      if let line = lines.updateValue(key.position.line, forKey: ExactText(text)) {
        throw YAMLError(key.position, "duplicate key \(quoted(text)): expected it once, it stands in line \(line) too")
      }
      result.append((YAMLKey(text, key), value))
    }
    return result
  }

  /// A text that is not empty, not too long and has no zero byte.
  public func text(
    _ key: YAMLKey, _ expected: String, longest: Int = YAMLNode.longestText
  ) throws(YAMLError) -> String {
    guard case .scalar(let text, _) = value, !isNull else { throw wrong(key, expected) }
    guard !text.isEmpty else { throw YAMLError(position, "\(key.text) is empty: expected \(expected)") }
    guard text.utf8.count <= longest else {
      throw YAMLError(position, "\(key.text) is too long: expected \(longest) bytes at most")
    }
    guard !text.utf8.contains(0) else {
      throw YAMLError(position, "\(key.text) has a zero byte: expected \(expected)")
    }
    return text
  }

  /// `true` or `false`.
  public func boolean(_ key: YAMLKey) throws(YAMLError) -> Bool {
    if case .scalar(let text, let isPlain) = value, !isNull {
      if isPlain, text.isSame(as: "true") || text.isSame(as: "false") { return text.isSame(as: "true") }
      let hint = isPlain ? "" : " without quotes"
      throw YAMLError(position, "\(key.text) is \(quoted(text)): expected true or false\(hint)")
    }
    throw wrong(key, "true or false")
  }

  /// The elements of a list.
  public func list(_ key: YAMLKey, _ expected: String, most: Int) throws(YAMLError) -> [YAMLNode] {
    guard case .sequence(let elements) = value else { throw wrong(key, expected) }
    guard elements.count <= most else {
      throw YAMLError(position, "\(key.text) has \(elements.count) elements: expected \(most) at most")
    }
    return elements
  }

  /// The error of a node that is something else.
  public func wrong(_ key: YAMLKey, _ expected: String) -> YAMLError {
    YAMLError(position, "\(key.text) is \(kind): expected \(expected)")
  }
}
