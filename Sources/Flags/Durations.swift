/// Durations as Prometheus writes them: numbers with units, from large to small, such as `1h30m`.
///
/// Units: `y` (365 days), `w`, `d`, `h`, `m`, `s`, `ms`. A lone `0` needs no unit.
/// Source: Prometheus, "Configuration", `<duration>`.
public enum Durations {
  /// The longest duration, in seconds: what fits into 64 bits of nanoseconds, as in Prometheus (292 years).
  public static let longest: Double = 9_223_372_036

  private static let longestMilliseconds = 9_223_372_036_000

  private static let units: [(name: String, milliseconds: Int)] = [
    ("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000),
    ("ms", 1),
  ]

  private static let example = "a duration such as 30s, 1h30m or 1d"

  /// Reads a duration.
  ///
  /// - Returns: seconds, at least 0.
  /// - Throws: what was expected, and which rule was broken.
  public static func parse(_ text: String) throws(ValueError) -> Double {
    if text == "0" { return 0 }
    guard !text.isEmpty else { throw ValueError(expected: example) }
    if text.utf8.allSatisfy(isDigit) {
      throw ValueError(expected: "\(example): the unit is missing (\(quotedShort(text))s for seconds?)")
    }
    var rest = text.utf8[...]
    var total = 0
    var nextUnit = 0
    while !rest.isEmpty {
      let digits = rest.prefix(while: isDigit)
      rest = rest[digits.endIndex...]
      let letters = rest.prefix { !isDigit($0) }
      rest = rest[letters.endIndex...]
      guard !digits.isEmpty else { throw ValueError(expected: "\(example): whole numbers, each with a unit") }
      guard letters.allSatisfy(isLetter) else {
        throw ValueError(expected: "\(example): whole numbers, each with a unit, and nothing else")
      }
      guard !letters.isEmpty else { throw ValueError(expected: "\(example): the unit of the last number is missing") }
      guard let name = String(letters), let unit = units.firstIndex(where: { $0.name == name }) else {
        throw ValueError(expected: "\(example): the units are y, w, d, h, m, s and ms")
      }
      guard unit >= nextUnit else {
        throw ValueError(expected: "\(example): each unit once, from large to small (y, w, d, h, m, s, ms)")
      }
      nextUnit = unit + 1
      let count = String(digits).flatMap { Int($0, radix: 10) } ?? Int.max
      let (part, overflow) = count.multipliedReportingOverflow(by: units[unit].milliseconds)
      let (sum, sumOverflow) = total.addingReportingOverflow(part)
      guard !overflow, !sumOverflow, sum <= longestMilliseconds else {
        throw ValueError(expected: "\(example), at most 292y")
      }
      total = sum
    }
    return Double(total) / 1000
  }

  /// Writes a duration as `parse` reads it, to the millisecond: `90` gives `1m30s`, `86400` gives `1d`.
  ///
  /// As in Prometheus, years, weeks and days appear only alone: 25 hours are `25h`.
  /// A negative duration gets a minus sign, which `parse` does not read.
  public static func format(_ seconds: Double) -> String {
    guard seconds.isFinite else { return seconds.isNaN ? "NaN" : seconds < 0 ? "-Inf" : "Inf" }
    let sign = seconds < 0 ? "-" : ""
    // no trap: at most longestMilliseconds
    var rest = Int((min(seconds.magnitude, longest) * 1000).rounded())
    if rest == 0 { return "0" }
    for unit in units.prefix(3) where rest % unit.milliseconds == 0 {
      return "\(sign)\(rest / unit.milliseconds)\(unit.name)"
    }
    var text = sign
    for unit in units.dropFirst(3) where rest >= unit.milliseconds {
      text += "\(rest / unit.milliseconds)\(unit.name)"
      rest %= unit.milliseconds
    }
    return text
  }

  private static func quotedShort(_ digits: String) -> String {
    digits.utf8.count > 20 ? "30" : digits
  }
}

/// ASCII `a` to `z` and `A` to `Z`.
private func isLetter(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
}

/// ASCII `0` to `9`.
func isDigit(_ byte: UInt8) -> Bool {
  byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
}
