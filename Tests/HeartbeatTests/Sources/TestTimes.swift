import Foundation
import Testing

@testable import Heartbeat

/// A zone in which the tests' programs write, and what its clocks show at the tests' moment: said here, not computed.
struct TestZone: CustomTestStringConvertible, Sendable {
  var name: String
  var posix: String
  /// Seconds east of Greenwich in July and in January.
  var summer: Double
  var winter: Double

  var testDescription: String { name }
  var rules: ZoneRules { ZoneRules(posix: posix) ?? .utc }

  static let all = [
    TestZone(name: "UTC", posix: "UTC0", summer: 0, winter: 0),
    TestZone(name: "Zurich", posix: "CET-1CEST,M3.5.0,M10.5.0/3", summer: 7200, winter: 3600),
    TestZone(name: "New York", posix: "EST5EDT,M3.2.0,M11.1.0", summer: -14_400, winter: -18_000),
    TestZone(name: "Kolkata", posix: "IST-5:30", summer: 19_800, winter: 19_800),
    TestZone(name: "Adelaide", posix: "ACST-9:30ACDT,M10.1.0,M4.1.0/3", summer: 34_200, winter: 37_800),
  ]

  func offset(at now: Double) -> Double { now == TestTimes.july ? summer : winter }
}

/// Writes times as programs do.
enum TestTimes {
  /// 14 July 2026, 09:26:53.589793 UTC, and 20 January 2026 at the same time of day.
  static let july = 1_784_021_213.589793
  static let january = 1_768_901_213.589793

  /// Replaces each `{{FORMAT AGE}}`.
  ///
  /// - Parameter ages: gets the ages, in seconds.
  static func fill(_ text: String, at now: Double, in zone: TestZone, _ ages: inout [Double]) -> String {
    var result = ""
    var rest = text[...]
    while let open = rest.range(of: "{{"), let close = rest[open.upperBound...].range(of: "}}") {
      result += rest[..<open.lowerBound]
      let words = rest[open.upperBound..<close.lowerBound].split(separator: " ").map(String.init)
      let age = -(Double(words.last ?? "") ?? 0)
      ages.append(age)
      let hours = words.count == 3 ? Double(words[1]) ?? 0 : 0
      result += write(words[0], now - age, zone.offset(at: now), hours)
      rest = rest[close.upperBound...]
    }
    return result + rest
  }

  private static func write(_ format: String, _ time: Double, _ local: Double, _ hours: Double) -> String {
    func date(_ pattern: String, _ offset: Double = 0) -> String {
      let formatter = DateFormatter()
      formatter.locale = Locale(identifier: "en_US_POSIX")
      formatter.timeZone = TimeZone(secondsFromGMT: Int(offset))
      formatter.dateFormat = pattern
      return formatter.string(from: Date(timeIntervalSince1970: time.rounded(.down)))
    }
    let micros = String(format: "%06d", Int((time - time.rounded(.down)) * 1e6))
    let iso = "yyyy-MM-dd'T'HH:mm:ss"
    let space = "yyyy-MM-dd HH:mm:ss"
    switch format {
    case "unix": return String(Int(time))
    case "unix-float": return String(format: "%.6f", time)
    case "unix-milli": return String(Int(time * 1e3))
    case "parts-local": return "[" + date("yyyy, M, d, H, m, s", local) + ", 120000000]"
    case "unix-nano": return String(Int(time * 1e6)) + "217"
    case "ticks": return String(621_355_968_000_000_000 + Int(time) * 10_000_000)
    case "iso-z": return date(iso) + "Z"
    case "iso-z-milli": return date(iso) + "." + micros.prefix(3) + "Z"
    case "iso-z-ticks": return date(iso) + "." + micros + "3Z"
    case "iso-z-nano": return date(iso) + "." + micros + "217Z"
    case "iso-offset-micro":
      return date(iso, hours * 3600) + "." + micros + String(format: "%+03d:00", Int(hours))
    case "iso-offset": return date(iso, hours * 3600) + String(format: "%+03d:00", Int(hours))
    case "iso-local": return date(iso, local)
    case "iso-local-micro": return date(iso, local) + "." + micros
    case "iso-naive": return date(iso)
    case "iso-naive-micro": return date(iso) + "." + micros
    case "space-local": return date(space, local)
    case "space-utc": return date(space)
    case "compact": return date("yyyyMMdd-HHmmss")
    case "gmt-plus-4": return date(space, 4 * 3600) + " GMT+4"
    case "day-first-local": return date("dd/MM/yyyy HH:mm:ss", local)
    case "mail": return date("EEE, dd MMM yyyy HH:mm:ss") + " +0000"
    case "date-utc": return date("EEE MMM dd HH:mm:ss") + " UTC " + date("yyyy")
    case "syslog-local": return date("MMM dd HH:mm:ss", local)
    default: preconditionFailure("no format is called \(format)")
    }
  }
}
