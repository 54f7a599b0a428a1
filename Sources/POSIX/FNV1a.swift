/// The 64-bit checksum FNV-1a (Fowler, Noll, Vo): it tells texts apart, the same in each run and on each host, and is no protection
/// against somebody who looks for two with the same.
@frozen public struct FNV1a: Sendable {
  /// That of what was added so far.
  public var value: UInt64 = 0xcbf2_9ce4_8422_2325

  /// That of nothing.
  @inlinable public init() {}

  /// That of some bytes.
  @inlinable public init(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { add(UInt64(widening: byte)) }
  }

  /// Adds a byte, or a larger piece in the place of one.
  @inlinable public mutating func add(_ piece: UInt64) {
    value = (value ^ piece) &* 0x100_0000_01b3
  }

  /// Mixes the halves: a product carries upwards only, so that the low bits of texts that differ in the last byte alone are alike, and
  /// the highest ones count for nothing that comes next.
  @inlinable public mutating func fold() {
    value ^= value >> 32
  }
}
