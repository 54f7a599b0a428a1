internal import Glibc
internal import POSIX

/// Walks over the fields and lines of a /proc file: bytes in, numbers and slices out, and never a trap.
///
/// Every content is taken for hostile: a field that is missing, is no number or does not fit gives nil.
package struct ByteFields {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  package init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  /// The next field, fields being separated by spaces and tabs; nil at the end of the bytes.
  package mutating func field() -> UnsafeRawBufferPointer? {
    while position < bytes.count, bytes[position].isBlank { position += 1 }
    guard position < bytes.count else { return nil }
    let start = position
    while position < bytes.count, !bytes[position].isBlank { position += 1 }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
  }

  /// The next field as a number without a sign.
  package mutating func unsigned() -> UInt64? {
    field()?.unsigned
  }

  /// The next field as a decimal number without a sign, with or without a fraction.
  package mutating func decimal() -> Double? {
    field()?.decimal
  }

  /// The next field as a number that may begin with `-`; what is below zero counts as 0.
  mutating func clamped() -> UInt64? {
    guard let field = field() else { return nil }
    guard field.first == UInt8(ascii: "-") else { return field.unsigned }
    return UnsafeRawBufferPointer(rebasing: field.dropFirst()).unsigned == nil ? nil : 0
  }

  /// Leaves out `count` fields; false when there are fewer.
  package mutating func skip(_ count: Int) -> Bool {
    for _ in 0..<count where field() == nil { return false }
    return true
  }

  /// The next line without its line feed; nil at the end of the bytes.
  package mutating func line() -> UnsafeRawBufferPointer? {
    guard position < bytes.count, let base = bytes.baseAddress else { return nil }
    // In bounds: the search ends where the bytes do.
    let found = memchr(base + position, Int32(UInt8(ascii: "\n")), bytes.count - position)
    let end = found.map { UnsafeRawPointer($0) - base } ?? bytes.count
    defer { position = min(end + 1, bytes.count) }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<end])
  }

  /// What stands before `separator`, which is passed; nil, and nothing is passed, when it does not come.
  mutating func upTo(_ separator: UInt8) -> UnsafeRawBufferPointer? {
    guard let end = bytes[position...].firstIndex(of: separator) else { return nil }
    defer { position = end + 1 }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<end])
  }
}

extension UInt8 {
  var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") || self == UInt8(ascii: "\n") }
}

extension UnsafeRawBufferPointer {
  /// The decimal number that these bytes are, all of them; nil when they are none or it exceeds 64 bits.
  package var unsigned: UInt64? {
    guard !isEmpty else { return nil }
    var value: UInt64 = 0
    for byte in self {
      let digit = byte &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tenfold.addingReportingOverflow(UInt64(widening: digit))
      guard !overflow, !carry else { return nil }
      value = sum
    }
    return value
  }

  /// The decimal number with an optional fraction, as in `0.42`; nil when it is none.
  var decimal: Double? {
    guard let point = firstIndex(of: UInt8(ascii: ".")) else { return unsigned.map { Double($0) } }
    let fraction = UnsafeRawBufferPointer(rebasing: self[(point + 1)...])
    guard let whole = UnsafeRawBufferPointer(rebasing: self[..<point]).unsigned,
      let digits = fraction.unsigned, fraction.count <= 15
    else { return nil }
    var scale = 1.0
    for _ in 0..<fraction.count { scale *= 10 }
    // One division of exact numbers rounds once: 0.42 is read as Swift reads the literal.
    guard let all = UInt64(exactly: Double(whole) * scale + Double(digits)) else { return nil }
    return Double(all) / scale
  }

  /// `PID_MAX_LIMIT` of `proc(5)`: no kernel gives a larger one, and tables of pids are as large as this.
  private static let largestProcessID: UInt64 = 4_194_304

  /// The number of a process, which is above zero and is written without leading zeros; nil for one that no kernel gives.
  var processID: Int32? {
    guard let first, first != UInt8(ascii: "0"), let value = unsigned, value <= Self.largestProcessID else {
      return nil
    }
    return Int32(exactly: value)
  }

  /// Whether these bytes are exactly the text.
  package func equals(_ text: StaticString) -> Bool {
    count == text.utf8CodeUnitCount && hasPrefix(text)
  }

  /// Whether these bytes begin with the text.
  package func hasPrefix(_ text: StaticString) -> Bool {
    guard count >= text.utf8CodeUnitCount, let baseAddress else { return text.utf8CodeUnitCount == 0 }
    // In bounds: both are at least as long.
    return memcmp(baseAddress, text.utf8Start, text.utf8CodeUnitCount) == 0
  }

  /// The bytes as text, malformed UTF-8 repaired.
  var text: String { String(decoding: self, as: UTF8.self) }
}

/// `value * factor`, or the largest number when that does not fit.
func clampedProduct(_ value: UInt64, _ factor: UInt64) -> UInt64 {
  let (product, overflow) = value.multipliedReportingOverflow(by: factor)
  return overflow ? .max : product
}

/// `value + other`, or the largest number when that does not fit.
func clampedSum(_ value: UInt64, _ other: UInt64) -> UInt64 {
  let (sum, overflow) = value.addingReportingOverflow(other)
  return overflow ? .max : sum
}
