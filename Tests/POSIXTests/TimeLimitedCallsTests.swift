import Foundation
import Testing

@testable import POSIX

@Suite("Calls that may hang")
struct TimeLimitedCallsTests {
  private static func later(_ seconds: Double) -> UInt64 { Clock.monotonicNanoseconds + Clock.nanoseconds(seconds) }

  @Test("answers come in the order of the keys")
  func answers() {
    let calls = TimeLimitedCalls<Int>(name: "test")
    #expect(calls.call([3, 1, 2], until: Self.later(60)) { $0 * 10 } == [30, 10, 20])
    #expect(calls.call([], until: Self.later(60)) { $0 } == [])
    #expect(calls.call([5], until: Self.later(60)) { "\($0)" } == ["5"])
  }

  @Test("one that hangs costs no other one, is left alone until it comes back, and is then asked again")
  func hanging() {
    let calls = TimeLimitedCalls<Int>(name: "test")
    let gate = ConditionLock((isOpen: false, asked: 0))
    @Sendable func answer(_ key: Int) -> Int {
      guard key == 2 else { return key }
      gate.withLock { $0.asked += 1 }
      gate.wait { $0.isOpen ? () : nil }
      return key
    }
    #expect(calls.call([1, 2, 3], until: Self.later(0.3), patience: 0.01, answer) == [1, nil, 3])
    #expect(calls.running == [2])
    // The second time nobody waits for it.
    #expect(calls.call([1, 2, 3], until: Self.later(600), patience: 0.01, answer) == [1, nil, 3])
    #expect(gate.withLock { $0.asked } == 1)
    gate.withLock { $0.isOpen = true }
    for _ in 0..<30_000 where !calls.running.isEmpty { shortPause() }
    #expect(calls.call([1, 2, 3], until: Self.later(60), answer) == [1, 2, 3])
  }

  @Test("many that hang are waited for together, and keep a bounded number of threads")
  func many() {
    let calls = TimeLimitedCalls<Int>(name: "test", threadLimit: 4)
    let gate = ConditionLock(false)
    @Sendable func answer(_ key: Int) -> Int {
      if key < 10 { gate.wait { $0 ? () : nil } }
      return key
    }
    #expect(
      calls.call(Array(0..<12), until: Self.later(0.5), patience: 0.01, answer) == Array(repeating: nil, count: 12))
    #expect(calls.running.count == 4)
    gate.withLock { $0 = true }
    for _ in 0..<30_000 where !calls.running.isEmpty { shortPause() }
    #expect(calls.call([11], until: Self.later(60), answer) == [11])
  }

  @Test("who calls no more has no threads any more")
  func end() throws {
    func threads() throws -> Int {
      let tasks = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
      return tasks.count {
        (try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8)) == "calls-that-end\n"
      }
    }
    func call() throws {
      let calls = TimeLimitedCalls<Int>(name: "calls-that-end")
      #expect(calls.call([1, 2], until: Self.later(60)) { $0 } == [1, 2])
      #expect(try threads() > 0)
    }
    try call()
    for _ in 0..<2_000 where try threads() > 0 { shortPause() }
    #expect(try threads() == 0)
  }

  private final class Held: Sendable {}

  @Test("what a call holds is let go when it has come back, though the thread waits for more")
  func release() {
    let calls = TimeLimitedCalls<Int>(name: "test")
    weak var held: Held?
    func call() {
      let value = Held()
      held = value
      _ = calls.call([1], until: .max) { _ in _ = value }
    }
    call()
    for _ in 0..<2_000 where held != nil { shortPause() }
    #expect(held == nil)
  }
}

private func shortPause() {
  let monitor = ConditionLock(())
  _ = monitor.wait(timeout: 0.01) { _ in Void?.none }
}
