import Exposition
import Heartbeat
import Monitoring
import Testing

@testable import Exporter

/// What is kept from one content of the file to the next must not show: of so many processes each family is a chunk of
/// its own, which nothing else makes stale.
@Suite("Families of a file that changes")
struct StaleFamiliesTests {
  private static let count = 600

  /// One collector that goes from content to content, as the scraper has it.
  private struct Follower {
    var reader = SnapshotReader(stringKeys: ["note"])
    var snapshot = HeartbeatSnapshot()
    var spare = HeartbeatSnapshot()
    var collector = HeartbeatCollector(seriesPerProcess: 100, series: 100_000, showsStrings: true)
    var monitored = MonitoredProcesses(
      MonitoringSettings(timeout: 60, remember: 0, hostname: []) {
        Labels.append("process", $0.span, to: &$1, separated: false)
      })

    /// The families of a content.
    mutating func collect(_ text: String) throws -> [Substring] {
      var next = try reader.read(Array(text.utf8), into: &spare)
      swap(&next, &snapshot)
      spare = next
      let keeps = snapshot.changes.keepsProcesses && monitored.generation > 0
      var hasNewTimeout = false
      if keeps {
        hasNewTimeout = monitored.takeOver(snapshot, configured: [], at: 1000)
      } else {
        monitored.join(snapshot, configured: [], modified: { _ in nil }, at: 1000)
      }
      for place in monitored.processes.indices { monitored.judge(place, .unknown, at: 1000) }
      collector.update(
        monitored, snapshot: snapshot, skipped: snapshot.skipped, keepsProcesses: keeps, hasNewTimeout: hasNewTimeout,
        isNewContent: true)
      var body = ScrapeBody()
      collector.collect(
        monitored, snapshot: snapshot, sources: SourceSet([SourceSettings(path: "/nonexistent")]), at: 1000, into: &body
      )
      return String(decoding: body.identity().inOnePiece(), as: UTF8.self).split(separator: "\n").filter {
        !$0.contains("_total") && !$0.contains("heartbeat_interval_seconds")
      }
    }
  }

  private func file(_ change: (_ index: Int) -> String?) -> String {
    let entries = (0..<Self.count).map { index in
      "\"process\(index)\": {\(change(index) ?? Self.usual(index))}"
    }
    return "{\"processes\": {\(entries.joined(separator: ","))}}"
  }

  private static func usual(_ index: Int) -> String {
    #""last_heartbeat": 990, "pid": \#(index + 1), "status": "s", "x": 1, "y": 2, "note": "n""#
  }

  @Test(
    "say of a change what an exporter says that has just started",
    arguments: [
      #""last_heartbeat": 991, "pid": 301, "status": "s", "x": 1, "y": 2, "note": "n""#,
      #""last_heartbeat": 990, "pid": 99, "status": "s", "x": 1, "y": 2, "note": "n""#,
      #""last_heartbeat": 990, "pid": null, "status": "s", "x": 1, "y": 2, "note": "n""#,
      #""last_heartbeat": 990, "pid": 301, "status": "t", "x": 1, "y": 2, "note": "n""#,
      #""last_heartbeat": 990, "pid": 301, "x": 1, "y": 2, "note": "n""#,
      #""last_heartbeat": 990, "pid": 301, "status": "s", "x": 3, "y": 2, "note": "n""#,
      #""last_heartbeat": 990, "pid": 301, "status": "s", "x": 1, "y": 3, "note": "n""#,
      #""last_heartbeat": 990, "pid": 301, "status": "s", "x": 1, "y": 2, "note": "m""#,
      #""last_heartbeat": 990, "pid": 301, "status": "s", "x": 1, "z": 2, "note": "n""#,
      #""last_heartbeat": 900, "pid": 99, "status": "t", "x": 7, "y": 8, "note": "o""#,
      #""last_heartbeat": 990, "pid": 301, "status": "s", "x": 1, "y": 2, "note": "n", "host": "far""#,
      #""last_heartbeat": 990, "pid": 301, "status": "s", "x": 1, "y": 2, "note": "n", "interval": 50"#,
      #""last_heartbeat": 990, "pid": 301, "status": "Done", "x": 1, "y": 2, "note": "n""#,
    ])
  func oneChange(changed: String) throws {
    var follower = Follower()
    for text in [file { _ in nil }, file { $0 == 300 ? changed : nil }, file { _ in nil }] {
      let kept = try follower.collect(text)
      var fresh = Follower()
      let anew = try fresh.collect(text)
      let difference = zip(kept, anew).first { $0 != $1 }
      #expect(kept.count == anew.count && difference == nil)
    }
  }
}
