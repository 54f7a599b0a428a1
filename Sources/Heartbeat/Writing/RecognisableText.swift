/// What a writer has made of a file's text, and whether the file is its to change.
protocol RecognisableText {
  /// Why it is somebody else's; nil when it is a heartbeat file's.
  var foreignReason: String? { get }
}

/// What can be said of any text.
enum UnreadableText {
  /// Whether there is nothing that could be lost: white space, or the zeros that a host's crash leaves.
  static func isBlank(_ text: [UInt8]) -> Bool {
    body(of: text).allSatisfy { $0 == 0 || isWhiteSpace($0) }
  }

  /// The text without a byte order mark.
  static func body(of text: [UInt8]) -> ArraySlice<UInt8> {
    text.starts(with: [0xEF, 0xBB, 0xBF]) ? text.dropFirst(3) : text[...]
  }

  /// Whether it is one of JSON's.
  static func isWhiteSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }
}
