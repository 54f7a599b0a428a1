import Testing

@testable import Procfs

@Suite("Fields and numbers of /proc files")
struct ByteFieldsTests {
  @Test(
    "a number is digits, all of them, and fits 64 bits",
    arguments: [
      ("0", 0), ("007", 7), ("18446744073709551615", UInt64.max), ("18446744073709551616", nil),
      ("99999999999999999999999", nil), ("", nil), ("-1", nil), ("+1", nil), ("1x", nil), (" 1", nil), ("0x1", nil),
    ] as [(String, UInt64?)])
  func unsigned(text: String, expected: UInt64?) {
    #expect(parse(text) { $0.unsigned } == expected)
  }

  @Test(
    "a decimal is read as Swift reads it",
    arguments: [
      ("0.42", 0.42), ("1.07", 1.07), ("12", 12), ("123456.99", 123456.99), (".5", nil), ("1.", nil), ("-0.1", nil),
      ("1.2.3", nil), ("nan", nil), ("1e9", nil), ("18446744073709551615.99", nil), ("1.0000000000000000000", nil),
    ] as [(String, Double?)])
  func decimal(text: String, expected: Double?) {
    #expect(parse(text) { $0.decimal } == expected)
  }

  @Test(
    "a process number is above zero, without leading zeros and at most what a kernel gives",
    arguments: [
      ("1", 1), ("4194304", 4_194_304), ("4194305", nil), ("2147483647", nil), ("2147483648", nil),
      ("18446744073709551616", nil), ("0", nil), ("01", nil), ("-1", nil), ("self", nil),
      ("", nil),
    ] as [(String, Int32?)])
  func processID(text: String, expected: Int32?) {
    #expect(parse(text) { $0.processID } == expected)
  }

  @Test("lines need no line feed at the end, and empty ones are lines")
  func lines() {
    let lines = parse("a\n\nb") { bytes in
      var fields = ByteFields(bytes)
      var lines: [String] = []
      while let line = fields.line() { lines.append(line.text) }
      return lines
    }
    #expect(lines == ["a", "", "b"])
  }

  @Test("what is below zero counts as zero", arguments: [("-5", 0), ("5", 5), ("-", nil), ("--1", nil)])
  func clamped(text: String, expected: UInt64?) {
    #expect(
      parse(text) { bytes -> UInt64? in
        var fields = ByteFields(bytes)
        return fields.clamped()
      } == expected)
  }

  @Test("products and sums stop at the largest number")
  func clampedArithmetic() {
    #expect(clampedProduct(.max, 2) == .max)
    #expect(clampedProduct(3, 4) == 12)
    #expect(clampedSum(.max, 1) == .max)
    #expect(clampedSum(3, 4) == 7)
  }
}
