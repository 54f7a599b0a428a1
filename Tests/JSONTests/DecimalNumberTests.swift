@testable import JSON
import Testing

@Suite("Decimals as doubles")
struct DecimalNumberTests {
  @Test(
    "what lies in the middle of two doubles goes to the even one, a hair more to the upper one",
    arguments: [
      // 2^53 + 1, + 3: halfway; the digits behind decide.
      (9_007_199_254_740_993, 0, 9_007_199_254_740_992), (9_007_199_254_740_995, 0, 9_007_199_254_740_996),
      (9_007_199_254_740_993_000, -3, 9_007_199_254_740_992), (9_007_199_254_740_993_001, -3, 9_007_199_254_740_994),
      (9_007_199_254_740_992_999, -3, 9_007_199_254_740_992),
      // The largest significand carries into the next power of two.
      (18_014_398_509_481_983, 0, 18_014_398_509_481_984), (9_999_999_999_999_999_999, 0, 1e19),
      (UInt64.max, 0, 18_446_744_073_709_551_616), (1, 0, 1), (0, -27, 0), (0, 27, 0), (1, 27, 1e27), (1, -27, 1e-27),
      (5_404_319_552_844_595, -1, 540_431_955_284_459.5),
    ] as [(UInt64, Int, Double)])
  func ties(digits: UInt64, scale: Int, expected: Double) {
    #expect(DecimalNumber.nearest(digits: digits, scale: scale) == expected)
  }

  @Test("agrees with Swift's own reading of the same text")
  func differential() {
    for _ in 0..<40_000 {
      let digits = UInt64.random(in: 0 ... .max) >> UInt64.random(in: 0..<64)
      let scale = Int.random(in: -27...27)
      let expected = Double("\(digits)e\(scale)")
      #expect(DecimalNumber.nearest(digits: digits, scale: scale) == expected, "\(digits)e\(scale)")
    }
    #expect(DecimalNumber.nearest(digits: 1, scale: 28) == nil && DecimalNumber.nearest(digits: 1, scale: -28) == nil)
  }

  @Test(
    "digits are passed eight at a time and one by one alike",
    arguments: [
      "1", "12345678", "123456789", "1234567890123456", "0.12345678", "0.1234567", "0.12345678901234567",
      "12345678.5e3",
      "1234567:", "12345678/", "123456789012345678901234567890", "18446744073709551617", "99999999999999999999",
      "0.000000000000000000000000000001",
      "0.00000000000000000001234567890123456789", "-98765432.87654321e-12", "1234567é",
    ])
  func lengths(text: String) throws {
    let number = text.prefix { $0.isASCII && $0 != ":" && $0 != "/" }
    let read = try Array(text.utf8).withUnsafeBufferPointer { bytes in
      var cursor = JSONCursor(bytes)
      let value = try cursor.number()
      #expect(cursor.position == number.utf8.count)
      return value
    }
    #expect(read == Double(String(number)))
  }
}
