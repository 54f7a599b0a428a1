/// What a writer has made of a file's text, and whether the file is its to change.
protocol RecognisableText {
  /// Why it is somebody else's; nil when it is a heartbeat file's.
  var foreignReason: String? { get }
}

/// What a text that could not be understood is taken for.
enum UnreadableText {
  /// Whether there is nothing that could be lost: white space, or the zeros that a host's crash leaves.
  static func isBlank(_ text: [UInt8]) -> Bool {
    body(of: text).allSatisfy { $0 == 0 || isWhiteSpace($0) }
  }

  /// Whether it begins as a heartbeat file does: half written, or damaged.
  ///
  /// A careless writer may have got no farther than into its first key.
  static func beginsLikeOurs(_ text: [UInt8]) -> Bool {
    let body = body(of: text).drop(while: isWhiteSpace)
    guard body.first == UInt8(ascii: "{") else { return false }
    let rest = body.dropFirst().drop(while: isWhiteSpace)
    for key in firstKeys where rest.starts(with: key.utf8) || key.utf8.starts(with: rest) { return true }
    return hasBeat(body)
  }

  /// Whether it begins as an object, and the words `"last_heartbeat"` stand in it: half an entry, or a damaged one.
  static func isObjectWithBeat(_ text: [UInt8]) -> Bool {
    let body = body(of: text).drop(while: isWhiteSpace)
    return body.first == UInt8(ascii: "{") && hasBeat(body)
  }

  private static func hasBeat(_ text: ArraySlice<UInt8>) -> Bool {
    let word = Array("\"last_heartbeat\"".utf8)
    var rest = text
    while let quote = rest.firstIndex(of: UInt8(ascii: "\"")) {
      rest = rest[quote...]
      if rest.starts(with: word) { return true }
      rest = rest.dropFirst()
    }
    return false
  }

  private static let firstKeys = ["\"last_updated\"", "\"processes\""]

  /// The text without a byte order mark.
  private static func body(of text: [UInt8]) -> ArraySlice<UInt8> {
    text.starts(with: [0xEF, 0xBB, 0xBF]) ? text.dropFirst(3) : text[...]
  }

  private static func isWhiteSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }
}
