import Foundation
import Heartbeat
import POSIX
import Testing

@testable import HeartbeatPush

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
    #expect(BeatTarget.file(pipe, retention: 0) { _ in }.send(beat)?.reason.contains(folder.path) == true)
    let written = try #require(try HeartbeatManager(file: file).allHeartbeats().first)
    #expect(written.name == "web" && written.status == "busy" && written.pid == 71)
  }

  @Test(
    "what an exporter refuses is tried again when it says, else with the next beat; trouble of its own passes sooner",
    arguments: [
      (429, 60, 30, 60), (429, 0, 30, 1), (503, 100_000, 30, 3600), (503, 120, 30, 120), (401, nil, 45, 45),
      (422, nil, nil, 30), (403, nil, 0.2, 1), (502, nil, 60, 10), (500, nil, 5, 5),
    ] as [(Int, Double?, Double?, Double)])
  func pauses(status: Int, retryAfter: Double?, interval: Double?, expected: Double) {
    let refusal = PushFailure.Refusal(status: status, retryAfter: retryAfter)
    #expect(BeatTarget.pause(after: refusal, interval: interval) == expected)
  }

  @Test(
    "trouble of an exporter's own does not take the last word while there is time; a pause that it names and that is longer does",
    arguments: [
      (BeatFailure(reason: "502", retryAfter: 10, isTrouble: true), true), (BeatFailure(reason: "no one"), true),
      (BeatFailure(reason: "503", retryAfter: 1), true), (BeatFailure(reason: "503", retryAfter: 20), false),
      (BeatFailure(reason: "401", retryAfter: 30), false),
    ])
  func lastWord(failure: BeatFailure, arrives: Bool) throws {
    let begin = Clock.monotonicNanoseconds
    let thread = try BeatThread(
      BeatTarget { _ in arrives && Clock.monotonicNanoseconds - begin > 900_000_000 ? nil : failure },
      log: LogThread(showsTime: false))
    thread.post(Beat("web", status: "stopped"))
    #expect(thread.finish(within: 10) == arrives)
    if !arrives { #expect(Clock.monotonicNanoseconds - begin < 8_000_000_000) }
  }

  @Test("a refused beat is not tried again and again, nor at the end; one that nobody answers to is")
  func refused() throws {
    for (failure, tries) in [(BeatFailure(reason: "no", retryAfter: 60), 1...3), (BeatFailure(reason: "no"), 4...40)] {
      let count = Lock(0)
      let thread = try BeatThread(
        BeatTarget { _ in
          count.withLock { $0 += 1 }
          return failure
        }, log: LogThread(showsTime: false))
      thread.post(Beat("web"))
      _ = ConditionLock(()).wait(timeout: 1.5) { _ in Never?.none }
      if failure.retryAfter != nil { #expect(count.withLock { $0 } == 1) }
      thread.post(Beat("web", status: "stopped"))
      let begin = Clock.monotonicNanoseconds
      #expect(!thread.finish(within: 1))
      if failure.retryAfter != nil { #expect(Clock.monotonicNanoseconds - begin < 900_000_000) }
      #expect(tries.contains(count.withLock { $0 }))
    }
  }
}
