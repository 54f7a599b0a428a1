/// A word or a time in brackets in front of a line of text: `[INFO] 2026-11-25 18:45:10 beat`, `[2026-11-25 18:45:10] beat`,
/// `{worker-1} alive 1784021000`. What begins so is no JSON, though JSON begins with the same bracket.
enum TextLabel {
  /// A longer one is none, in bytes.
  private static let longest = 64

  /// Whether the first line with anything in it begins with one.
  ///
  /// - Parameter near: Unix time that decides what a time leaves open.
  static func begins(_ text: ArraySlice<UInt8>, near: Double) -> Bool {
    let line = text.drop(while: TextLines.isSpace).prefix { $0 != 0x0A }
    guard let open = line.first else { return false }
    if open == UInt8(ascii: "["), let time = TimeScanner.first(in: line.prefix(longest), near: near),
      time.range.lowerBound <= line.startIndex + 2, line[time.range.lowerBound - 1] != UInt8(ascii: "\""),
      line[time.range].contains(where: { !isOfNumber($0) })
    {
      return true
    }
    guard open == UInt8(ascii: "[") || open == UInt8(ascii: "{"),
      let end = line.prefix(longest).firstIndex(of: open == UInt8(ascii: "[") ? UInt8(ascii: "]") : UInt8(ascii: "}"))
    else { return false }
    let label = line[(line.startIndex + 1)..<end].drop(while: TextLines.isSpace)
    let behind = line[(end + 1)...].drop(while: TextLines.isSpace)
    guard let first = label.first, !behind.isEmpty, !label.contains(where: nested.contains) else { return false }
    let isWord = isLetter(first) && !literals.contains(String(decoding: label.prefix(while: isLetter), as: UTF8.self))
    // `{name: 1}` is what JSON of another language looks like.
    if open == UInt8(ascii: "{") { return isWord && !label.contains(UInt8(ascii: ":")) }
    // `[1234] 2026-11-25 18:45:10` is a pid; `[1, 2] rest` is a list with garbage behind it.
    return isWord
      || !label.contains(UInt8(ascii: ",")) && TimeScanner.first(in: behind.prefix(longest), near: near) != nil
  }

  private static let nested = Array("\"'`{}[]".utf8)
  private static let literals: Set<String> = ["true", "false", "null", "NaN", "Infinity"]

  /// A number alone may be the first one of a list.
  private static func isOfNumber(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 || byte == UInt8(ascii: ".") }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) || byte >= 0x80 }
}
