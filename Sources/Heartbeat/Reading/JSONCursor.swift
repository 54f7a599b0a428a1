internal import Glibc

/// A walk over JSON text (RFC 8259), fast enough for a file that is read anew at each scrape.
///
/// Each method expects the cursor at its construct and leaves it right behind.
struct JSONCursor {
  // Sound: whoever makes a cursor keeps the memory alive and unchanged while it is used, and `peek` is the only way to
  // it that does not check the end first.
  let text: UnsafeBufferPointer<UInt8>
  var position = 0
  private var containers: [UInt8] = []

  init(_ text: UnsafeBufferPointer<UInt8>) {
    self.text = text
  }

  /// The byte at the cursor; 0, which JSON has nowhere outside of a string, at the end.
  @inline(__always)
  var peek: UInt8 {
    position < text.count ? text[position] : 0
  }

  /// Whether what stands here can only be a number.
  @inline(__always)
  var startsNumber: Bool {
    peek == UInt8(ascii: "-") || peek &- UInt8(ascii: "0") < 10
  }

  /// What to say when something else was expected here.
  func error(_ expected: String) -> HeartbeatParseError {
    position >= text.count ? .torn : .notJSON(offset: position, expected: expected)
  }

  @inline(__always)
  mutating func skipWhiteSpace() {
    while position < text.count {
      let byte = text[position]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      position &+= 1
    }
  }

  /// Passes white space, the byte, and white space.
  @inline(__always)
  mutating func expect(_ byte: UInt8, _ expected: @autoclosure () -> String) throws(HeartbeatParseError) {
    skipWhiteSpace()
    guard peek == byte else { throw error(expected()) }
    position &+= 1
    skipWhiteSpace()
  }

  /// Passes the separator behind a member or element; false when it was the closing one.
  @inline(__always)
  mutating func hasNext(_ closing: UInt8) throws(HeartbeatParseError) -> Bool {
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
  struct RawString {
    var range: Range<Int>
    /// It has escapes or bytes beyond ASCII, so that it must be looked at again before it is text.
    var needsDecoding: Bool
  }

  /// Passes a string with its quotes.
  @inline(__always)
  mutating func string() throws(HeartbeatParseError) -> RawString {
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

  private mutating func escape() throws(HeartbeatParseError) {
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
  mutating func skipValue() throws(HeartbeatParseError) {
    containers.removeAll(keepingCapacity: true)
    while true {
      switch peek {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        let closing = peek &+ 2  // In ASCII '}' and ']' stand two behind '{' and '['.
        guard containers.count < HeartbeatSnapshot.maximumNesting else {
          throw .notJSON(offset: position, expected: "at most \(HeartbeatSnapshot.maximumNesting) levels of nesting")
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

  private mutating func key() throws(HeartbeatParseError) {
    _ = try string()
    try expect(UInt8(ascii: ":"), "':'")
  }

  /// Passes one of the words of JSON.
  mutating func word(_ word: StaticString) throws(HeartbeatParseError) {
    for index in 0..<word.utf8CodeUnitCount {
      // Sound: the index is below the word's own count.
      guard peek == word.utf8Start[index] else { throw error("a value") }
      position &+= 1
    }
  }
}
