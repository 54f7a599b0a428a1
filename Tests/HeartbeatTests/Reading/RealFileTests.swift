import Foundation
import JSON
import Testing

@testable import Heartbeat

@Suite("Files as a running system wrote them")
struct RealFileTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/heartbeats")

  static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appendingPathComponent(name)))
  }

  @Test("a flat file gives its processes and their numbers")
  func flat() throws {
    let snapshot = try HeartbeatSnapshot(parsing: try RealFileTests.bytes("heartbeat_status-2025-07-03.json"))
    let processes = HeartbeatSnapshotTests.plain(snapshot)
    #expect(processes.map(\.name) == ["websocket-reader", "bidder", "vue-frontend"])
    #expect(processes.map(\.pid) == [51241, 51121, 51060])
    #expect(processes.map(\.status) == ["alive", "scanning", "alive"])
    #expect(processes[0].numbers["messages_processed"] == 84)
    #expect(processes[1].numbers["profile.bid_limit"] == 100)
    #expect(processes[1].numbers["debug_mode"] == 0)
    #expect(processes[1].numbers["profile.search_query"] == nil)
    #expect(processes[2].numbers["memory_usage.rss"] == 146_067_456)
    #expect(processes[2].numbers["uptime"] == 1170.768902667)
    #expect(snapshot.lastUpdated == 1751518314.802189)
    #expect(snapshot.skipped.isEmpty)
  }

  @Test("cut off at any byte it is torn or empty, never something else")
  func tornAnywhere() throws {
    for name in ["heartbeat_status-2025-06-25.json", "heartbeat_status-2025-07-03.json"] {
      let whole = try RealFileTests.bytes(name)
      let end = try #require(whole.lastIndex(of: UInt8(ascii: "}")))
      for length in 0...end {
        #expect(throws: length == 0 ? JSONParseError.empty : .torn) {
          try HeartbeatSnapshot(parsing: Array(whole[..<length]))
        }
      }
    }
  }
}
