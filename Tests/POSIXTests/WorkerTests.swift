import Testing

@testable import POSIX

/// A thread that works off what others hand to it.
@Suite struct WorkerTests {
  private func summing() throws -> (worker: Worker<[Int]>, sum: Lock<Int>) {
    let worker = Worker<[Int]>(named: "test", [])
    let sum = Lock(0)
    try worker.start {
      while let number = worker.next({ $0.isEmpty ? nil : $0.removeFirst() }) { sum.withLock { $0 += number } }
    }
    return (worker, sum)
  }

  @Test("What is handed over is done, in the end all of it")
  func everything() throws {
    let (worker, sum) = try summing()
    for number in 1...100 { #expect(worker.hand { $0.append(number) } != nil) }
    worker.close()
    #expect(worker.hasEnded(within: 60))
    #expect(sum.withLock { $0 } == 5050)
  }

  @Test("A closed worker takes nothing, and whoever closes it may take away what waits")
  func closed() throws {
    let worker = Worker(named: "test", [1, 2, 3])
    #expect(
      worker.close { waiting in
        defer { waiting = [] }; return waiting
      } == [1, 2, 3])
    #expect(worker.hand { $0.append(4) } == nil)
    #expect(worker.withoutWaking { $0 }.isEmpty)
    let sum = Lock(0)
    try worker.start {
      while let number = worker.next({ $0.isEmpty ? nil : $0.removeFirst() }) { sum.withLock { $0 += number } }
    }
    #expect(worker.hasEnded(within: 60))
    #expect(sum.withLock { $0 } == 0)
  }

  @Test("What waits when it is closed goes before the end")
  func order() {
    let worker = Worker(named: "test", [1])
    worker.close()
    let take: (inout [Int]) -> Int? = { $0.isEmpty ? nil : $0.removeFirst() }
    guard case .task(1) = worker.next(within: 0, take) else {
      Issue.record("the task was not taken")
      return
    }
    guard case .end = worker.next(within: 60, take) else {
      Issue.record("it does not end")
      return
    }
  }

  @Test("A thread that waits for a time is told that nothing came, or that it is over")
  func times() {
    let worker = Worker(named: "test", 0)
    guard case .timeout = worker.next(within: 0, { _ in Int?.none }) else {
      Issue.record("something came from nowhere")
      return
    }
    #expect(worker.rest(0))
    worker.close()
    #expect(!worker.rest(3600), "the end cuts a rest short")
  }

  @Test("A thread that hangs is left behind")
  func hanging() throws {
    let gate = ConditionLock(false)
    let worker = Worker(named: "test", 0)
    try worker.start { _ = gate.wait { $0 ? true : nil } }
    worker.close()
    #expect(!worker.hasEnded(within: 0))
    gate.withLock { $0 = true }
    #expect(worker.hasEnded(within: 60))
  }
}
