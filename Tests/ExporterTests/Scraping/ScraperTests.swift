import Exposition
import Foundation
import HTTP
import Heartbeat
import Monitoring
import POSIX
import Testing

@testable import Exporter

/// A heartbeat file of its own, and the scraper that reads it.
private final class Scraped {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("scraper-\(UUID())")
  var path: String { folder.appendingPathComponent("heartbeat_status.json").path }
  var scraper: Scraper

  init(retention: Double = 0) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    scraper = Self.scraper(folder.appendingPathComponent("heartbeat_status.json").path, retention)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  static func scraper(_ path: String, _ retention: Double = 0) -> Scraper {
    var options = ExporterOptions()
    options.heartbeat.files = [path]
    options.heartbeat.retention = retention
    options.heartbeat.remember = 0
    return Scraper(
      options: options, configuration: Configuration(), requests: RequestCounts(handler: "/metrics"), push: nil,
      logger: .silent)
  }

  func write(_ processes: [String]) throws {
    try Data("{\"processes\": {\(processes.joined(separator: ","))}}".utf8).write(
      to: URL(fileURLWithPath: path), options: .atomic)
  }

  /// The lines that speak of the heartbeats, but for the counters and the intervals, which remember.
  static func lines(
    _ scraper: inout Scraper, _ style: ExpositionStyle, at now: Double, coding: ContentCoding = .identity
  ) throws -> [Substring] {
    let selection = try CollectorSelection(query: [("collect[]", "heartbeat")], enabled: [.heartbeat])
    let answer = scraper.answer(selection, in: style, coding: coding, at: now)
    return String(decoding: answer.body, as: UTF8.self).split(separator: "\n").filter {
      !$0.contains("_total") && !$0.contains("duration") && !$0.contains("heartbeat_file_modified")
        && !$0.contains("heartbeat_interval_seconds")
    }
  }
}

@Suite("Scrapes, one after the other")
struct ScraperTests {
  private static let styles = [
    ExpositionStyle.plain, ExpositionStyle(.openMetrics1_0_0, .underscores), ExpositionStyle(.text1_0_0, .allowUTF8),
    ExpositionStyle(.openMetrics1_0_0, .values),
  ]

  @Test("a process with more keys than a file may have takes no number from another one")
  func manyKeys() throws {
    let scraped = try Scraped()
    let keys = (0...50_000).map { "\"k\($0)\": 1" }.joined(separator: ",")
    try scraped.write(["\"a\": {\"last_heartbeat\": 1000, \(keys)}", #""b": {"last_heartbeat": 1000, "right": 10}"#])
    let selection = try CollectorSelection(query: [("collect[]", "heartbeat")], enabled: [.heartbeat])
    let answer = scraped.scraper.answer(selection, in: .plain, coding: .identity, at: 1010)
    let lines = String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
    #expect(lines.contains("heartbeat_data_right{process=\"b\"} 10"))
    #expect(lines.count { $0.hasPrefix("heartbeat_data_k") } == 1_000)
    #expect(lines.contains("heartbeat_series_dropped_total{reason=\"process_limit\"} 49001"))
    #expect(lines.contains("heartbeat_entries_skipped_total{reason=\"too_many_keys\"} 0"))
  }

  @Test("begin with one that is in time, though the host's name hangs")
  func hangingName() throws {
    let scraped = try Scraped()
    try scraped.write(["\"a\": {\"last_heartbeat\": 1000}"])
    let kernel = scraped.folder.appendingPathComponent("proc/sys/kernel")
    try FileManager.default.createDirectory(at: kernel, withIntermediateDirectories: true)
    let pipe = kernel.appendingPathComponent("hostname").path
    try #require(mkfifo(pipe, 0o600) == 0)
    // Lets those go on who wait for it.
    defer { close(open(pipe, O_RDWR)) }
    var options = ExporterOptions()
    options.heartbeat.files = [scraped.path]
    options.heartbeat.remember = 0
    options.paths.procfs = scraped.folder.appendingPathComponent("proc").path
    let start = Clock.monotonicNanoseconds
    var scraper = Scraper(
      options: options, configuration: Configuration(), requests: RequestCounts(handler: "/metrics"), push: nil,
      logger: .silent)
    let selection = try CollectorSelection(query: [], enabled: Set(CollectorName.allCases))
    let answer = scraper.answer(selection, in: .plain, coding: .identity, at: 1010)
    let seconds = Double(Clock.monotonicNanoseconds - start) / 1e9
    #expect(String(decoding: answer.body, as: UTF8.self).contains("heartbeat_age_seconds{process=\"a\"} 10\n"))
    // The bound is 2.5; a busy machine may make more of it, but not as much as two deadlines.
    #expect(seconds < 3.5)
  }

  @Test("say the same as an exporter that has just started", arguments: [0, 100.0])
  func incremental(retention: Double) throws {
    var generator = SystemRandomNumberGenerator()
    let scraped = try Scraped(retention: retention)
    let keys = ["x", "y", "cpu-load", "cpu_load", "größe", "a.b"]
    func member(_ name: Int) -> String {
      var members = ["\"last_heartbeat\": \(950 + Int.random(in: 0..<60))"]
      for key in keys where Int.random(in: 0..<8) > 0 { members.append("\"\(key)\": \(Int.random(in: 0..<3))") }
      if Int.random(in: 0..<4) == 0 { members.append("\"pid\": \(Int.random(in: 1..<3))") }
      if Int.random(in: 0..<4) == 0 { members.append("\"status\": \"s\(Int.random(in: 0..<2))\"") }
      return "\"p\(name)\": {\(members.joined(separator: ", "))}"
    }
    var members = (0..<400).map(member)
    for round in 0..<40 {
      for _ in 0..<[0, 1, 5, 40].randomElement(using: &generator)! {
        let place = Int.random(in: 0..<members.count)
        members[place] = member(place)
      }
      if Int.random(in: 0..<6) == 0 { members.swapAt(3, Int.random(in: 0..<members.count)) }
      try scraped.write(members)
      let now = 1000 + Double(round)
      let style = Self.styles.randomElement(using: &generator)!
      var fresh = Scraped.scraper(scraped.path, retention)
      let (one, other) = (
        try Scraped.lines(&scraped.scraper, style, at: now), try Scraped.lines(&fresh, style, at: now)
      )
      let difference = zip(one, other).first { $0 != $1 }
      #expect(one.count == other.count, "\(style), round \(round)")
      #expect(difference == nil, "\(style), round \(round)")
    }
  }

  @Test("no series comes twice, whatever the keys and the style", arguments: styles)
  func unique(style: ExpositionStyle) throws {
    let scraped = try Scraped()
    let keys = ["a.b", "a_b", "a-b", "aB", "A b", "info", "a..b", "a._b", "é", "è", "__", "\\u0000", "\\u0001"]
    let data = keys.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ")
    try scraped.write(["\"p\": {\"last_heartbeat\": 1, \(data)}", "\"q\": {\"last_heartbeat\": 1, \"a-b\": 1}"])
    let lines = try Scraped.lines(&scraped.scraper, style, at: 2)
    let series = lines.filter { $0.first != "#" }.map { $0.prefix(upTo: $0.lastIndex(of: " ")!) }
    #expect(Set(series).count == series.count)
    let types = lines.filter { $0.hasPrefix("# TYPE") }
    #expect(Set(types).count == types.count)
    #expect(series.filter { $0.contains("\"q\"") && $0.contains("data") }.count == 1)
  }

  /// docs/limits.md promises 2.5 s. What is left is for a file that hangs between a question and its reading, and for the work itself.
  @Test("what a scrape waits for by default is over after 2.2 s, however much of it hangs")
  func waits() {
    let readTimeout = ExporterOptions.Heartbeats().readTimeout
    #expect(Scraper.namePatience + readTimeout + Scraper.leastLook <= 2.2)
    #expect(ScrapeLimits().deadline <= 2.2)
    // A later one goes on from where it is.
    #expect(ScrapeLimits().patience * 5 <= ScrapeLimits().deadline)
  }
}
