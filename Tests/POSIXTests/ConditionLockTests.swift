import Glibc
import Testing

@testable import POSIX

@Suite("Monitor and Thread")
struct ConditionLockTests {
  @Test("a waiting thread gets what another puts in")
  func handsOver() throws {
    let queue = ConditionLock<[Int]>([])
    let received = ConditionLock<[Int]>([])
    let thread = try Thread.start(named: "a name of over 15 bytes") {
      while let next = queue.wait(until: { $0.isEmpty ? nil : $0.removeFirst() }), next >= 0 {
        received.withLock { $0.append(next) }
      }
    }
    for number in 0..<1000 { queue.withLock { $0.append(number) } }
    queue.withLock { $0.append(-1) }
    thread.join()
    #expect(received.withLock { $0 } == Array(0..<1000))
  }

  @Test("a wait ends with nil when its time has run out", arguments: [0, 0.001, -5])
  func timeout(seconds: Double) {
    let monitor = ConditionLock(false)
    #expect(monitor.wait(timeout: seconds) { $0 ? 1 : nil } == nil)
  }

  @Test("a wait with a limit lasts until another thread has what it waits for")
  func limited() throws {
    let monitor = ConditionLock(0)
    let thread = try Thread.start(named: "late") {
      usleep(20_000)
      for number in 1...3 { monitor.withLock { $0 = number } }
    }
    #expect(monitor.wait(timeout: 60) { $0 == 3 ? $0 : nil } == 3)
    thread.join()
  }

  @Test("what is there already is not waited for")
  func present() {
    #expect(ConditionLock(7).wait { $0 } == 7)
  }

  @Test("who waits is woken by a change, not by the end of its time")
  func woken() throws {
    let monitor = ConditionLock((isWaiting: false, isChanged: false))
    let outcome = ConditionLock<Bool?>(nil)
    let thread = try Thread.start(named: "waits") {
      let found = monitor.wait { state -> Bool? in
        state.isWaiting = true
        return state.isChanged ? true : nil
      }
      outcome.withLock { $0 = found }
    }
    // It sleeps from here on, or is about to, with the lock in hand.
    for _ in 0..<30_000 where !monitor.withoutWaking({ $0.isWaiting }) { usleep(1000) }
    monitor.withLock { $0.isChanged = true }
    thread.join()
    #expect(outcome.withLock { $0 } == true)
  }

  @Test(
    "the end of a wait is so many seconds later, with what is less than one",
    arguments: [
      (0, 5, 900_000_000), (0.25, 6, 150_000_000), (1.25, 7, 150_000_000), (3, 8, 900_000_000), (0.1, 6, 0),
      (-1, 5, 900_000_000), (.nan, 5, 900_000_000), (.infinity, 1_000_000_005, 900_000_000),
    ] as [(Double, Int, Int)])
  func later(seconds: Double, expected: Int, nanoseconds: Int) {
    let end = timespec(nanoseconds: 5_900_000_000 + Clock.nanoseconds(seconds))
    #expect(end.tv_sec == expected && end.tv_nsec == nanoseconds)
  }

  @Test("threads that change one value lose no change")
  func counts() throws {
    let counter = ConditionLock(0)
    let threads = try (0..<4).map { _ in
      try Thread.start(named: "count") { for _ in 0..<10_000 { counter.withLock { $0 += 1 } } }
    }
    for thread in threads { thread.join() }
    #expect(counter.withLock { $0 } == 40_000)
  }
}
