internal import Flags

/// Durations as Go's `time.ParseDuration` reads them: decimal numbers with units, such as `100ms`, `1.5s` or `1m30s`.
/// That is what the format of the web configuration file asks for; Prometheus' own durations have other units.
enum GoDuration {
  private static let units: [(name: String, seconds: Double)] = [
    ("ns", 1e-9), ("us", 1e-6), ("\u{B5}s", 1e-6), ("\u{3BC}s", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600),
  ]

  /// Reads a duration.
  ///
  /// - Parameter longest: the most seconds.
  /// - Returns: seconds, at least 0.
  static func parse(_ text: String, longest: Double) throws(ValueError) -> Double {
    let example = "a duration such as 100ms, 1.5s or 1m30s"
    if text == "0" { return 0 }
    var rest = text[...]
    var total = 0.0
    while !rest.isEmpty {
      let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
      rest = rest[number.endIndex...]
      let name = rest.prefix { !($0.isASCII && $0.isNumber || $0 == ".") }
      rest = rest[name.endIndex...]
      // Swift would read neither of what Go takes here: 1. and .5.
      let padded = (number.hasPrefix(".") ? "0" : "") + number + (number.hasSuffix(".") ? "0" : "")
      guard number != ".", let count = Double(padded) else { throw ValueError(expected: example) }
      guard let unit = units.first(where: { $0.name == name }) else {
        throw ValueError(expected: "\(example): the units are ns, us, ms, s, m and h")
      }
      total += count * unit.seconds
    }
    guard total <= longest else {
      throw ValueError(expected: "\(example), at most \(Durations.format(longest))")
    }
    return total
  }
}
