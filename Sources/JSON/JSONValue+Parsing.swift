extension JSONValue {
  /// Reads JSON text (RFC 8259) in UTF-8.
  ///
  /// - Throws: `JSONError` with the place where the text stops being JSON.
  public init(parsing bytes: [UInt8]) throws(JSONError) {
    self = try JSONError.catching(in: bytes) { (cursor) throws(JSONParseError) in
      var cursor = cursor
      cursor.begin()
      let value = try cursor.value()
      try cursor.expectEnd()
      return value
    }
  }

  /// Reads JSON text.
  public init(parsing text: String) throws(JSONError) {
    self = try JSONValue(parsing: Array(text.utf8))
  }

  /// Deeper nesting than this is refused, so that no text can exhaust the stack.
  public static let maximumNesting = 512
}

extension JSONCursor {
  /// Reads the value at which the cursor stands.
  fileprivate mutating func value(depth: Int = 0) throws(JSONParseError) -> JSONValue {
    switch peek {
    case UInt8(ascii: "{"):
      try checkNesting(depth)
      var object = JSONObject()
      try self.object { (cursor, key) throws(JSONParseError) in
        object.append(cursor.string(key), try cursor.value(depth: depth + 1))
      }
      return .object(object)
    case UInt8(ascii: "["):
      try checkNesting(depth)
      var values: [JSONValue] = []
      try array { (cursor) throws(JSONParseError) in values.append(try cursor.value(depth: depth + 1)) }
      return .array(values)
    case UInt8(ascii: "\""): return .string(string(try string()))
    case UInt8(ascii: "t"):
      try word("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try word("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try word("null")
      return .null
    default:
      let start = position
      let number = try number()
      let digits = text[start..<position]
      let isWhole = digits.allSatisfy { $0 == UInt8(ascii: "-") || $0 &- UInt8(ascii: "0") < 10 }
      if isWhole, let integer = Int64(String(decoding: digits, as: UTF8.self)) { return .integer(integer) }
      return .number(number)
    }
  }

  private func checkNesting(_ depth: Int) throws(JSONParseError) {
    guard depth < JSONValue.maximumNesting else {
      throw .notJSON(offset: position, expected: "at most \(JSONValue.maximumNesting) levels of nesting")
    }
  }
}
