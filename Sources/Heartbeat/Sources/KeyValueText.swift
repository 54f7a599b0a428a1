internal import JSON

/// Texts of keys and values: `key=value`, flat YAML with one level of blocks, INI, and the front matter of a longer text.
enum KeyValueText {
  /// A longer text is none of these, in bytes.
  static let longest = 256 << 10

  /// The keys and values; nil when the text is of another kind.
  static func parse(_ text: ArraySlice<UInt8>) -> JSONObject? {
    guard text.count <= longest else { return nil }
    var lines = String(decoding: text, as: UTF8.self).split(omittingEmptySubsequences: false) { $0.isNewline }
    // Front matter ends where the text begins.
    if lines.first.map({ trimmed($0) == "---" }) ?? false {
      lines.removeFirst()
      if let end = lines.firstIndex(where: { trimmed($0) == "---" || trimmed($0) == "..." }) {
        lines = Array(lines[..<end])
      }
    }
    var root = JSONObject()
    var block: (key: String, object: JSONObject)?
    // To look for each key among those before it would take time that grows with the square of the text's length.
    var (rootKeys, blockKeys): (Set<String>, Set<String>) = ([], [])
    /// Whether it is a section of INI, which goes on until the next one.
    var isSection = false
    var (good, bad) = (0, 0)
    func closed(_ block: (key: String, object: JSONObject)?, _ root: inout JSONObject) {
      guard let block else { return }
      root.append(block.key, block.object.isEmpty ? .null : .object(block.object))
      rootKeys.insert(block.key)
      blockKeys.removeAll()
    }
    for line in lines {
      let content = trimmed(line)
      if content.isEmpty || content.hasPrefix("#") || content.hasPrefix(";") || content.hasPrefix("//") { continue }
      if content.hasPrefix("- ") || content == "-" { continue }
      if content.hasPrefix("["), content.hasSuffix("]"), let key = Self.key(content.dropFirst().dropLast()) {
        closed(block, &root)
        block = (key, JSONObject())
        isSection = true
        good += 1
        continue
      }
      guard let (key, value) = pair(content) else {
        bad += 1
        if bad > good + 1 { return nil }
        continue
      }
      good += 1
      let isIndented = line.first == " " || line.first == "\t"
      let isInSection = block != nil && (isSection || isIndented || !line.contains(":"))
      if isInSection {
        guard blockKeys.insert(key).inserted else { return nil }
        block?.object.append(key, scalar(value))
      } else {
        closed(block, &root)
        block = nil
        isSection = false
        // A key that comes again is a log.
        guard rootKeys.insert(key).inserted else { return nil }
        if value.isEmpty, line.contains(":") {
          block = (key, JSONObject())
        } else {
          root.append(key, scalar(value))
        }
      }
    }
    closed(block, &root)
    return good > 0 && bad <= good / 4 ? root : nil
  }

  private static func trimmed(_ text: some StringProtocol) -> Substring {
    var text = Substring(text)
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text
  }

  private static func key(_ text: some StringProtocol) -> String? {
    var text = trimmed(text)
    for quote in ["\"", "'"] where text.hasPrefix(quote) && text.hasSuffix(quote) && text.count > 2 {
      text = text.dropFirst().dropLast()
    }
    if text.hasPrefix("export ") { text = text.dropFirst(7) }
    let isKey =
      !text.isEmpty && text.utf8.count <= KeyWords.longestKey && text.first?.isLetter ?? false
      && text.utf8.allSatisfy { TimeScanner.isAlphanumeric($0) || "-. ".utf8.contains($0) }
    return isKey && text.split(separator: " ").count <= 3 ? String(text) : nil
  }

  /// `key=value`, `key = value`, `key: value`.
  private static func pair(_ line: Substring) -> (key: String, value: Substring)? {
    guard let separator = line.firstIndex(where: { $0 == "=" || $0 == ":" }), let key = key(line[..<separator]) else {
      return nil
    }
    let rest = line[line.index(after: separator)...]
    // `C:\` and `10:20` are none.
    if line[separator] == ":", let next = rest.first, !next.isWhitespace { return nil }
    return (key, trimmed(rest))
  }

  private static func scalar(_ text: Substring) -> JSONValue {
    var text = text
    for quote in ["\"", "'"] where text.hasPrefix(quote) && text.dropFirst().contains(Character(quote)) {
      let inner = text.dropFirst()
      if let end = inner.firstIndex(of: Character(quote)) { text = inner[..<end] }
      return number(text) ?? .string(String(text))
    }
    if let comment = text.place(of: " #") { text = trimmed(text[..<comment]) }
    switch text.lowercased() {
    case "", "null", "~", "none": return .null
    case "true", "yes": return .bool(true)
    case "false", "no": return .bool(false)
    default: return number(text) ?? .string(String(text))
    }
  }

  private static func number(_ text: Substring) -> JSONValue? {
    guard let first = text.utf8.first, first == 0x2D || first &- 0x30 < 10, text.utf8.count <= 40 else { return nil }
    guard let value = try? JSONValue(parsing: String(text)), value.doubleValue != nil else { return nil }
    return value
  }
}

extension Substring {
  /// Where another text begins; Foundation is not used.
  fileprivate func place(of text: String) -> Index? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start }
      start = index(after: start)
    }
    return nil
  }
}
