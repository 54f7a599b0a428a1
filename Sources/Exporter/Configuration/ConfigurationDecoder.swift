internal import Flags
internal import Procfs

/// Turns a YAML document into a `Configuration`.
enum ConfigurationDecoder {
  /// The most bytes of a name, of a substring and of a regular expression.
  static let longestText = 1024
  /// The most substrings of one match.
  static let mostSubstrings = 64
  /// The most processes.
  static let mostProcesses = 10_000

  static func configuration(_ root: YAMLNode) throws(YAMLError) -> Configuration {
    if root.isNull { return Configuration() }
    var processes: [ProcessConfiguration] = []
    for (key, value) in try mapping(root, "the key processes") {
      guard key.text == "processes" else { throw unknown(key, among: ["processes"]) }
      if value.isNull { continue }
      for (name, node) in try mapping(value, "heartbeat names, each with its settings") {
        guard processes.count < mostProcesses else {
          throw YAMLError(name.node.position, "too many processes: expected \(mostProcesses) at most")
        }
        processes.append(try process(name, node))
      }
    }
    return Configuration(processes: processes)
  }

  private static func process(_ name: Key, _ node: YAMLNode) throws(YAMLError) -> ProcessConfiguration {
    guard !name.text.isEmpty else { throw YAMLError(name.node.position, "an empty name: expected a heartbeat name") }
    var process = ProcessConfiguration(name: name.text)
    if node.isNull { return process }
    let keys = ["display_name", "timeout", "match", "children"]
    for (key, value) in try mapping(node, "settings of \(quoted(name.text)): " + keys.joined(separator: ", ")) {
      switch key.text {
      case "display_name": process.displayName = try text(value, key, "a name for people")
      case "timeout": process.timeout = try timeout(value, key)
      case "match": process.match = try match(value, key)
      case "children": process.children = try boolean(value, key)
      default: throw unknown(key, among: keys)
      }
    }
    return process
  }

  private static func timeout(_ node: YAMLNode, _ key: Key) throws(YAMLError) -> Double {
    let text = try text(node, key, "a duration such as 30s, 1h30m or 1d")
    do throws(ValueError) {
      return try FlagType<Double>.duration(0.001...Durations.longest).parse(text)
    } catch {
      throw YAMLError(node.position, "\(key.text) is \(quoted(text)): expected \(error.expected)")
    }
  }

  private static func boolean(_ node: YAMLNode, _ key: Key) throws(YAMLError) -> Bool {
    if case .scalar(let text, let isPlain) = node.value, !node.isNull {
      if isPlain, text == "true" || text == "false" { return text == "true" }
      let hint = isPlain ? "" : " without quotes"
      throw YAMLError(node.position, "\(key.text) is \(quoted(text)): expected true or false\(hint)")
    }
    throw wrong(node, key, "true or false")
  }

  private static func match(_ node: YAMLNode, _ key: Key) throws(YAMLError) -> ProcessConfiguration.Match {
    let expected = "a list of texts such as [python, bidder.py], or { cmdline_regex: '...' }"
    switch node.value {
    case .scalar:
      throw wrong(node, key, expected)
    case .sequence(let elements):
      guard !elements.isEmpty else { throw YAMLError(node.position, "match is an empty list: expected \(expected)") }
      guard elements.count <= mostSubstrings else {
        throw YAMLError(node.position, "match has too many texts: expected \(mostSubstrings) at most")
      }
      var substrings: [String] = []
      for element in elements { substrings.append(try text(element, Key("a text of match", element), "a text")) }
      return .substrings(substrings)
    case .mapping:
      let pairs = try mapping(node, expected)
      for (key, _) in pairs where key.text != "cmdline_regex" { throw unknown(key, among: ["cmdline_regex"]) }
      guard let (key, value) = pairs.first else {
        throw YAMLError(node.position, "match is an empty mapping: expected \(expected)")
      }
      let pattern = try text(value, key, "a POSIX extended regular expression")
      do throws(CommandLinePattern.CompileError) {
        _ = try CommandLinePattern(pattern)
      } catch {
        throw YAMLError(
          value.position,
          "cmdline_regex is \(quoted(pattern)): \(error), expected a POSIX extended regular expression")
      }
      return .regex(pattern)
    }
  }

  // MARK: - What every key needs

  /// A key's text and its place.
  private struct Key {
    let text: String
    let node: YAMLNode

    init(_ text: String, _ node: YAMLNode) {
      self.text = text
      self.node = node
    }
  }

  /// A mapping's pairs: keys are texts, each once.
  private static func mapping(_ node: YAMLNode, _ expected: String) throws(YAMLError) -> [(Key, YAMLNode)] {
    guard case .mapping(let pairs) = node.value else {
      throw YAMLError(node.position, "\(node.kind): expected \(expected)")
    }
    var lines: [String: Int] = [:]
    var result: [(Key, YAMLNode)] = []
    for (key, value) in pairs {
      guard case .scalar(let text, _) = key.value else {
        throw YAMLError(key.position, "\(key.kind) as a key: expected a text")
      }
      if let line = lines.updateValue(key.position.line, forKey: text) {
        throw YAMLError(key.position, "duplicate key \(quoted(text)): expected it once, it stands in line \(line) too")
      }
      result.append((Key(text, key), value))
    }
    return result
  }

  /// A text that is not empty, not too long and has no zero byte.
  private static func text(_ node: YAMLNode, _ key: Key, _ expected: String) throws(YAMLError) -> String {
    guard case .scalar(let text, _) = node.value, !node.isNull else { throw wrong(node, key, expected) }
    guard !text.isEmpty else { throw YAMLError(node.position, "\(key.text) is empty: expected \(expected)") }
    guard text.utf8.count <= longestText else {
      throw YAMLError(node.position, "\(key.text) is too long: expected \(longestText) bytes at most")
    }
    guard !text.utf8.contains(0) else {
      throw YAMLError(node.position, "\(key.text) has a zero byte: expected \(expected)")
    }
    return text
  }

  private static func wrong(_ node: YAMLNode, _ key: Key, _ expected: String) -> YAMLError {
    YAMLError(node.position, "\(key.text) is \(node.kind): expected \(expected)")
  }

  private static func unknown(_ key: Key, among keys: [String]) -> YAMLError {
    let hint =
      nearest(to: key.text, among: keys).map { "did you mean \($0)?" }
      ?? "expected " + (keys.count > 1 ? "one of " : "") + keys.joined(separator: ", ")
    return YAMLError(key.node.position, "unknown key \(quoted(key.text)), \(hint)")
  }
}
