import Exposition
import HTTP

@testable import Exporter

/// An answer as the oracle compares it: decoded, without what differs by its nature. It works on raw memory, for this is where
/// an unoptimised test would spend its time.
struct Answer {
  /// The status, the header fields and the lines of the body, ended by a line feed each.
  private(set) var text: [UInt8] = []
  /// The counters that tell of a history, by their series.
  private(set) var counters: [String: Double] = [:]
  private(set) var tag: String?
  /// Where the metrics begin in `text`; nil when the answer is a document.
  private var metrics: Int?

  /// The families whose samples only a history explains; `History` says what they must be.
  private static let counted: [StaticString] = [
    "heartbeat_file_read_errors_total", "heartbeat_entries_skipped_total", "heartbeat_series_dropped_total",
  ]

  /// All that may differ between two exporters that are asked the same at the same time: what the exporter says of itself
  /// (durations, requests), and of the disk of this machine how much is free. On the kernel's own `/proc`, where time goes on
  /// between the two answers, also the numbers that grow with time, and the disks and devices of this machine.
  private static let own: StaticString = "heartbeat_exporter_"
  private static let free: [StaticString] = [
    "system_filesystem_free_bytes", "system_filesystem_avail_bytes", "system_filesystem_files_free",
    "system_clock_",
  ]
  private static let live: [StaticString] = [
    "system_filesystem", "system_network", "system_disk",
    // A process with more than a thousand threads has none, and the tests of all modules together can have more.
    "process_context_switches_total",
  ]
  private static let steady: [StaticString] = [
    "process_up", "process_start_time_seconds", "process_max_fds", "heartbeat", "#",
  ]
  private static let members: [StaticString] = [
    "\"cpu_seconds\":", "\"process\":{\"cpu_seconds\":", "\"resident_memory_bytes\":", "\"virtual_memory_bytes\":",
    "\"threads\":", "\"open_fds\":", "\"read_bytes\":", "\"written_bytes\":", "\"major_page_faults\":",
  ]
  private static let freeMember: [StaticString] = ["\"available_bytes\":", "\"free_bytes\":", "\"used_ratio\":"]

  init(_ response: Response, isLive: Bool) {
    var body = response.body
    var headers: [String] = []
    for (name, value) in response.headers {
      if name == "ETag" { tag = value }
      if name != "ETag" || !isLive { headers.append("\(name): \(value)") }
    }
    if response.headers.contains(where: { $0 == ("Content-Encoding", "gzip") }) {
      // What is none is empty, which no other answer is.
      body = (try? Gunzip.decompress(body, limit: 1 << 30)) ?? []
    }
    for line in ["status \(response.status)"] + headers { text += Array((line + "\n").utf8) }
    if response.headers.contains(where: { $0.0 == "Content-Type" && !$0.1.contains("json") }) {
      metrics = text.count
      addMetrics(body, isLive: isLive)
    } else {
      addDocument(body, isLive: isLive)
    }
  }

  init(news: [[UInt8]]) { addDocument(news.reduce(into: []) { $0 += $1 }, isLive: false) }

  private mutating func addMetrics(_ body: [UInt8], isLive: Bool) {
    body.withUnsafeBytes { body in
      Line.forEach(of: body, endedBy: UInt8(ascii: "\n")) { line in
        let name = line.begins(with: "# ") ? line.dropping(7) : line
        if name.begins(with: Self.own) || isLive && Self.live.contains(where: name.begins) { return }
        if Self.counted.contains(where: line.begins) {
          let parts = line.string.split(separator: " ")
          counters[String(parts[0])] = Double(parts[1])
          return
        }
        let hasNumber =
          isLive ? Self.steady.contains(where: line.begins) : !Self.free.contains(where: line.begins)
        add(hasNumber ? line : line.upToLastSpace)
      }
    }
  }

  private mutating func addDocument(_ body: [UInt8], isLive: Bool) {
    let masked = isLive ? Self.members : Self.freeMember
    body.withUnsafeBytes { body in
      Line.forEach(of: body, endedBy: UInt8(ascii: ",")) { piece in
        guard let mask = masked.first(where: piece.begins) else { return add(piece) }
        add(piece.keeping(mask.utf8CodeUnitCount + (piece.string.contains(":null") ? 1 : 0)))
      }
    }
  }

  private mutating func add(_ line: Line) {
    text.append(contentsOf: line.bytes)
    text.append(UInt8(ascii: "\n"))
  }

  /// In what another answer differs, in a few lines; nil when it does not.
  func difference(from other: Answer) -> String? {
    let isSame = text.withUnsafeBytes { mine in
      other.text.withUnsafeBytes { mine.count == $0.count && Line(bytes: mine).begins(with: $0) }
    }
    if isSame { return nil }
    func lines(_ text: [UInt8]) -> [Substring] { String(decoding: text, as: UTF8.self).split(separator: "\n") }
    let told = lines(text).difference(from: lines(other.text)).prefix(80).map { change in
      switch change {
      case .insert(_, let line, _): "only the long-lived: \(line.prefix(300))"
      case .remove(_, let line, _): "only the fresh one:  \(line.prefix(300))"
      }
    }
    return (["they differ"] + told).joined(separator: "\n")
  }

  /// What makes the metrics no exposition that a scraper can read; nil when nothing does.
  var problem: String? {
    metrics.flatMap { start in
      text.withUnsafeBytes { ExpositionCheck.problem(in: UnsafeRawBufferPointer(rebasing: $0[start...])) }
    }
  }
}
