/// UTF-8 that is cut to fit a limit.
enum UTF8Text {
  /// At most `limit` bytes from the start, cut between two characters.
  static func prefix(of text: ArraySlice<UInt8>, _ limit: Int) -> ArraySlice<UInt8> {
    guard text.count > limit else { return text }
    var end = text.startIndex + limit
    // 10xxxxxx continues a character: RFC 3629, section 3.
    while end > text.startIndex, text[end] & 0xC0 == 0x80 { end -= 1 }
    return text[..<end]
  }
}
