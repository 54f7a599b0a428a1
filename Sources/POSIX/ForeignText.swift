/// Names that may be any bytes, such as those of files and devices, as text.
package enum ForeignText {
  /// The bytes as text. Bytes that are no UTF-8 are written as `\xff`. Where there are some, or the text has what looks like one, a
  /// backslash is written as two, so that two names stay two.
  package static func text(_ bytes: some Collection<UInt8>) -> String {
    if let text = String(validating: bytes, as: UTF8.self), !looksSpelt(bytes) { return text }
    var result = ""
    var parser = Unicode.UTF8.ForwardParser()
    var rest = bytes[...]
    while true {
      // The parser may have looked further than it tells, so it begins anew with each character.
      var iterator = rest.makeIterator()
      parser = Unicode.UTF8.ForwardParser()
      switch parser.parseScalar(from: &iterator) {
      case .emptyInput: return result
      case .valid(let encoded):
        let character = Unicode.UTF8.decode(encoded)
        result.unicodeScalars.append(character)
        // Not only where it could be taken for the beginning of such a byte: so it is read in one way alone.
        if character == "\\" { result.unicodeScalars.append(character) }
        rest = rest.dropFirst(encoded.count)
      case .error(let length):
        for byte in rest.prefix(length) { result += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16) }
        rest = rest.dropFirst(length)
      }
    }
  }

  /// Whether a backslash, an x and two digits stand for a byte somewhere that is no character by itself: those below `\x80`, as
  /// systemd writes them into the names of devices, stay as they are.
  private static func looksSpelt(_ bytes: some Collection<UInt8>) -> Bool {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    let letters = UInt8(ascii: "a")...UInt8(ascii: "f")
    /// How many of the four are there.
    var count = 0
    for byte in bytes {
      switch count {
      case 1 where byte == UInt8(ascii: "x"): count = 2
      case 2 where letters.contains(byte) || byte == UInt8(ascii: "8") || byte == UInt8(ascii: "9"): count = 3
      case 3 where letters.contains(byte) || digits.contains(byte): return true
      default: count = byte == UInt8(ascii: "\\") ? 1 : 0
      }
    }
    return false
  }
}

extension UnsafeRawBufferPointer {
  /// The bytes as text, see `ForeignText`.
  package var foreignText: String { ForeignText.text(self) }
}
