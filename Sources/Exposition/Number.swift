/// Sample values as text: the shortest digits that read back the same, as the exposition formats have them.
///
/// Integers up to 2^53 are written plainly (`98299904`), others in plain or exponent notation, whichever is usual for
/// their size (`0.25`, `1.5e-07`, `1e+21`); `NaN`, `+Inf` and `-Inf` are spelt so.
/// Source: Prometheus text-based format, "Line format"; Go's `strconv.ParseFloat` reads all of it.
public enum Number {
  /// The longest text that `append` writes: sign, 17 digits, point, leading zeros or exponent.
  public static let maximumLength = 32

  /// Appends a value.
  @inlinable
  public static func append(_ value: Double, to bytes: inout [UInt8]) {
    if let whole = Int64(exactly: value), whole.magnitude <= exactIntegerLimit, whole != 0 || value.sign == .plus {
      append(whole, to: &bytes)
    } else if !appendDecimal(value, to: &bytes) {
      appendGeneral(value, to: &bytes)
    }
  }

  /// Appends an integer in decimal.
  @inlinable
  public static func append(_ value: Int64, to bytes: inout [UInt8]) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    append(digitsOf: value.magnitude, atLeast: 1, to: &bytes)
  }

  /// Appends a time of whole microseconds in seconds, without zeros at its end: `append` of the nearest double.
  @inlinable
  public static func append(microseconds: Int64, to bytes: inout [UInt8]) {
    if microseconds < 0 { bytes.append(UInt8(ascii: "-")) }
    let parts = microseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
    var fraction = parts.remainder
    append(digitsOf: parts.quotient, atLeast: 1, to: &bytes)
    guard fraction != 0 else { return }
    var decimals = 6
    while fraction % 10 == 0 {
      fraction /= 10
      decimals -= 1
    }
    bytes.append(UInt8(ascii: "."))
    append(digitsOf: fraction, atLeast: decimals, to: &bytes)
  }

  /// Above 2^53 neighbouring integers share a `Double`, so their plain digits would claim more than is known.
  @usableFromInline static let exactIntegerLimit: UInt64 = 1 << 53

  @inlinable
  static func append(digitsOf magnitude: UInt64, atLeast minimum: Int, to bytes: inout [UInt8]) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var rest = magnitude
      var start = 20
      repeat {
        start &-= 1
        let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
        digits[start] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: remainder)
        rest = quotient
      } while rest != 0 || 20 &- start < minimum
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start..<20]))
    }
  }

  /// Appends a value that has at most nine decimals and 15 digits, as times and most measurements do.
  ///
  /// A decimal of up to 15 digits is the only one of its length that reads back to its double, so the first count of
  /// decimals that reads back is the shortest text; the division is exact to half a unit because both operands are.
  ///
  /// - Returns: false, with nothing appended, for a value that needs more.
  @inlinable
  static func appendDecimal(_ value: Double, to bytes: inout [UInt8]) -> Bool {
    let magnitude = value.magnitude
    guard magnitude >= 1e-4, magnitude < 1e15 else { return false }
    var scale = 1.0
    var divisor: UInt64 = 1
    for decimals in 1...9 {
      scale *= 10
      divisor &*= 10
      let scaled = (magnitude * scale).rounded()
      guard scaled < 1e15 else { return false }
      guard scaled / scale == magnitude else { continue }
      let (whole, fraction) = UInt64(scaled).quotientAndRemainder(dividingBy: divisor)
      if value < 0 { bytes.append(UInt8(ascii: "-")) }
      append(digitsOf: whole, atLeast: 1, to: &bytes)
      bytes.append(UInt8(ascii: "."))
      append(digitsOf: fraction, atLeast: decimals, to: &bytes)
      return true
    }
    return false
  }

  /// Appends any value by way of `Double.description`, whose digits are the shortest too.
  @usableFromInline
  static func appendGeneral(_ value: Double, to bytes: inout [UInt8]) {
    if value.isNaN {
      bytes.append(contentsOf: "NaN".utf8)
    } else if value.isInfinite {
      bytes.append(contentsOf: (value < 0 ? "-Inf" : "+Inf").utf8)
    } else {
      var text = value.description
      text.withUTF8 { digits in
        let hasPointZero =
          digits.count > 2 && digits[digits.count - 2] == UInt8(ascii: ".") && digits.last == UInt8(ascii: "0")
        bytes.append(
          contentsOf: hasPointZero
            ? UnsafeBufferPointer(rebasing: digits.dropLast(2)) : UnsafeBufferPointer(rebasing: digits[...]))
      }
    }
  }
}
