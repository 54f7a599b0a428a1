internal import JSON

/// Texts of keys and values: `key=value`, flat YAML with one level of blocks, INI, and the front matter of a longer text.
enum KeyValueText {
  /// A longer text is none of these, in bytes.
  static let longest = 256 << 10

  /// The keys and values; nil when the text is of another kind.
  static func parse(_ text: ArraySlice<UInt8>) -> JSONObject? {
    guard text.count <= longest else { return nil }
    // Scalar by scalar or byte by byte, here and below: a character may be as long as the file, and to compare it with one of ours takes the
    // square of that.
    var lines = String(decoding: text, as: UTF8.self).unicodeScalars
      .split(omittingEmptySubsequences: false, whereSeparator: isLineEnd).map { Substring($0) }
    // Front matter ends where the text begins.
    if lines.first.map({ says(trimmed($0), "---") }) ?? false {
      lines.removeFirst()
      if let end = lines.firstIndex(where: { says(trimmed($0), "---") || says(trimmed($0), "...") }) {
        lines = Array(lines[..<end])
      }
    }
    var root = JSONObject()
    var block: (key: String, object: JSONObject)?
    // To look for each key among those before it would take time that grows with the square of the text's length.
    // All of them are ASCII.
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
      if content.isEmpty || ["#", ";", "//", "- "].contains(where: { begins(content, $0) }) || says(content, "-") {
        continue
      }
      if begins(content, "["), content.utf8.last == UInt8(ascii: "]"), let key = Self.key(inside(content)) {
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
      let isIndented = begins(line, " ") || begins(line, "\t")
      let isInSection = block != nil && (isSection || isIndented || !line.utf8.contains(colon))
      if isInSection {
        guard blockKeys.insert(key).inserted else { return nil }
        block?.object.append(key, scalar(value))
      } else {
        closed(block, &root)
        block = nil
        isSection = false
        // A key that comes again is a log.
        guard rootKeys.insert(key).inserted else { return nil }
        if value.isEmpty, line.utf8.contains(colon) {
          block = (key, JSONObject())
        } else {
          root.append(key, scalar(value))
        }
      }
    }
    closed(block, &root)
    return good > 0 && bad <= good / 4 ? root : nil
  }

  private static let colon = UInt8(ascii: ":")

  private static func isLineEnd(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0A...0x0D, 0x85, 0x2028, 0x2029: true
    default: false
    }
  }

  private static func says(_ text: Substring, _ other: String) -> Bool { text.utf8.elementsEqual(other.utf8) }

  private static func begins(_ text: Substring, _ other: String) -> Bool { text.utf8.starts(with: other.utf8) }

  /// A text without its first and its last byte, which are ASCII.
  private static func inside(_ text: Substring) -> Substring { Substring(text.utf8.dropFirst().dropLast()) }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.unicodeScalars
    while let first = text.first, first.properties.isWhitespace { text.removeFirst() }
    while let last = text.last, last.properties.isWhitespace { text.removeLast() }
    return Substring(text)
  }

  private static let quotes = [UInt8(ascii: "\""), UInt8(ascii: "'")]

  private static func key(_ text: Substring) -> String? {
    var text = trimmed(text)
    for quote in quotes where text.utf8.first == quote && text.utf8.last == quote && text.utf8.count > 2 {
      text = inside(text)
    }
    if begins(text, "export ") { text = Substring(text.utf8.dropFirst(7)) }
    let isKey =
      !text.isEmpty && text.utf8.count <= KeyWords.longestKey
      && text.unicodeScalars.first?.properties.isAlphabetic ?? false
      && text.utf8.allSatisfy { TimeScanner.isAlphanumeric($0) || "-. ".utf8.contains($0) }
    return isKey && text.split(separator: " ").count <= 3 ? String(text) : nil
  }

  /// `key=value`, `key = value`, `key: value`.
  private static func pair(_ line: Substring) -> (key: String, value: Substring)? {
    guard let separator = line.utf8.firstIndex(where: { $0 == UInt8(ascii: "=") || $0 == colon }),
      let key = key(line[..<separator])
    else {
      return nil
    }
    let rest = Substring(line.utf8[line.utf8.index(after: separator)...])
    // `C:\` and `10:20` are none.
    if line.utf8[separator] == colon, let next = rest.unicodeScalars.first, !next.properties.isWhitespace { return nil }
    return (key, trimmed(rest))
  }

  private static func scalar(_ text: Substring) -> JSONValue {
    var text = text
    for quote in quotes where text.utf8.first == quote {
      let inner = text.utf8.dropFirst()
      guard let end = inner.firstIndex(of: quote) else { continue }
      text = Substring(inner[..<end])
      return number(text) ?? .string(String(text))
    }
    if let comment = text.place(of: " #") { text = trimmed(text[..<comment]) }
    // None of these words is longer.
    switch text.utf8.count <= 5 ? text.lowercased() : "-" {
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
      if utf8[start...].starts(with: text.utf8) { return start }
      start = utf8.index(after: start)
    }
    return nil
  }
}
