import Exposition
import Testing

@testable import Exporter

@Suite("Names of series")
struct SeriesNameTests {
  /// Keys that meet in one spelling or another, or only look as if they did.
  static let keys = [
    "http.requests", "http_requests", "http-requests", "httpRequests", "http requests", "HTTPRequests",
    "http_dot_requests", "http__requests", "http..requests", "\u{E9}", "e\u{301}", "a_e9_b", "a\u{E9}b",
    "info", "i.nfo", "1", "_1",
  ]
  static let styles =
    NameEscaping.allCases.map { ExpositionStyle(.openMetrics1_0_0, $0) }
    + NameEscaping.allCases.map { ExpositionStyle(.text0_0_4, $0) } + [ExpositionStyle(.text1_0_0, .allowUTF8)]

  private func entry(_ name: String, _ keys: [String]) -> String {
    let data = keys.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ",")
    return "\"\(name)\": {\"last_heartbeat\": 1, \"additional_data\": {\(data)}}"
  }

  /// The lines of the process `mill`.
  private func lines(_ entries: [String], in style: ExpositionStyle) throws -> [String] {
    try Collected(entries.joined(separator: ","), in: style).text.split(separator: "\n").map(String.init)
      .filter { !$0.hasPrefix("#") && $0.contains("process=\"mill\"") }.sorted()
  }

  @Test("no other process changes a line of the first one, whatever its keys are", arguments: styles)
  func neighbours(style: ExpositionStyle) throws {
    var choices = Choices(seed: 16)
    func some() -> [String] {
      Self.keys.filter { _ in choices.once(in: 3) }.map { ($0, choices.number(0...1_000_000)) }.sorted { $0.1 < $1.1 }
        .map(\.0)
    }
    for round in 0..<60 {
      let mill = entry("mill", some())
      let others = (0..<choices.number(1...3)).map { entry("press \($0)", some()) }
      let alone = try lines([mill], in: style)
      #expect(try lines([mill] + others, in: style) == alone, "round \(round): \(mill) \(others)")
      #expect(try lines(others + [mill], in: style) == alone, "round \(round): \(mill) \(others)")
    }
  }

  @Test(
    "keys of one process meet where their spelling is the same, and nowhere else",
    arguments: [
      (["http.requests", "http_requests"], NameEscaping.allowUTF8, 2),
      (["http.requests", "http_requests"], .underscores, 1), (["http.requests", "http_requests"], .dots, 2),
      (["http.requests", "http_requests"], .values, 2), (["a-b", "a b"], .dots, 1), (["a-b", "a b"], .values, 2),
      (["heapTotal", "heap_total"], .allowUTF8, 1), (["\u{E9}", "e\u{301}"], .allowUTF8, 2),
    ])
  func meeting(keys: [String], escaping: NameEscaping, series: Int) throws {
    let style = ExpositionStyle(.openMetrics1_0_0, escaping)
    let data = try lines([entry("mill", keys)], in: style).filter { $0.contains("data") }
    #expect(data.count == series && Set(data).count == series)
  }
}
