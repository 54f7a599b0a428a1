extension JSONValue {
  /// Reads JSON text (RFC 8259) in UTF-8.
  ///
  /// - Parameter strictly: whether `NaN`, infinities, numbers beyond a double's and bytes that are no UTF-8 are errors. Files that
  ///   others write are read without it, so that one odd value does not cost all; what is taken in to be written is not.
  /// - Throws: `JSONError` with the place where the text stops being JSON.
  public init(parsing bytes: [UInt8], strictly: Bool = false) throws(JSONError) {
    if strictly {
      do throws(UTF8.ValidationError) {
        _ = try UTF8Span(validating: bytes.span)
      } catch {
        throw JSONError(offset: error.byteOffsets.lowerBound, reason: "expected UTF-8")
      }
    }
    self = try JSONError.catching(in: bytes) { (cursor) throws(JSONParseError) in
      var cursor = cursor
      cursor.isStrict = strictly
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
      guard !isStrict || number.isFinite else {
        throw .notJSON(offset: start, expected: "a number of at most 1.8e308")
      }
      return .number(number)
    }
  }

  private func checkNesting(_ depth: Int) throws(JSONParseError) {
    guard depth < JSONValue.maximumNesting else {
      throw .notJSON(offset: position, expected: "at most \(JSONValue.maximumNesting) levels of nesting")
    }
  }
}
