/// The pieces of which times are made: digits, words, and what stands between them.
extension TimeScanner {
  func byte(_ ahead: Int = 0) -> UInt8 {
    let place = position + ahead
    return place < text.endIndex ? text[place] : 0
  }

  mutating func pass(_ bytes: String) -> Bool {
    guard position < text.endIndex, bytes.utf8.contains(text[position]) else { return false }
    position += 1
    return true
  }

  mutating func passAll(_ bytes: String) {
    while pass(bytes) {}
  }

  /// Spaces, also those at which a line is not broken: ICU writes them in front of PM.
  mutating func passSpaces() {
    while pass(" ") || passText("\u{A0}") || passText("\u{202F}") {}
  }

  mutating func passText(_ wanted: String) -> Bool {
    guard text[position...].starts(with: wanted.utf8) else { return false }
    position += wanted.utf8.count
    return true
  }

  /// A number of so many digits, and no digit behind them.
  mutating func number(_ digits: ClosedRange<Int>) -> Int? {
    var end = position
    var value = 0
    while end < text.endIndex, TimeScanner.isDigit(text[end]), end - position < digits.upperBound {
      value = value * 10 + Int(widening: text[end] &- UInt8(ascii: "0"))
      end += 1
    }
    guard digits.contains(end - position), end == text.endIndex || !TimeScanner.isDigit(text[end]) else { return nil }
    position = end
    return value
  }

  /// Exactly so many digits, whatever follows.
  mutating func digits(_ count: Int) -> Int? {
    var value = 0
    for ahead in 0..<count {
      guard TimeScanner.isDigit(byte(ahead)) else { return nil }
      value = value * 10 + Int(widening: byte(ahead) &- UInt8(ascii: "0"))
    }
    position += count
    return value
  }

  var countOfDigits: Int {
    var count = 0
    while TimeScanner.isDigit(byte(count)) { count += 1 }
    return count
  }

  /// A word of ASCII letters in small letters; empty where none stands.
  mutating func word() -> String {
    let start = position
    while position < text.endIndex, TimeScanner.isLetter(text[position]) { position += 1 }
    return String(decoding: text[start..<position], as: UTF8.self).lowercased()
  }
}
