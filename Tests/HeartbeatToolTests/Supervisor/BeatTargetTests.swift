import Foundation
import Heartbeat
import Testing

@testable import HeartbeatTool

@Suite("Where a supervisor's beats go")
struct BeatTargetTests {
  @Test("a file gets them; what cannot be written is told in a sentence")
  func file() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("beats-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("heartbeat_status.json").path
    let beat = Beat("web", status: "busy", pid: 71)
    #expect(BeatTarget.file(file, retention: 0) { _ in }.send(beat) == nil)
    let pipe = folder.path + "/pipe"
    mkfifo(pipe, 0o600)
    #expect(BeatTarget.file(pipe, retention: 0) { _ in }.send(beat)?.contains(folder.path) == true)
    let written = try #require(try HeartbeatManager(file: file).allHeartbeats().first)
    #expect(written.name == "web" && written.status == "busy" && written.pid == 71)
  }
}
