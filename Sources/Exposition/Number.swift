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
    bytes.append(addingCapacity: maximumLength) { write(value, to: &$0) }
  }

  /// Appends a time of whole microseconds in seconds, without zeros at its end: `append` of the nearest double.
  @inlinable
  public static func append(microseconds: Int64, to bytes: inout [UInt8]) {
    bytes.append(addingCapacity: maximumLength) { write(microseconds: microseconds, to: &$0) }
  }

  /// Writes a value; `output` must have room for `maximumLength` more bytes.
  @inlinable
  static func write(_ value: Double, to output: inout OutputSpan<UInt8>) {
    if let whole = Int64(exactly: value), whole.magnitude <= exactIntegerLimit, whole != 0 || value.sign == .plus {
      if whole < 0 { output.append(UInt8(ascii: "-")) }
      write(digitsOf: whole.magnitude, atLeast: 1, to: &output)
    } else if !writeDecimal(value, to: &output), !writeLongDecimal(value, to: &output) {
      writeGeneral(value, to: &output)
    }
  }

  /// Writes a time of whole microseconds in seconds.
  @inlinable
  static func write(microseconds: Int64, to output: inout OutputSpan<UInt8>) {
    if microseconds < 0 { output.append(UInt8(ascii: "-")) }
    let parts = microseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
    var fraction = parts.remainder
    write(digitsOf: parts.quotient, atLeast: 1, to: &output)
    guard fraction != 0 else { return }
    var decimals = 6
    while fraction % 10 == 0 {
      fraction /= 10
      decimals -= 1
    }
    output.append(UInt8(ascii: "."))
    write(digitsOf: fraction, atLeast: decimals, to: &output)
  }

  /// Above 2^53 neighbouring integers share a `Double`, so their plain digits would claim more than is known.
  @usableFromInline static let exactIntegerLimit: UInt64 = 1 << 53

  /// Two digits for each number below 100.
  @usableFromInline static let pairs: StaticString = """
    0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
    5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899
    """

  @inlinable
  static func write(digitsOf magnitude: UInt64, atLeast minimum: Int, to output: inout OutputSpan<UInt8>) {
    let digits = max(count(of: magnitude), minimum)
    guard digits <= output.freeCapacity else { return }
    // In bounds: there is room for `digits` bytes, which are all written, from the last to the first; a pair begins at
    // an even place below 200.
    output.withUnsafeMutableBufferPointer { buffer, written in
      let pairs = pairs.utf8Start
      var place = written &+ digits
      var rest = magnitude
      while rest >= 100 {
        let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 100)
        rest = quotient
        place &-= 2
        buffer[place] = pairs[Int(truncatingIfNeeded: remainder) &* 2]
        buffer[place &+ 1] = pairs[Int(truncatingIfNeeded: remainder) &* 2 &+ 1]
      }
      if rest >= 10 {
        place &-= 2
        buffer[place] = pairs[Int(truncatingIfNeeded: rest) &* 2]
        buffer[place &+ 1] = pairs[Int(truncatingIfNeeded: rest) &* 2 &+ 1]
      } else {
        place &-= 1
        buffer[place] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest)
      }
      while place > written {
        place &-= 1
        buffer[place] = UInt8(ascii: "0")
      }
      written &+= digits
    }
  }

  /// How many decimal digits a number has.
  @inlinable
  static func count(of magnitude: UInt64) -> Int {
    var count = 1
    var rest = magnitude
    while rest >= 10_000 {
      rest /= 10_000
      count &+= 4
    }
    return count &+ (rest >= 1000 ? 3 : rest >= 100 ? 2 : rest >= 10 ? 1 : 0)
  }

  /// Writes a value that has at most nine decimals and 15 digits, as times and most measurements do.
  ///
  /// A decimal of up to 15 digits is the only one of its length that reads back to its double, so the first count of
  /// decimals that reads back is the shortest text; the division is exact to half a unit because both operands are.
  ///
  /// - Returns: false, with nothing written, for a value that needs more.
  @inlinable
  static func writeDecimal(_ value: Double, to output: inout OutputSpan<UInt8>) -> Bool {
    let magnitude = value.magnitude
    guard magnitude >= 1e-4, magnitude < 1e15 else { return false }
    var scale = 1.0
    var divisor: UInt64 = 1
    for decimals in 1...9 {
      scale *= 10
      divisor &*= 10
      let product = magnitude * scale
      guard product < 1e15 else { return false }
      // Rounds to the nearest: whatever comes out counts only if it reads back.
      let scaled = UInt64(product + 0.5)  // no trap: below 1e15
      guard Double(scaled) / scale == magnitude else { continue }
      write(scaled, over: divisor, decimals, isNegative: value < 0, to: &output)
      return true
    }
    return false
  }

  /// Writes digits with a point in front of so many of them; `power` is ten to that.
  @inlinable
  static func write(
    _ digits: UInt64, over power: UInt64, _ decimals: Int, isNegative: Bool, to output: inout OutputSpan<UInt8>
  ) {
    let (whole, fraction) = digits.quotientAndRemainder(dividingBy: power)
    if isNegative { output.append(UInt8(ascii: "-")) }
    write(digitsOf: whole, atLeast: 1, to: &output)
    output.append(UInt8(ascii: "."))
    write(digitsOf: fraction, atLeast: decimals, to: &output)
  }

  /// Writes a value that has a fraction and is too long for `writeDecimal`, as times to the last digit and quotients are.
  ///
  /// A decimal reads back if it is nearer to the value than half of the distance to the next double. All is counted exactly, in units of
  /// the last bit times the power of ten, so that the first count of decimals for which the nearest one reads back is the shortest text.
  ///
  /// - Returns: false, with nothing written, for a value of another size.
  @usableFromInline
  static func writeLongDecimal(_ value: Double, to output: inout OutputSpan<UInt8>) -> Bool {
    let magnitude = value.magnitude
    guard magnitude >= 1e-3, magnitude < 1e15 else { return false }
    let significand: UInt64 = 1 << 52 | magnitude.significandBitPattern
    // Below a power of two the doubles are nearer to each other.
    guard magnitude.significandBitPattern != 0 else { return false }
    // At least 3, at most 62.
    let fractionBits = UInt64(truncatingIfNeeded: 52 - magnitude.exponent)
    let mask: UInt64 = 1 << fractionBits - 1
    let half: UInt64 = 1 << (fractionBits - 1)
    let wholeDigits = count(of: significand >> fractionBits)
    // What is shorter `writeDecimal` has tried.
    let first = min(9, 15 - wholeDigits) + 1
    var power: UInt64 = 1
    for decimals in 1...19 {
      power &*= 10  // no overflow: at most 10^19
      guard decimals >= first else { continue }
      // Below 2^53 times 10^19; of 17 digits at the end, which always read back.
      let (high, low) = significand.multipliedFullWidth(by: power)
      var digits = high &<< (64 &- fractionBits) | low &>> fractionBits
      let rest = low & mask
      // What lies in the middle becomes even.
      let isUp = rest > half || rest == half && digits & 1 == 1
      if isUp { digits &+= 1 }
      let distance = isUp ? mask &- rest &+ 1 : rest
      guard distance &* 2 < power else { continue }
      write(digits, over: power, decimals, isNegative: value < 0, to: &output)
      return true
    }
    return false
  }

  /// Writes any value by way of `Double.description`, whose digits are the shortest too.
  @usableFromInline
  static func writeGeneral(_ value: Double, to output: inout OutputSpan<UInt8>) {
    guard value.isFinite else {
      let word: StaticString = value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf"
      for index in 0..<word.utf8CodeUnitCount { output.append(word.utf8Start[index]) }
      return
    }
    let text = value.description
    let length = text.hasSuffix(".0") ? text.utf8.count - 2 : text.utf8.count
    for byte in text.utf8.prefix(length) { output.append(byte) }
  }
}
