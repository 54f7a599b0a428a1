/// Places of bytes in a text that may not be UTF-8.
enum UTF8Check {
  /// Where the first byte stands that belongs to no character, or nil when the whole is UTF-8.
  static func firstInvalid(in bytes: [UInt8]) -> ConfigurationError.Position? {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var offset = 0
    while true {
      switch decoder.decode(&iterator) {
      case .scalarValue(let scalar): offset += UTF8.width(scalar)
      case .emptyInput: return nil
      case .error: return position(of: offset, in: bytes)
      }
    }
  }

  /// The line and the character of a byte.
  static func position(of offset: Int, in bytes: [UInt8]) -> ConfigurationError.Position {
    let before = bytes.prefix(offset)
    let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    let line = before.count { $0 == UInt8(ascii: "\n") } + 1
    // Bytes that continue a character are none of their own.
    return ConfigurationError.Position(line: line, column: before[start...].count { $0 & 0xC0 != 0x80 } + 1)
  }
}
