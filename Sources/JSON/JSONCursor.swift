/// A walk over JSON text (RFC 8259), fast enough for a file that is read anew at each scrape.
///
/// Each method expects the cursor at its construct and leaves it right behind. Public for the compiler alone: what is `package` it puts into
/// no other module, and a call for each byte costs the reader of heartbeats a quarter.
public struct JSONCursor {
  // Sound: whoever makes a cursor keeps the memory alive and unchanged while it is used, and `peek` is the only way to
  // it that does not check the end first.
  /// The whole text.
  public let text: UnsafeBufferPointer<UInt8>
  /// Where the cursor is in the text.
  public var position = 0
  /// Deeper nesting than this is an error. A writer, which passes over what it does not know, has no use for a bound:
  /// `skipValue` needs one byte for a level.
  public var maximumNesting = JSONValue.maximumNesting
  /// Whether what is no JSON but common is an error too: `NaN` and infinities, numbers that no double is near to.
  public var isStrict = false
  @usableFromInline var containers: [UInt8] = []

  /// A cursor at the beginning of a text.
  @inlinable
  public init(_ text: UnsafeBufferPointer<UInt8>) {
    self.text = text
  }

  /// The byte at the cursor; 0, which JSON has nowhere outside of a string, at the end.
  @inlinable @inline(__always)
  public var peek: UInt8 {
    position < text.count ? text[position] : 0
  }

  /// Whether what stands here can only be a number.
  @inlinable @inline(__always)
  public var startsNumber: Bool {
    peek == UInt8(ascii: "-") || peek &- UInt8(ascii: "0") < 10
  }

  /// What to say when something else was expected here.
  public func error(_ expected: String) -> JSONParseError {
    position >= text.count ? .torn : .notJSON(offset: position, expected: expected)
  }

  /// Passes white space.
  @inlinable @inline(__always)
  public mutating func skipWhiteSpace() {
    while position < text.count {
      let byte = text[position]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      position &+= 1
    }
  }

  /// Passes white space, the byte, and white space.
  @inlinable @inline(__always)
  public mutating func expect(_ byte: UInt8, _ expected: @autoclosure () -> String) throws(JSONParseError) {
    skipWhiteSpace()
    guard peek == byte else { throw error(expected()) }
    position &+= 1
    skipWhiteSpace()
  }

  /// Passes the separator behind a member or element; false when it was the closing one.
  @inlinable @inline(__always)
  public mutating func hasNext(_ closing: UInt8) throws(JSONParseError) -> Bool {
    skipWhiteSpace()
    let byte = peek
    guard byte == UInt8(ascii: ",") || byte == closing else {
      throw error(closing == UInt8(ascii: "}") ? "',' or '}'" : "',' or ']'")
    }
    position &+= 1
    guard byte == UInt8(ascii: ",") else { return false }
    skipWhiteSpace()
    return true
  }

  /// A string as it stands between its quotes.
  public struct RawString {
    /// Where it stands in the text, without the quotes.
    public var range: Range<Int>
    /// It has escapes or bytes beyond ASCII, so that it must be looked at again before it is text.
    public var needsDecoding: Bool

    /// A string that stands there.
    @inlinable
    public init(range: Range<Int>, needsDecoding: Bool) {
      self.range = range
      self.needsDecoding = needsDecoding
    }
  }

  /// Passes a string with its quotes.
  @inlinable @inline(__always)
  public mutating func string() throws(JSONParseError) -> RawString {
    guard peek == UInt8(ascii: "\"") else { throw error("a string") }
    position &+= 1
    let start = position
    var needsDecoding = false
    while position < text.count {
      let byte = text[position]
      if byte == UInt8(ascii: "\"") {
        let range = start..<position
        position &+= 1
        return RawString(range: range, needsDecoding: needsDecoding)
      }
      if byte == UInt8(ascii: "\\") {
        needsDecoding = true
        position &+= 1
        try escape()
        continue
      }
      guard byte >= 0x20 else { throw error("no control character in a string") }
      if byte >= 0x80 { needsDecoding = true }
      position &+= 1
    }
    throw .torn
  }

  @usableFromInline
  mutating func escape() throws(JSONParseError) {
    switch peek {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position &+= 1
    case UInt8(ascii: "u"):
      position &+= 1
      for _ in 0..<4 {
        guard JSONString.hexadecimal(peek) != nil else { throw error("four hexadecimal digits") }
        position &+= 1
      }
    default: throw error("one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u")
    }
  }

  /// Passes any value without looking at it, in constant stack.
  public mutating func skipValue() throws(JSONParseError) {
    containers.removeAll(keepingCapacity: true)
    while true {
      switch peek {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        let closing = peek &+ 2  // In ASCII '}' and ']' stand two behind '{' and '['.
        guard containers.count < maximumNesting else {
          throw .notJSON(offset: position, expected: "at most \(maximumNesting) levels of nesting")
        }
        position &+= 1
        skipWhiteSpace()
        if peek == closing {
          position &+= 1
          break
        }
        containers.append(closing)
        if closing == UInt8(ascii: "}") { try key() }
        continue
      case UInt8(ascii: "\""): _ = try string()
      case UInt8(ascii: "t"): try word("true")
      case UInt8(ascii: "f"): try word("false")
      case UInt8(ascii: "n"): try word("null")
      default: _ = try number()
      }
      while let closing = containers.last {
        if try hasNext(closing) {
          if closing == UInt8(ascii: "}") { try key() }
          break
        }
        containers.removeLast()
      }
      if containers.isEmpty { return }
    }
  }

  private mutating func key() throws(JSONParseError) {
    _ = try string()
    try expect(UInt8(ascii: ":"), "':'")
  }

  /// Passes one of the words of JSON.
  public mutating func word(_ word: StaticString) throws(JSONParseError) {
    for index in 0..<word.utf8CodeUnitCount {
      // Sound: the index is below the word's own count.
      guard peek == word.utf8Start[index] else { throw error("a value") }
      position &+= 1
    }
  }
}
