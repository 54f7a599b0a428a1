import Foundation
import Testing

@testable import Heartbeat

/// A folder of its own for each test, removed with it.
final class Folder {
  let path: String
  init() throws {
    path = NSTemporaryDirectory() + "/heartbeat-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  var file: String { path + "/heartbeat_status.json" }
  func write(_ text: String) throws { try text.write(toFile: file, atomically: false, encoding: .utf8) }
  func read() throws -> String { try String(contentsOfFile: file, encoding: .utf8) }
  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }
}

struct HeartbeatManagerTests {
  @Test("a first beat makes the file, the next one changes its own entry alone")
  func firstBeats() throws {
    let folder = try Folder()
    let manager = HeartbeatManager(file: folder.file)
    try manager.sendHeartbeat("bidder", additionalData: ["offset": 140, "memory_usage": ["rss": 98_299_904]])
    try manager.sendHeartbeat("reader", status: "scanning", pid: nil)
    let bidder = try #require(try manager.heartbeatStatus(of: "bidder"))
    #expect(bidder.pid == getpid())
    #expect(bidder.status == "alive")
    #expect(bidder.additionalData == ["offset": 140, "memory_usage": ["rss": 98_299_904]])
    #expect(try manager.allHeartbeats().map(\.name) == ["bidder", "reader"])
    #expect(try manager.isProcessAlive("bidder"))
    #expect(try !manager.isProcessAlive("nobody"))
    #expect(folder.names == ["heartbeat_status.json", "heartbeat_status.json.lock"])
  }
}
