import Glibc
import POSIX
import Testing

@Suite("Conversions")
struct ConversionsTests {
  @Test(
    "a double becomes the nearest integer that there is, without its fraction",
    arguments: [
      (0, 0), (-0.0, 0), (1.9, 1), (-1.9, -1), (.nan, 0), (-.nan, 0), (.signalingNaN, 0), (.infinity, .max),
      (-.infinity, .min), (1e300, .max), (-1e300, .min), (9_223_372_036_854_775_808, .max),
      (9_223_372_036_854_774_784, 9_223_372_036_854_774_784), (-9_223_372_036_854_775_808, .min),
      (.leastNonzeroMagnitude, 0),
      (.greatestFiniteMagnitude, .max),
    ] as [(Double, Int)])
  func clamping(value: Double, expected: Int) {
    #expect(Int(clamping: value) == expected)
    #expect(Int64(clamping: value) == Int64(expected))
  }

  @Test(
    "the bounds are those of the type",
    arguments: [
      (-1, 0, -1, 0), (254.9, 254, 254, 254), (255, 255, 255, 255), (255.5, 255, 255, 255), (256, 255, 256, 256),
      (2_147_483_647.5, 255, .max, 2_147_483_647), (2_147_483_648, 255, .max, 2_147_483_648),
      (-2_147_483_648.5, 0, .min, 0), (18_446_744_073_709_549_568, 255, .max, 18_446_744_073_709_549_568),
      (18_446_744_073_709_551_616, 255, .max, .max), (.nan, 0, 0, 0), (.infinity, 255, .max, .max),
      (-.infinity, 0, .min, 0),
    ] as [(Double, UInt8, Int32, UInt64)])
  func bounds(value: Double, byte: UInt8, short: Int32, long: UInt64) {
    #expect(UInt8(clamping: value) == byte)
    #expect(Int32(clamping: value) == short)
    #expect(UInt64(clamping: value) == long)
  }

  @Test("a wider integer has the same value")
  func widening() {
    #expect(Int(widening: Int32.min) == -2_147_483_648)
    #expect(Int(widening: UInt32.max) == 4_294_967_295)
    #expect(Int64(widening: Int8.min) == -128)
    #expect(UInt64(widening: UInt16.max) == 65_535)
    #expect(UInt(widening: UInt64.max) == .max)
  }

  @Test(
    "a span has as many nanoseconds as the clock can be ahead",
    arguments: [
      (0, 0), (1.5, 1_500_000_000), (1e-9, 1), (-1, 0), (-.infinity, 0), (.nan, 0), (1e9, 1_000_000_000_000_000_000),
      (1e10, 1_000_000_000_000_000_000), (.infinity, 1_000_000_000_000_000_000),
    ] as [(Double, UInt64)])
  func nanoseconds(seconds: Double, expected: UInt64) {
    #expect(Clock.nanoseconds(seconds) == expected)
    let span = timespec(seconds: seconds)
    #expect((0..<1_000_000_000).contains(span.tv_nsec))
    #expect(UInt64(span.tv_sec) * 1_000_000_000 + UInt64(span.tv_nsec) == expected)
  }
}
