internal import POSIX

/// A header field that lists alternatives with weights, as `Accept` and `Accept-Encoding` do (RFC 9110 section 12.4.2).
public struct WeightedList: Sendable {
  /// One alternative.
  public struct Element: Sendable, Equatable {
    /// What is named, in lower case: `gzip`, `text/plain`.
    public var value: String
    /// Its parameters but for `q`, names in lower case, values without their quotes.
    public var parameters: [(name: String, value: String)]
    /// How much it is wanted, in thousandths; 0 is not at all.
    public var weight: Int

    /// The value of a parameter; nil when there is none of that name.
    public func parameter(_ name: String) -> String? {
      parameters.first { $0.name == name }?.value
    }

    /// Whether both say the same.
    public static func == (one: Element, other: Element) -> Bool {
      one.value == other.value && one.weight == other.weight
        && one.parameters.elementsEqual(other.parameters) { $0 == $1 }
    }
  }

  /// The alternatives that are well-formed, in the order in which they stand there.
  public let elements: [Element]

  /// Reads a field's value; an element that is malformed is as if it was not there.
  public init(_ field: String) {
    elements = WeightedList.split(Array(field.utf8)[...], at: ASCII.comma).compactMap(WeightedList.element)
  }

  private static func element(_ text: ArraySlice<UInt8>) -> Element? {
    let parts = split(text, at: UInt8(ascii: ";"))
    guard let first = parts.first.map(ASCII.trimmed), !first.isEmpty else { return nil }
    var element = Element(value: lowercased(first), parameters: [], weight: 1000)
    for part in parts.dropFirst() {
      let part = ASCII.trimmed(part)
      if part.isEmpty { continue }
      guard let equals = part.firstIndex(of: UInt8(ascii: "=")) else { return nil }
      let name = lowercased(part[..<equals])
      let value = part[(equals + 1)...]
      if name == "q" {
        guard let weight = weight(value) else { return nil }
        element.weight = weight
      } else {
        guard let value = unquoted(value) else { return nil }
        element.parameters.append((name, String(decoding: value, as: UTF8.self)))
      }
    }
    return element
  }

  /// Splits at a separator that stands outside of quotes.
  private static func split(_ text: ArraySlice<UInt8>, at separator: UInt8) -> [ArraySlice<UInt8>] {
    var parts: [ArraySlice<UInt8>] = []
    var start = text.startIndex
    var (isQuoted, isEscaped) = (false, false)
    for (index, byte) in zip(text.indices, text) {
      if isEscaped {
        isEscaped = false
      } else if isQuoted, byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isQuoted.toggle()
      } else if byte == separator, !isQuoted {
        parts.append(text[start..<index])
        start = index + 1
      }
    }
    parts.append(text[start...])
    return parts
  }

  /// The content of a quoted string, or a token as it is; nil for what is neither.
  private static func unquoted(_ value: ArraySlice<UInt8>) -> [UInt8]? {
    guard value.first == UInt8(ascii: "\"") else { return value.allSatisfy(ASCII.isToken) ? Array(value) : nil }
    guard value.count >= 2, value.last == UInt8(ascii: "\"") else { return nil }
    var content: [UInt8] = []
    var isEscaped = false
    for byte in value.dropFirst().dropLast() {
      if !isEscaped, byte == UInt8(ascii: "\\") {
        isEscaped = true
        continue
      }
      guard isEscaped || byte != UInt8(ascii: "\"") else { return nil }
      isEscaped = false
      content.append(byte)
    }
    return isEscaped ? nil : content
  }

  /// `0`, `1` or either with up to three decimals, in thousandths; nil when it is malformed.
  private static func weight(_ text: ArraySlice<UInt8>) -> Int? {
    let digits = Array(text)
    guard let whole = digits.first, whole == UInt8(ascii: "0") || whole == UInt8(ascii: "1"), digits.count <= 5,
      digits.count == 1 || digits[1] == UInt8(ascii: ".")
    else { return nil }
    var result = whole == UInt8(ascii: "1") ? 1000 : 0
    var unit = 100
    for digit in digits.dropFirst(2) {
      guard ASCII.isDigit(digit) else { return nil }
      result += Int(widening: digit - UInt8(ascii: "0")) * unit
      unit /= 10
    }
    return result <= 1000 ? result : nil
  }

  private static func lowercased(_ text: ArraySlice<UInt8>) -> String {
    String(decoding: text.map(ASCII.lowercase), as: UTF8.self)
  }
}
