/// Where a text stops being JSON, and what was expected there.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The byte offset from the text's beginning.
  public let offset: Int
  /// What is wrong there.
  public let reason: String

  /// Such as `expected a value at byte 17`.
  public var description: String { "\(reason) at byte \(offset)" }
}

/// A validating walk over JSON text (RFC 8259) that says where things stand: what the writers need to change a few
/// bytes of a file and to leave all others alone.
///
/// Every method expects the scanner before its construct and leaves it right behind.
struct JSONScanner {
  /// Deeper nesting than this is refused, so that no text can exhaust the stack.
  static let maximumDepth = 64

  let bytes: UnsafeRawBufferPointer
  var position: Int

  init(_ bytes: UnsafeRawBufferPointer, at position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  /// The byte at the position; 0, which no JSON construct begins with, at the end.
  var next: UInt8 {
    position < bytes.count ? bytes[position] : 0
  }

  func error(_ reason: String) -> JSONError {
    JSONError(offset: position, reason: position < bytes.count ? reason : "the text ends early")
  }

  mutating func skipWhiteSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position &+= 1
      default: return
      }
    }
  }

  mutating func expect(_ byte: UInt8) throws(JSONError) {
    guard next == byte else { throw error("expected \"\(Character(Unicode.Scalar(byte)))\"") }
    position &+= 1
  }

  /// White space and nothing else may follow.
  mutating func expectEnd() throws(JSONError) {
    skipWhiteSpace()
    guard position == bytes.count else { throw error("unexpected text behind the value") }
  }

  /// Walks over the members of an object.
  ///
  /// - Parameter member: gets the range of the key with its quotes; the scanner stands at the value, which it must pass.
  mutating func object(
    _ member: (inout JSONScanner, Range<Int>) throws(JSONError) -> Void
  ) throws(JSONError) {
    try expect(UInt8(ascii: "{"))
    skipWhiteSpace()
    if next == UInt8(ascii: "}") { return position &+= 1 }
    while true {
      let start = position
      try skipString()
      let key = start..<position
      skipWhiteSpace()
      try expect(UInt8(ascii: ":"))
      skipWhiteSpace()
      try member(&self, key)
      skipWhiteSpace()
      if next == UInt8(ascii: "}") { return position &+= 1 }
      guard next == UInt8(ascii: ",") else { throw error("expected \",\" or \"}\"") }
      position &+= 1
      skipWhiteSpace()
    }
  }

  /// Walks over the elements of an array; `element` must pass the value at which the scanner stands.
  mutating func array(_ element: (inout JSONScanner) throws(JSONError) -> Void) throws(JSONError) {
    try expect(UInt8(ascii: "["))
    skipWhiteSpace()
    if next == UInt8(ascii: "]") { return position &+= 1 }
    while true {
      try element(&self)
      skipWhiteSpace()
      if next == UInt8(ascii: "]") { return position &+= 1 }
      guard next == UInt8(ascii: ",") else { throw error("expected \",\" or \"]\"") }
      position &+= 1
      skipWhiteSpace()
    }
  }

  mutating func skipValue(depth: Int = 0) throws(JSONError) {
    guard depth < JSONScanner.maximumDepth else { throw error("nested deeper than \(JSONScanner.maximumDepth) levels") }
    switch next {
    case UInt8(ascii: "{"):
      try object { (scanner, _) throws(JSONError) in try scanner.skipValue(depth: depth + 1) }
    case UInt8(ascii: "["):
      try array { (scanner) throws(JSONError) in try scanner.skipValue(depth: depth + 1) }
    case UInt8(ascii: "\""): try skipString()
    case UInt8(ascii: "t"): try skipWord("true")
    case UInt8(ascii: "f"): try skipWord("false")
    case UInt8(ascii: "n"): try skipWord("null")
    default: _ = try skipNumber()
    }
  }

  mutating func skipWord(_ word: StaticString) throws(JSONError) {
    for index in 0..<word.utf8CodeUnitCount {
      guard next == word.utf8Start[index] else { throw error("expected \(word)") }
      position &+= 1
    }
  }

  /// Passes a number; true when it has neither fraction nor exponent.
  mutating func skipNumber() throws(JSONError) -> Bool {
    if next == UInt8(ascii: "-") { position &+= 1 }
    if next == UInt8(ascii: "0") {
      position &+= 1
    } else {
      guard try skipDigits() else { throw error("expected a value") }
    }
    var isWhole = true
    if next == UInt8(ascii: ".") {
      isWhole = false
      position &+= 1
      guard try skipDigits() else { throw error("expected a digit") }
    }
    if next | 0x20 == UInt8(ascii: "e") {
      isWhole = false
      position &+= 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position &+= 1 }
      guard try skipDigits() else { throw error("expected a digit") }
    }
    return isWhole
  }

  private mutating func skipDigits() throws(JSONError) -> Bool {
    let start = position
    while next &- 0x30 < 10 { position &+= 1 }
    return position > start
  }

  mutating func skipString() throws(JSONError) {
    try expect(UInt8(ascii: "\""))
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""): return position &+= 1
      case UInt8(ascii: "\\"):
        position &+= 1
        try skipEscape()
      case 0..<0x20: throw error("control character in a string")
      default: position &+= 1
      }
    }
    throw error("the text ends early")
  }

  private mutating func skipEscape() throws(JSONError) {
    switch next {
    case UInt8(ascii: "u"):
      position &+= 1
      for _ in 0..<4 {
        guard hexadecimalValue(next) != nil else { throw error("expected a hexadecimal digit") }
        position &+= 1
      }
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position &+= 1
    default: throw error("unknown escape")
    }
  }

  func hexadecimalValue(_ byte: UInt8) -> UInt16? {
    switch byte {
    case 0x30...0x39: UInt16(byte &- 0x30)
    case 0x41...0x46: UInt16(byte &- 0x41 &+ 10)
    case 0x61...0x66: UInt16(byte &- 0x61 &+ 10)
    default: nil
    }
  }
}
