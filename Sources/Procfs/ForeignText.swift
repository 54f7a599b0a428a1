/// Names that may be any bytes, such as those of files and devices, as text.
enum ForeignText {
  /// The bytes as text. Where they are no UTF-8, the bytes that are none are written as `\xff` and a backslash as two, so that two
  /// such names stay two.
  static func text(_ bytes: some Collection<UInt8>) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
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
        if character == "\\" { result.unicodeScalars.append(character) }
        rest = rest.dropFirst(encoded.count)
      case .error(let length):
        for byte in rest.prefix(length) { result += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16) }
        rest = rest.dropFirst(length)
      }
    }
  }
}

extension UnsafeRawBufferPointer {
  /// The bytes as text, see `ForeignText`.
  var foreignText: String { ForeignText.text(self) }
}
