import Foundation
import Heartbeat
import Testing

@testable import HeartbeatTool

@Suite("The beats of a supervisor")
struct BeatWriterTests {
  @Test("are written, and what cannot be written is said to have failed")
  func write() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("beats-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("heartbeat_status.json").path
    let good = BeatWriter(file: file, name: "web", retention: 0)
    let bad = BeatWriter(file: folder.path, name: "web", retention: 0)
    let results = (0..<2).map { _ in
      [
        good.write(status: "busy", pid: 71, data: ["n": 1]), bad.write(status: "busy", pid: 71, data: [:]),
      ]
    }
    #expect(results == [[true, false], [true, false]])
    let beat = try #require(try HeartbeatManager(file: file).allHeartbeats().first)
    #expect(beat.name == "web" && beat.status == "busy" && beat.pid == 71)
  }
}
