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

  @Test("a call that nobody waits for is made in its turn, and when it hangs the others are made beside it")
  func aside() {
    let calls = TimeLimitedCalls<Int>(name: "test")
    let gate = ConditionLock((isOpen: true, asked: 0))
    @Sendable func answer(_ key: Int) -> Int {
      guard key == 2 else { return key }
      gate.withLock { $0.asked += 1 }
      gate.wait { $0.isOpen ? () : nil }
      return key
    }
    #expect(calls.begin([1, 2, 3], aside: 2, answer).results(until: Self.later(60)) == [1, 2, 3])
    #expect(calls.begin([1, 3], aside: 2, answer).results(until: Self.later(60)) == [1, 3])
    gate.withLock { $0.isOpen = false }
    // Without an end: it is not waited for.
    #expect(calls.begin([1, 2, 3], aside: 2, answer).results(until: .max, patience: 0.01) == [1, nil, 3])
    #expect(gate.withLock { $0.asked } == 2 && calls.running == [2])
    gate.withLock { $0.isOpen = true }
    for _ in 0..<30_000 where !calls.isIdle { shortPause() }
  }

  @Test("a call on the thread that asks for it is under way for all, and takes no thread of others, left behind or not")
  func here() throws {
    let calls = TimeLimitedCalls<Int>(name: "test", threadLimit: 1)
    let gate = ConditionLock((isOpen: false, asked: 0))
    @Sendable func hang() {
      gate.withLock { $0.asked += 1 }
      gate.wait { $0.isOpen ? () : nil }
    }
    let thread = try Thread.start(named: "here") { _ = calls.callHere(1, hang) }
    for _ in 0..<30_000 where gate.withLock({ $0.asked }) == 0 { shortPause() }
    #expect(!calls.callHere(1, hang) && calls.isRunning(1) && !calls.isIdle && calls.running == [1])
    #expect(calls.call([1, 2], until: Self.later(60)) { $0 } == [nil, 2])
    calls.leaveBehind { $0 == 1 }
    #expect(calls.isIdle)
    // There is one thread still, once it has turned from what it did last, and no second one.
    var found: [Int?] = []
    for _ in 0..<30_000 where found != [1, 2] {
      found = calls.call([1, 2], until: Self.later(60)) { $0 }
      shortPause()
    }
    #expect(found == [1, 2])
    for _ in 0..<30_000 where !calls.isRunning(3) { _ = calls.call([3], until: Self.later(0.3)) { _ in hang() } }
    #expect(calls.call([4], until: Self.later(0.3)) { $0 } == [nil])
    gate.withLock { $0.isOpen = true }
    thread.join()
    for _ in 0..<30_000 where !calls.isIdle { shortPause() }
    #expect(calls.callHere(1, hang) && calls.isIdle)
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
