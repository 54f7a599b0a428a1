internal import POSIX

/// How many columns text takes on a terminal.
enum DisplayWidth {
  /// The columns of one character: 0, 1 or 2 (Unicode Standard Annex 11, and emoji presentation).
  static func of(_ character: Character) -> Int {
    guard let first = character.unicodeScalars.first else { return 0 }
    if first.isASCII { return first.value >= 0x20 && first.value != 0x7f ? 1 : 0 }
    switch first.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control: return 0
    default: break
    }
    if first.properties.isEmojiPresentation { return 2 }
    // U+FE0F asks for the picture of a character that has both a text and a picture.
    if first.properties.isEmoji, character.unicodeScalars.contains("\u{FE0F}") { return 2 }
    return wide.contains { $0.contains(first.value) } ? 2 : 1
  }

  /// The columns of a text.
  static func of(_ text: String) -> Int {
    text.reduce(0) { $0 + of($1) }
  }

  /// East Asian wide and fullwidth characters, in whole blocks (EastAsianWidth.txt, W and F).
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
    0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
    0x16FE0...0x18CFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F2FF, 0x20000...0x3FFFD,
  ]

  /// Makes text from outside safe for a terminal: control and direction characters become visible escapes.
  static func sanitised(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isHarmful) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case "\u{1B}": result += "\\e"
      case _ where isHarmful(scalar): result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
    scalar.isUnprintable && scalar != "\u{200D}"  // the joiner of emoji
  }

  /// Cuts a text to at most so many columns; what was cut shows as `…`.
  static func truncated(_ text: String, to columns: Int) -> String {
    // Most texts are short: only a longer one is measured to its end.
    var result = ""
    var used = 0
    var fitting = (text: "", used: 0)
    for character in text {
      let width = of(character)
      if used + width > columns { return columns > 0 ? fitting.text + "…" : "" }
      result.append(character)
      used += width
      if used <= columns - 1 { fitting = (result, used) }
    }
    return result
  }
}
