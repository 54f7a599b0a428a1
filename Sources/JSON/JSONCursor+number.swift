internal import Glibc

extension JSONCursor {
  /// Passes a number and gives the nearest double: infinite when there is none near.
  ///
  /// Up to 2^53 and with a power of ten up to 10^22 both operands are exact and one multiplication or division rounds
  /// once (Clinger, "How to Read Floating Point Numbers Accurately", 1990); up to 19 digits integers of 128 bits hold the
  /// exact value; the rest goes to `strtod(3)`.
  @inlinable @inline(__always)
  public mutating func number() throws(JSONParseError) -> Double {
    let start = position
    let isNegative = peek == UInt8(ascii: "-")
    if isNegative { position &+= 1 }
    var digits: UInt64 = 0
    let wholeStart = position
    passDigits(into: &digits)
    let wholeCount = position &- wholeStart
    guard wholeCount > 0 else { return try notFinite(isNegative: isNegative) }
    if wholeCount > 1, text[wholeStart] == UInt8(ascii: "0") {
      throw .notJSON(offset: wholeStart, expected: "no leading zero")
    }
    var fractionCount = 0
    if peek == UInt8(ascii: ".") {
      position &+= 1
      let fractionStart = position
      passDigits(into: &digits)
      fractionCount = position &- fractionStart
      guard fractionCount > 0 else { throw error("a digit") }
    }
    var exponent = 0
    if peek | 0x20 == UInt8(ascii: "e") {
      position &+= 1
      let sign = peek
      if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position &+= 1 }
      let exponentStart = position
      while let digit = digit() { exponent = min(exponent &* 10 &+ Int(truncatingIfNeeded: digit), 100_000) }
      guard position > exponentStart else { throw error("a digit") }
      if sign == UInt8(ascii: "-") { exponent = -exponent }
    }
    let scale = exponent &- fractionCount
    // A zero in front of the point is no digit of the number; behind it zeros count, though they need not.
    let digitCount = wholeCount &+ fractionCount &- (text[wholeStart] == UInt8(ascii: "0") ? 1 : 0)
    guard digitCount <= 19 else { return general(start..<position) }
    if digits <= 1 << 53, scale.magnitude <= 22 {
      let value = Double(digits)
      let power = JSONCursor.powersOfTen[Int(truncatingIfNeeded: scale.magnitude)]
      let magnitude = scale < 0 ? value / power : value * power
      return isNegative ? -magnitude : magnitude
    }
    if let magnitude = DecimalNumber.nearest(digits: digits, scale: scale) {
      return isNegative ? -magnitude : magnitude
    }
    return general(start..<position)
  }

  /// Passes `NaN`, `Infinity` or `-Infinity`: no JSON, but what Python's `json.dump` writes of such numbers, and one of
  /// them must not cost all processes their beats.
  @usableFromInline
  mutating func notFinite(isNegative: Bool) throws(JSONParseError) -> Double {
    guard !isStrict else { throw error("a value") }
    switch peek {
    case UInt8(ascii: "N") where !isNegative:
      try word("NaN")
      return .nan
    case UInt8(ascii: "I"):
      try word("Infinity")
      return isNegative ? -.infinity : .infinity
    default: throw error("a value")
    }
  }

  /// Passes all digits that stand here and appends them to a number, which wraps around when they are too many.
  @inlinable @inline(__always)
  mutating func passDigits(into number: inout UInt64) {
    // In bounds: eight bytes are left.
    while position &+ 8 <= text.count, let here = text.baseAddress,
      let eight = JSONCursor.eightDigits(UnsafeRawPointer(here + position).loadUnaligned(as: UInt64.self))
    {
      number = number &* 100_000_000 &+ eight
      position &+= 8
    }
    while let digit = digit() { number = number &* 10 &+ digit }
  }

  /// The number that eight digits in memory make; nil when not all are digits.
  ///
  /// Neighbours are joined in pairs, the pairs in fours and these in eight, all lanes of a word at once.
  @inlinable @inline(__always)
  static func eightDigits(_ bytes: UInt64) -> UInt64? {
    // The first digit is the lowest byte then; a digit's byte is 0 to 9, and adding 0x76 lifts all above it over 0x7F.
    var lanes = UInt64(littleEndian: bytes) ^ 0x3030_3030_3030_3030
    guard (lanes &+ 0x7676_7676_7676_7676 | lanes) & 0x8080_8080_8080_8080 == 0 else { return nil }
    lanes = (lanes &* 10 &+ lanes >> 8) & 0x00FF_00FF_00FF_00FF
    lanes = (lanes &* 100 &+ lanes >> 16) & 0x0000_FFFF_0000_FFFF
    return (lanes &* 10_000 &+ lanes >> 32) & 0xFFFF_FFFF
  }

  @inlinable @inline(__always)
  mutating func digit() -> UInt64? {
    let value = peek &- UInt8(ascii: "0")
    guard value < 10 else { return nil }
    position &+= 1
    return UInt64(truncatingIfNeeded: value)
  }

  /// A number may be as long as the file, but digits beyond these cannot move a double by more than half a unit.
  private static let maximumCopiedLength = 1024

  @usableFromInline
  func general(_ range: Range<Int>) -> Double {
    guard range.count <= JSONCursor.maximumCopiedLength else {
      return Double(String(decoding: text[range], as: UTF8.self)) ?? .infinity
    }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: range.count + 1) { copy in
      for (index, byte) in text[range].enumerated() { copy[index] = CChar(bitPattern: byte) }
      copy[range.count] = 0
      // Sound: the copy ends with a zero. The programs never call setlocale(3), so the point is a point.
      return copy.baseAddress.map { strtod($0, nil) } ?? .infinity
    }
  }

  @usableFromInline
  static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
    1e20, 1e21, 1e22,
  ]
}
