/// Decimals of up to 19 digits as doubles, by integers that hold the exact value.
@usableFromInline
enum DecimalNumber {
  /// The double nearest to `digits` times ten to the power `scale`, ties to even; nil for scales beyond `largestScale`.
  ///
  /// Ten to a power is five to that power, which fits 64 bits, times two to that power, which is the exponent's.
  @usableFromInline
  static func nearest(digits: UInt64, scale: Int) -> Double? {
    guard scale.magnitude <= largestScale else { return nil }
    guard digits != 0 else { return 0 }
    let power = powersOfFive[Int(clamping: scale.magnitude)]
    if scale >= 0 {
      let (high, low) = digits.multipliedFullWidth(by: power)
      guard high != 0 else { return rounded(low, isInexact: false, exponent: scale) }
      let zeros = high.leadingZeroBitCount
      let top = zeros == 0 ? high : high << zeros | low >> (64 - zeros)
      return rounded(top, isInexact: low << zeros != 0, exponent: scale + 64 - zeros)
    }
    // Both shifted until their highest bit is set, and the dividend then halved so that the quotient fits: it has 63
    // bits at the least, ten more than a double has.
    let (zeros, powerZeros) = (digits.leadingZeroBitCount, power.leadingZeroBitCount)
    let dividend = digits << zeros
    let (quotient, remainder) = (power << powerZeros).dividingFullWidth((dividend >> 1, dividend << 63))
    return rounded(quotient, isInexact: remainder != 0, exponent: scale + powerZeros - zeros - 63)
  }

  /// 5^27 is the last power that 64 bits hold.
  static let largestScale = 27

  private static let powersOfFive: [UInt64] = (0...largestScale).map { exponent in
    (0..<exponent).reduce(1) { power, _ in power * 5 }
  }

  /// `integer` times two to the power `exponent`, rounded to 53 bits.
  ///
  /// - Parameter isInexact: the exact value is a little more than `integer`.
  private static func rounded(_ integer: UInt64, isInexact: Bool, exponent: Int) -> Double {
    let zeros = integer.leadingZeroBitCount
    let aligned = integer << zeros
    var significand = aligned >> 11
    let rest = aligned & 0x7FF
    if rest > 0x400 || rest == 0x400 && (isInexact || significand & 1 == 1) { significand += 1 }
    // Exact: 2^53 at the most, times a power of two whose exponent lies far within a double's.
    return Double(significand) * Double(sign: .plus, exponent: exponent - zeros + 11, significand: 1)
  }
}
