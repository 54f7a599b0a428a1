public import Glibc

// Swift's own Int(x) stops the program when a value does not fit. Of values from outside these are used instead, and of
// the standard library `exactly:` (nil when it does not fit), `clamping:` and, for texts, `radix:`. `scripts/check-traps`
// finds conversions that are of none of these forms.

extension FixedWidthInteger {
  /// The whole part of a value: the nearest bound when it lies beyond, 0 for NaN.
  @inlinable
  public init(clamping value: Double) {
    // Double(Self.max) may be one more than the largest value, hence "less than" in both conditions.
    if value.isNaN {
      self = 0
    } else if value <= Double(Self.min) {
      self = .min
    } else if value < Double(Self.max) {
      self = Self(value)  // no trap: between the two bounds
    } else {
      self = .max
    }
  }
}

/// An integer of which every value is one of `Int` and `Int64` too, so that a conversion needs no look at the value.
public protocol FitsInt: BinaryInteger {}
extension Int8: FitsInt {}
extension Int16: FitsInt {}
extension Int32: FitsInt {}
extension Int64: FitsInt {}
extension Int: FitsInt {}
extension UInt8: FitsInt {}
extension UInt16: FitsInt {}
extension UInt32: FitsInt {}

/// An integer of which every value is one of `UInt` and `UInt64` too.
public protocol FitsUInt: BinaryInteger {}
extension UInt8: FitsUInt {}
extension UInt16: FitsUInt {}
extension UInt32: FitsUInt {}
extension UInt64: FitsUInt {}
extension UInt: FitsUInt {}

// `Int` and `UInt` have 64 bits wherever the programs run.
extension Int {
  /// The same value. What may not fit does not compile.
  @inlinable @inline(__always)
  public init(widening value: some FitsInt) { self.init(truncatingIfNeeded: value) }
}

extension Int64 {
  /// The same value. What may not fit does not compile.
  @inlinable @inline(__always)
  public init(widening value: some FitsInt) { self.init(truncatingIfNeeded: value) }
}

extension UInt {
  /// The same value. What may not fit does not compile.
  @inlinable @inline(__always)
  public init(widening value: some FitsUInt) { self.init(truncatingIfNeeded: value) }
}

extension UInt64 {
  /// The same value. What may not fit does not compile.
  @inlinable @inline(__always)
  public init(widening value: some FitsUInt) { self.init(truncatingIfNeeded: value) }
}

extension timespec {
  /// A span of time, limited as by `Clock.nanoseconds`.
  public init(seconds: Double) { self.init(nanoseconds: Clock.nanoseconds(seconds)) }

  /// A span of time, or a time of the monotonic clock.
  init(nanoseconds: UInt64) {
    let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    self.init(tv_sec: Int(clamping: whole), tv_nsec: Int(clamping: rest))
  }
}
