import Heartbeat
import POSIX
import Testing

@testable import Exporter

@Suite("Pushes that wait for the writer")
struct PushQueueTests {
  private let questions: Questions

  init() throws { questions = try Questions() }

  private func add(_ queue: PushQueue, _ name: String = "a", size: Int = 0, now: UInt64 = 0) -> Bool {
    queue.add(.forget(name), size: size, questions.ask(), now: now)
  }

  private func names(_ jobs: [PushQueue.Job]?) -> [String]? {
    jobs?.map { job in
      if case .forget(let name) = job.task { name } else { "?" }
    }
  }

  @Test("are taken all at once, in the order in which they came")
  func order() {
    let queue = PushQueue(limit: 10, timeout: 5)
    #expect(["a", "b", "c"].allSatisfy { add(queue, $0) })
    #expect(names(queue.take()) == ["a", "b", "c"])
    #expect(add(queue, "d"))
    #expect(queue.count == 4, "those in the writer's hands wait too")
    queue.finished()
    #expect(queue.count == 1)
    #expect(names(queue.take()) == ["d"])
  }

  @Test("are no more than the limit, those in the writer's hands among them")
  func limit() {
    let queue = PushQueue(limit: 2, timeout: 5)
    #expect(add(queue) && add(queue) && !add(queue))
    #expect(queue.take()?.count == 2)
    #expect(!add(queue), "none of them is answered yet")
    queue.finished()
    #expect(add(queue) && add(queue) && !add(queue))
  }

  @Test("have no more bytes together than may wait, and give their room back when they are done")
  func bytes() throws {
    let queue = PushQueue(limit: 1000, timeout: 5)
    let half = PushQueue.mostBytes / 2
    for _ in 0..<3 {
      try #require(add(queue, size: half))
      #expect(queue.take()?.count == 1)
      try #require(add(queue, size: half), "what comes while others are written has the rest")
      #expect(!add(queue, size: 1))
      queue.finished()
      #expect(!add(queue, size: half + 1), "what came meanwhile still has its room")
      #expect(queue.take()?.count == 1)
      queue.finished()
    }
    #expect(add(queue, size: PushQueue.mostBytes))
    #expect(!add(queue, size: 1) && add(queue, size: 0))
  }

  @Test("are given up when their time is over, and not before")
  func deadline() throws {
    let queue = PushQueue(limit: 10, timeout: 5)
    #expect(add(queue, "early", size: PushQueue.mostBytes, now: 0))
    #expect(queue.giveUp(at: 4_999_999_999))
    #expect(questions.statuses == [nil])
    #expect(queue.giveUp(at: 5_000_000_000), "something waited")
    let answer = try #require(questions.answers(to: 0).first)
    #expect(answer.status == 503 && answer.header("Retry-After") == "1")
    #expect(answer.text.contains("within 5.0 s (--push.timeout)"))
    #expect(!queue.giveUp(at: 6_000_000_000), "nothing waits any more")
    #expect(add(queue, size: PushQueue.mostBytes, now: 0), "what was given up takes no room")
  }

  @Test("of which only the late ones are given up, also those in the writer's hands")
  func someLate() {
    let queue = PushQueue(limit: 10, timeout: 1)
    #expect(add(queue, "in hand", now: 0))
    _ = queue.take()
    #expect(add(queue, "late", now: 0) && add(queue, "in time", now: 500_000_000))
    #expect(queue.giveUp(at: 1_000_000_000))
    #expect(questions.statuses == [503, 503, nil])
    #expect(queue.count == 2, "the writer still has the first in hand")
    queue.finished()
    #expect(names(queue.take()) == ["in time"], "a push that was given up is not written any more")
  }

  @Test("are answered by the watch when nobody takes them, and it ends with the queue")
  func watch() throws {
    let queue = PushQueue(limit: 10, timeout: 0)
    let thread = try Thread.start(named: "watch") { queue.watchDeadlines() }
    for number in 0..<3 {
      #expect(queue.add(.forget("a"), size: 0, questions.ask()))
      #expect(questions.answer(to: number)?.status == 503)
    }
    queue.close()
    thread.join()
  }

  @Test("are refused once the queue is closed; what waits then is still taken, and then the end")
  func closing() {
    let queue = PushQueue(limit: 10, timeout: 5)
    #expect(add(queue, "last"))
    queue.close()
    #expect(!add(queue))
    #expect(names(queue.take()) == ["last"])
    queue.finished()
    #expect(queue.take() == nil)
  }
}
