extension JSONValue {
  /// Reads JSON text (RFC 8259) in UTF-8.
  ///
  /// - Throws: `JSONError` with the place where the text stops being JSON.
  public init(parsing bytes: [UInt8]) throws(JSONError) {
    var result: Result<JSONValue, JSONError> = .success(.null)
    bytes.withUnsafeBytes { buffer in
      do throws(JSONError) {
        var scanner = JSONScanner(buffer)
        scanner.skipWhiteSpace()
        let value = try scanner.value()
        try scanner.expectEnd()
        result = .success(value)
      } catch {
        result = .failure(error)
      }
    }
    self = try result.get()
  }

  /// Reads JSON text.
  public init(parsing text: String) throws(JSONError) {
    self = try JSONValue(parsing: Array(text.utf8))
  }
}

extension JSONScanner {
  /// Reads the value at which the scanner stands.
  mutating func value(depth: Int = 0) throws(JSONError) -> JSONValue {
    guard depth < JSONScanner.maximumDepth else { throw error("nested deeper than \(JSONScanner.maximumDepth) levels") }
    switch next {
    case UInt8(ascii: "{"):
      var object = JSONObject()
      try self.object { (scanner, key) throws(JSONError) in
        object.append(scanner.text(of: key), try scanner.value(depth: depth + 1))
      }
      return .object(object)
    case UInt8(ascii: "["):
      var values: [JSONValue] = []
      try array { (scanner) throws(JSONError) in values.append(try scanner.value(depth: depth + 1)) }
      return .array(values)
    case UInt8(ascii: "\""):
      let start = position
      try skipString()
      return .string(text(of: start..<position))
    case UInt8(ascii: "t"):
      try skipWord("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try skipWord("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try skipWord("null")
      return .null
    default:
      let start = position
      let isWhole = try skipNumber()
      let text = String(decoding: bytes[start..<position], as: UTF8.self)
      if isWhole, let value = Int64(text) { return .integer(value) }
      return .number(Double(text) ?? .nan)
    }
  }

  /// A number's value; nil for any other value. The scanner passes it in both cases.
  mutating func number() throws(JSONError) -> Double? {
    let start = position
    guard next == UInt8(ascii: "-") || next &- 0x30 < 10 else {
      try skipValue()
      return nil
    }
    _ = try skipNumber()
    return Double(String(decoding: bytes[start..<position], as: UTF8.self))
  }

  /// The text of a string that has been passed, without quotes and escapes. Half a surrogate pair and what is not UTF-8
  /// becomes U+FFFD.
  func text(of string: Range<Int>) -> String {
    let content = bytes[string.lowerBound + 1..<string.upperBound - 1]
    guard content.contains(UInt8(ascii: "\\")) else { return String(decoding: content, as: UTF8.self) }
    var text: [UInt8] = []
    var index = content.startIndex
    while index < content.endIndex {
      guard content[index] == UInt8(ascii: "\\") else {
        text.append(content[index])
        index += 1
        continue
      }
      index += 2
      switch content[index - 1] {
      case UInt8(ascii: "b"): text.append(0x08)
      case UInt8(ascii: "f"): text.append(0x0C)
      case UInt8(ascii: "n"): text.append(0x0A)
      case UInt8(ascii: "r"): text.append(0x0D)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "u"): appendUnicodeEscape(of: content, at: &index, to: &text)
      case let other: text.append(other)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  private func appendUnicodeEscape(
    of content: Slice<UnsafeRawBufferPointer>, at index: inout Int, to text: inout [UInt8]
  ) {
    let first = codeUnit(content, at: index)
    index += 4
    var scalar = Unicode.Scalar(UInt32(first))
    if first & 0xFC00 == 0xD800, index + 6 <= content.endIndex, content[index] == UInt8(ascii: "\\"),
      content[index + 1] == UInt8(ascii: "u")
    {
      let second = codeUnit(content, at: index + 2)
      if second & 0xFC00 == 0xDC00 {
        index += 6
        scalar = Unicode.Scalar(0x10000 + (UInt32(first & 0x3FF) << 10) + UInt32(second & 0x3FF))
      }
    }
    text.append(contentsOf: String(Character(scalar ?? "\u{FFFD}")).utf8)
  }

  /// The four hexadecimal digits at an index; `skipString` has seen that they are there.
  private func codeUnit(_ content: Slice<UnsafeRawBufferPointer>, at index: Int) -> UInt16 {
    content[index..<index + 4].reduce(0) { $0 << 4 | (hexadecimalValue($1) ?? 0) }
  }
}
