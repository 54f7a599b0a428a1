import Testing

@testable import Exposition

@Suite("Number")
struct NumberTests {
  private func text(_ value: Double) -> String {
    var bytes: [UInt8] = []
    Number.append(value, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test(
    "a value is written as its shortest text",
    arguments: [
      (0, "0"), (-0.0, "-0"), (1, "1"), (-1, "-1"), (0.5, "0.5"), (-0.25, "-0.25"), (140, "140"),
      (98_299_904, "98299904"), (1_703_123_456.789, "1703123456.789"), (1_750_822_082.854375, "1750822082.854375"),
      (5040.803058196, "5040.803058196"), (0.1 + 0.2, "0.30000000000000004"), (1.05, "1.05"), (100.001, "100.001"),
      (9_007_199_254_740_992, "9007199254740992"), (9_223_372_036_854_775_808, "9.223372036854776e+18"),
      (1e21, "1e+21"), (1.5e-7, "1.5e-07"), (.leastNonzeroMagnitude, "5e-324"),
      (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
      (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (0.0001, "0.0001"),
      (123456789012345.6, "123456789012345.6"),
    ] as [(Double, String)])
  func table(value: Double, expected: String) {
    #expect(text(value) == expected)
  }

  @Test("any double reads back to the same bits, and no text is longer than Swift's own")
  func readsBack() {
    var generator = SystemRandomNumberGenerator()
    for round in 0..<20_000 {
      let value: Double
      switch round % 4 {
      case 0: value = Double(bitPattern: generator.next())
      case 1: value = Double(Int.random(in: -1_000_000_000...1_000_000_000)) / [1, 10, 1000, 1e6, 1e9][round / 4 % 5]
      case 2: value = Double.random(in: 0...1000)
      default: value = 1.7e9 + Double(Int.random(in: 0...100_000_000_000)) / 1000
      }
      guard value.isFinite else { continue }
      let written = text(value)
      #expect(Double(written)?.bitPattern == value.bitPattern, "\(written) for \(value)")
      #expect(written.utf8.count <= max(value.description.utf8.count, 16), "\(written) for \(value)")
      #expect(written.utf8.count <= Number.maximumLength)
    }
  }

  @Test("a value with a fraction has the digits that Swift gives it, however many, also in the middle of two decimals")
  func longDecimals() {
    var generator = SystemRandomNumberGenerator()
    var values = [562_949_953_421_312.125, 0.001, 0.0009999999999999999, 999_999_999_999_999.9]
    for exponent in -11...50 {
      let power = Double(sign: .plus, exponent: exponent, significand: 1)
      values += [power, power.nextDown, power.nextUp, power * 1.5, (power * 1.5).nextUp]
      for _ in 0..<1_000 { values.append(power * (1 + Double(generator.next() >> 12) * 0x1p-52)) }
      // Few bits behind the point: many a one lies in the middle between two decimals.
      for _ in 0..<500 {
        values.append(power + (Double(generator.next() >> 12) * 0x1p-3).truncatingRemainder(dividingBy: power))
      }
    }
    for value in values.flatMap({ [$0, -$0] }) where value != value.rounded() && value.magnitude >= 1e-4 {
      #expect(text(value) == value.description)
    }
  }

  @Test("a time in microseconds is written as the double that is nearest to it")
  func microseconds() {
    var times: [Int64] = [0, 1, -1, 10, 999_999, 1_000_000, 1_500_000, -59_999_000, 999_999_999_999_999]
    for round in 0..<20_000 {
      let scale = [1, 1000, 1_000_000, 100_000_000][round % 4]
      times.append(Int64.random(in: -999_999_999_999_999...999_999_999_999_999) / Int64(scale))
    }
    for time in times {
      var bytes: [UInt8] = []
      Number.append(microseconds: time, to: &bytes)
      let value = Double(time) / 1e6
      // Below 1e-4 the general text has an exponent, which reads back to the same.
      if value == 0 || value.magnitude >= 1e-4 {
        #expect(String(decoding: bytes, as: UTF8.self) == text(value))
      } else {
        #expect(Double(String(decoding: bytes, as: UTF8.self)) == value)
      }
    }
  }

  @Test("whole numbers of any length have all their digits")
  func digits() {
    var numbers: [Int64] = [0, 9_007_199_254_740_992]
    var power: Int64 = 1
    for _ in 0..<16 {
      numbers += [power - 1, power, power + 1, power * 2, power * 10 - 1]
      power *= 10
    }
    for round in 0..<20_000 { numbers.append(Int64.random(in: 0...9_007_199_254_740_992) >> (round % 53)) }
    for number in numbers where number <= 9_007_199_254_740_992 {
      #expect(text(Double(number)) == "\(number)")
      #expect(text(-Double(number)) == "-\(number)")
    }
  }
}
