import Foundation
import Glibc
import POSIX
import Testing

@testable import Heartbeat

@Suite("A sender of beats")
struct HeartbeatSenderTests {
  @Test("that has stopped does nothing any more, not even what was under way")
  func stop() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sender-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let manager = HeartbeatManager(file: folder.appendingPathComponent("heartbeat_status.json").path)
    let calls = ConditionLock((begun: 0, ended: 0))
    let sender = HeartbeatSender("s", to: manager, interval: .milliseconds(10)) {
      calls.withLock { $0.begun += 1 }
      // Long enough that a stop which does not wait returns before.
      usleep(200_000)
      calls.withLock { $0.ended += 1 }
      return ["n": 1]
    }
    #expect(calls.wait(timeout: 30) { $0.begun > 0 ? true : nil } == true)
    sender.stop()
    let (begun, ended) = calls.withLock { ($0.begun, $0.ended) }
    #expect(begun == ended && begun == 1)
    let beat = try #require(try manager.allHeartbeats().first)
    #expect(beat.name == "s")
    sender.stop()
  }
}
