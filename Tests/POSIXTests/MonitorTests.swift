import POSIX
import Testing

@Suite("Monitor and Thread")
struct MonitorTests {
  @Test("a waiting thread gets what another puts in")
  func handsOver() throws {
    let queue = Monitor<[Int]>([])
    let received = Monitor<[Int]>([])
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
    let monitor = Monitor(false)
    #expect(monitor.wait(timeout: seconds) { $0 ? 1 : nil } == nil)
  }

  @Test("threads that change one value lose no change")
  func counts() throws {
    let counter = Monitor(0)
    let threads = try (0..<4).map { _ in
      try Thread.start(named: "count") { for _ in 0..<10_000 { counter.withLock { $0 += 1 } } }
    }
    for thread in threads { thread.join() }
    #expect(counter.withLock { $0 } == 40_000)
  }
}
