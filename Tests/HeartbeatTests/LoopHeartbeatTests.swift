import Foundation
import POSIX
import Testing

@testable import Heartbeat

@Suite("A beat in a program's loop")
struct LoopHeartbeatTests {
  @Test("of many calls one goes out, and only for that one the data are made")
  func rateLimited() {
    let target = RecordedBeats()
    let heartbeat = LoopHeartbeat("bidder", every: .seconds(3600), interval: .seconds(5), to: target)
    var made = 0
    func data() -> JSONObject {
      made += 1
      return ["round": .integer(Int64(made))]
    }
    for _ in 0..<1000 { heartbeat.beat(data()) }
    #expect(made == 1)
    heartbeat.stop(["final": true])
    let beats = target.beats
    #expect(beats.map(\.status) == ["alive", "stopped"])
    #expect(beats.map(\.additionalData) == [["round": 1], ["final": true]])
    #expect(beats.allSatisfy { $0.name == "bidder" && $0.interval == .seconds(5) })
  }

  @Test("it goes out again after its time, and with a new status after a second")
  func due() {
    let heartbeat = LoopHeartbeat("a", every: .seconds(10), to: RecordedBeats())
    let second: UInt64 = 1_000_000_000
    let calls: [(at: UInt64, status: String, isDue: Bool)] = [
      (100, "x", true), (109, "x", false), (110, "x", true), (110, "y", false), (111, "y", true), (111, "x", false),
      (112, "x", true), (121, "x", false), (122, "x", true),
    ]
    for call in calls { #expect(heartbeat.isDue(call.status, now: call.at * second) == call.isDue, "\(call)") }
  }

  @Test("what goes wrong is said once, and again after a success")
  func failures() {
    let target = RecordedBeats()
    let heartbeat = LoopHeartbeat("a", every: .zero, to: target)
    for failure in [HeartbeatError.beingWritten(file: "f"), nil, .beingWritten(file: "f"), .beingWritten(file: "g")] {
      target.state.withLock { $0.failure = failure }
      for _ in 0..<3 { heartbeat.beat() }
    }
    #expect(target.beats.count == 3)
    let warnings = target.state.withLock { $0.warnings }
    #expect(warnings.map { $0.prefix(1) } == ["f", "f", "g"])
    let errors = Lock([HeartbeatError]())
    LoopHeartbeat("a", to: target) { error in errors.withLock { $0.append(error) } }.beat()
    #expect(errors.withLock { $0 } == [.beingWritten(file: "g")])
  }

  @Test("beats of tasks that must wait hold up no other task")
  func cooperativePool() async {
    let target = RecordedBeats()
    target.state.withLock { $0.isHeld = true }
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<12 {
        group.addTask { await LoopHeartbeat("p\(number)", to: target).beat(status: "busy") }
      }
      // They begin only if none of them keeps a thread of the pool.
      for _ in 0..<12_000 where target.state.withLock({ $0.begun }) < 12 {
        try? await Task.sleep(for: .milliseconds(5))
      }
      #expect(target.state.withLock { $0.begun } == 12)
      target.state.withLock { $0.isHeld = false }
    }
    #expect(Set(target.beats.map(\.name)).count == 12)
  }

  @Test("more work than there are threads is done all the same")
  func manyWaiting() async {
    let target = RecordedBeats()
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<200 {
        group.addTask { try? await target.send(Beat("p\(number)")) }
      }
    }
    #expect(target.beats.count == 200)
  }

  @Test("an async beat is written before it returns, and errors come back as they are")
  func asyncManager() async throws {
    let folder = try Folder()
    let manager = HeartbeatManager(file: folder.file)
    try await manager.sendHeartbeat("a", status: "busy", additionalData: ["n": 1])
    #expect(try await manager.heartbeatStatus(of: "a")?.additionalData == ["n": 1])
    #expect(try await manager.allHeartbeats().map(\.name) == ["a"])
    await #expect(throws: HeartbeatError.invalidBeat("the process name is empty")) {
      try await manager.sendHeartbeat("")
    }
  }
}

@Suite("A sender with a stall guard")
struct StallGuardTests {
  @Test("without a tick it says so once, with the time of the last beat, until the work goes on")
  func stalled() throws {
    let target = RecordedBeats()
    let sender = HeartbeatSender("s", to: target, interval: .milliseconds(10), maxSilence: .milliseconds(100)) {
      ["n": 1]
    }
    let stalled = try #require(target.first { $0.status == HeartbeatSender.stalled })
    let before = target.beats
    let last = try #require(before.lastIndex { $0.status == "alive" })
    #expect(stalled.additionalData == nil && stalled.time != nil && before[last].time == nil)
    // Nothing further comes until the tick.
    let count = before.count
    #expect(before.filter { $0.status == HeartbeatSender.stalled }.count == 1)
    sender.tick()
    #expect(target.first(after: count) { $0.status == "alive" } != nil)
    #expect(target.beats[count].status == "alive")
    sender.stop()
  }

  /// How often a thread has gone to sleep: `proc_pid_status(5)`.
  private func voluntarySwitches(_ thread: String) throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(thread)/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches") })
    return try #require(line.split(separator: "\t").last.flatMap { Int($0) })
  }

  @Test("a tick wakes nobody while the work goes on, and no span of time is too long")
  func ticking() throws {
    final class ThreadOfBeats: HeartbeatTarget {
      let thread = ConditionLock(String?.none)
      func send(_ beat: Beat) {
        // Such as 12/task/34.
        thread.withLock { $0 = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self") }
      }
    }
    let target = ThreadOfBeats()
    let sender = HeartbeatSender("t", to: target, interval: .seconds(1e12), maxSilence: .seconds(1e12))
    let thread = try #require(target.thread.wait(timeout: 60) { $0 })
    let before = try voluntarySwitches(thread)
    for _ in 0..<100_000 { sender.tick() }
    #expect(try voluntarySwitches(thread) - before < 1_000)
    sender.stop()
  }

  @Test("with ticks, and without a guard, it beats on")
  func beating() {
    let target = RecordedBeats()
    let guarded = HeartbeatSender("g", to: target, interval: .milliseconds(15), maxSilence: .seconds(3600))
    let plain = HeartbeatSender("p", to: target, interval: .milliseconds(1))
    let both = target.state.wait(timeout: 60) { state in
      state.beats.filter { $0.name == "g" }.count > 3 && state.beats.filter { $0.name == "p" }.count > 3 ? true : nil
    }
    #expect(
      both == true
        && target.beats.allSatisfy { $0.status == "alive" && $0.interval == .milliseconds($0.name == "g" ? 15 : 10) })
    guarded.stop()
    plain.stop()
  }
}
