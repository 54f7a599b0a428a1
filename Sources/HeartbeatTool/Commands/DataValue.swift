internal import Flags
internal import JSON
internal import POSIX

/// The value of `--data KEY=VALUE`, as people write it.
enum DataValue {
  /// `KEY=VALUE` as a member.
  static func member(_ pair: String) throws(FlagError) -> (key: String, value: JSONValue) {
    guard let equals = pair.utf8.firstIndex(of: UInt8(ascii: "=")), equals != pair.startIndex else {
      throw .badValue(source: "--data", value: pair, expected: "KEY=VALUE, such as offset=140")
    }
    return (String(pair[..<equals]), try parse(String(pair[pair.utf8.index(after: equals)...])))
  }

  /// `true` and `false`, numbers (`.5`, `+5`, `007`, `1e3` and `" 12"` too), else a text.
  ///
  /// - Throws: for what means a number but is none in JSON (`1,000`, `0x1F`, `NaN`, `1e999`): as a text it would silently
  ///   have no metric.
  static func parse(_ text: String) throws(FlagError) -> JSONValue {
    switch text {
    case "true": return .bool(true)
    case "false": return .bool(false)
    default: break
    }
    // What `wc -l` prints has blanks in front.
    let trimmed = String(Substring(trim(text)))
    guard let number = DecimalText(trimmed) else {
      guard !isAlmostNumber(trimmed) else { throw refusal(text) }
      return .string(text)
    }
    guard let value = number.value else { throw refusal(text) }
    return value
  }

  private static func refusal(_ text: String) -> FlagError {
    .badValue(
      source: "--data", value: text,
      expected: "a decimal number such as 1000, -0.5 or 1e3 (a text that looks like one: --json '{\"KEY\": \"VALUE\"}')"
    )
  }

  private static func trim(_ text: String) -> Substring.UTF8View {
    var rest = text[...].utf8
    while let first = rest.first, isBlank(first) { rest.removeFirst() }
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return rest
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }

  /// Whether somebody must have meant a number: separated thousands, a decimal comma, other bases, what is not finite.
  private static func isAlmostNumber(_ text: String) -> Bool {
    var body = text.lowercased()[...].utf8
    if let first = body.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") { body.removeFirst() }
    if ["nan", "inf", "infinity"].contains(where: { body.elementsEqual($0.utf8) }) { return true }
    for (prefix, digits) in [("0x", 16), ("0o", 8), ("0b", 2)] where body.starts(with: prefix.utf8) {
      let rest = body.dropFirst(2)
      return !rest.isEmpty && rest.allSatisfy { hexadecimal($0).map { $0 < digits } ?? false }
    }
    // Digits in groups that single marks part: 1,000 and 1_000.5 and 0,5, but not 1,2,x.
    let groups = body.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "_") }
    guard groups.count > 1, let last = groups.last else { return false }
    let whole = groups.dropLast().allSatisfy { !$0.isEmpty && $0.allSatisfy(isDigit) }
    return whole && DecimalText(String(Substring(last))) != nil
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private static func hexadecimal(_ byte: UInt8) -> Int? {
    switch byte {
    case 0x30...0x39: Int(widening: byte &- 0x30)
    case 0x61...0x66: Int(widening: byte &- 0x61) + 10
    default: nil
    }
  }
}

/// A decimal number with an optional sign, point and exponent.
private struct DecimalText {
  private let isNegative: Bool
  private let whole: String
  private let fraction: String
  private let exponent: String

  /// Nil for any other text.
  init?(_ text: String) {
    var rest = text[...].utf8
    isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
    whole = DecimalText.digits(&rest)
    var fraction = ""
    if rest.first == UInt8(ascii: ".") {
      rest.removeFirst()
      fraction = DecimalText.digits(&rest)
    }
    self.fraction = fraction
    guard !whole.isEmpty || !fraction.isEmpty else { return nil }
    var exponent = ""
    if let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") {
      rest.removeFirst()
      if rest.first == UInt8(ascii: "-") { exponent = "-" }
      if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest.removeFirst() }
      let digits = DecimalText.digits(&rest)
      guard !digits.isEmpty else { return nil }
      exponent += digits
    }
    self.exponent = exponent
    guard rest.isEmpty else { return nil }
  }

  private static func digits(_ rest: inout Substring.UTF8View) -> String {
    let digits = rest.prefix { (0x30...0x39).contains($0) }
    rest = rest.dropFirst(digits.count)
    return String(Substring(digits))
  }

  /// The number; nil when no double is near.
  var value: JSONValue? {
    let digits = whole.drop { $0 == "0" }
    var text = (isNegative ? "-" : "") + (digits.isEmpty ? "0" : digits)
    if !fraction.isEmpty { text += "." + fraction }
    if !exponent.isEmpty { text += "e" + exponent }
    guard let value = try? JSONValue(parsing: text), let number = value.doubleValue, number.isFinite else { return nil }
    return value
  }
}
