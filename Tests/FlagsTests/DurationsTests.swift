import Flags
import Testing

@Suite("Durations")
struct DurationsTests {
  @Test(
    "read as Prometheus reads them, and written back",
    arguments: [
      ("0", 0, "0"), ("0s", 0, "0"), ("30s", 30, "30s"), ("1h30m", 5400, "1h30m"), ("90m", 5400, "1h30m"),
      ("1d", 86_400, "1d"), ("24h", 86_400, "1d"), ("25h", 90_000, "25h"), ("1w", 604_800, "1w"), ("7d", 604_800, "1w"),
      ("1y", 31_536_000, "1y"), ("500ms", 0.5, "500ms"), ("1s500ms", 1.5, "1s500ms"), ("1m", 60, "1m"),
      ("1d1h", 90_000, "25h"), ("1y2w3d4h5m6s7ms", 33_019_506.007, "9172h5m6s7ms"), ("001s", 1, "1s"),
      ("292y", 9_208_512_000, "292y"),
    ])
  func read(text: String, seconds: Double, written: String) throws {
    #expect(try Durations.parse(text) == seconds)
    #expect(Durations.format(seconds) == written)
    #expect(try Durations.parse(written) == seconds)
  }

  @Test(
    "anything else is told",
    arguments: [
      ("", "a duration such as 30s, 1h30m or 1d"),
      ("60", "a duration such as 30s, 1h30m or 1d: the unit is missing (60s for seconds?)"),
      ("s", "a duration such as 30s, 1h30m or 1d: whole numbers, each with a unit"),
      ("-1s", "a duration such as 30s, 1h30m or 1d: whole numbers, each with a unit"),
      ("1.5h", "a duration such as 30s, 1h30m or 1d: whole numbers, each with a unit, and nothing else"),
      ("1min", "a duration such as 30s, 1h30m or 1d: the units are y, w, d, h, m, s and ms"),
      ("1h 30m", "a duration such as 30s, 1h30m or 1d: whole numbers, each with a unit, and nothing else"),
      ("1S", "a duration such as 30s, 1h30m or 1d: the units are y, w, d, h, m, s and ms"),
      ("1h30", "a duration such as 30s, 1h30m or 1d: the unit of the last number is missing"),
      (
        "30m1h",
        "a duration such as 30s, 1h30m or 1d: each unit once, from large to small (y, w, d, h, m, s, ms)"
      ),
      ("1s1s", "a duration such as 30s, 1h30m or 1d: each unit once, from large to small (y, w, d, h, m, s, ms)"),
      ("293y", "a duration such as 30s, 1h30m or 1d, at most 292y"),
      ("99999999999999999999s", "a duration such as 30s, 1h30m or 1d, at most 292y"),
      ("9223372036854775807y", "a duration such as 30s, 1h30m or 1d, at most 292y"),
    ])
  func mistakes(text: String, expected: String) {
    #expect(throws: ValueError(expected: expected)) { try Durations.parse(text) }
  }

  @Test(
    "every double can be written",
    arguments: [
      (Double.nan, "NaN"), (.infinity, "Inf"), (-.infinity, "-Inf"), (1e300, "2562047h47m16s"), (-1.5, "-1s500ms"),
      (0.0004, "0"), (0.0005, "1ms"), (59.9996, "1m"), (-0.0, "0"),
    ])
  func format(seconds: Double, expected: String) {
    #expect(Durations.format(seconds) == expected)
  }
}
