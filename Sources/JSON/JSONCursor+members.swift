/// What writers need of the cursor beside its reading: where members stand, so that a few bytes of a file can change
/// and all others stay.
extension JSONCursor {
  /// Walks over the members of an object; `member` must pass the value at which the cursor stands.
  package mutating func object(
    _ member: (inout JSONCursor, RawString) throws(JSONParseError) -> Void
  ) throws(JSONParseError) {
    try expect(UInt8(ascii: "{"), "'{'")
    if peek == UInt8(ascii: "}") { return position &+= 1 }
    repeat {
      let key = try string()
      try expect(UInt8(ascii: ":"), "':'")
      try member(&self, key)
    } while try hasNext(UInt8(ascii: "}"))
  }

  /// Walks over the elements of an array; `element` must pass the value at which the cursor stands.
  package mutating func array(
    _ element: (inout JSONCursor) throws(JSONParseError) -> Void
  ) throws(JSONParseError) {
    try expect(UInt8(ascii: "["), "'['")
    if peek == UInt8(ascii: "]") { return position &+= 1 }
    repeat { try element(&self) } while try hasNext(UInt8(ascii: "]"))
  }

  /// Passes a byte order mark, which some editors write though RFC 8259 forbids it, and white space.
  package mutating func begin() {
    if text.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    skipWhiteSpace()
  }

  /// White space and nothing else may follow.
  package mutating func expectEnd() throws(JSONParseError) {
    skipWhiteSpace()
    guard position == text.count else { throw error("the end of the text") }
  }

  /// The text of a string that has been passed.
  package func string(_ raw: RawString) -> String {
    let bytes = text[raw.range]
    return raw.needsDecoding
      ? String(decoding: JSONString.decode(bytes), as: UTF8.self) : String(decoding: bytes, as: UTF8.self)
  }

  /// The bytes of the text of a string that has been passed.
  package func bytes(_ raw: RawString) -> [UInt8] {
    raw.needsDecoding ? JSONString.decode(text[raw.range]) : Array(text[raw.range])
  }

  /// Whether a string that has been passed means this text.
  package func isSame(_ raw: RawString, _ name: String) -> Bool {
    let bytes = text[raw.range]
    return raw.needsDecoding ? JSONString.decode(bytes).elementsEqual(name.utf8) : bytes.elementsEqual(name.utf8)
  }

  /// One member of an object, where it stands.
  package struct RawMember {
    package var key: RawString
    package var value: Range<Int>

    /// From the key's opening quote to the value's end.
    package var range: Range<Int> { key.range.lowerBound - 1..<value.upperBound }

    package init(key: RawString, value: Range<Int>) {
      self.key = key
      self.value = value
    }
  }

  /// The members of the object in a range; throws when another value stands there.
  package func members(of range: Range<Int>) throws(JSONParseError) -> [RawMember] {
    var cursor = JSONCursor(text)
    cursor.position = range.lowerBound
    cursor.maximumNesting = maximumNesting
    var members: [RawMember] = []
    try cursor.object { (cursor, key) throws(JSONParseError) in
      let start = cursor.position
      try cursor.skipValue()
      members.append(RawMember(key: key, value: start..<cursor.position))
    }
    return members
  }
}
