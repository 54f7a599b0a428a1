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

  /// One that is packed or large, of a client.
  private func addLong(
    _ queue: PushQueue, _ name: String, by peer: UInt8 = 1, size: Int = 0, now: UInt64 = 0,
    read: @escaping @Sendable () throws(APIError) -> Int = { () throws(APIError) in 0 }
  ) -> Bool {
    let unread = PushQueue.Unread(size: size, isLong: true, peer: .numbered(peer)) { () throws(APIError) in
      (.forget(name), try read())
    }
    return queue.add(unread, questions.ask(), now: now)
  }

  @Test("are taken when they are read; meanwhile what the same client sent behind them waits, and nothing else")
  func long() {
    let queue = PushQueue(limit: 10, timeout: 5)
    #expect(add(queue, "before"))
    #expect(addLong(queue, "long") && add(queue, "behind"))
    #expect(queue.add(.forget("other"), by: 2, questions.ask()))
    #expect(names(queue.take()) == ["before", "other"])
    queue.finished()
    #expect(queue.count == 2)
    queue.readNext()
    #expect(names(queue.take()) == ["long", "behind"])
    queue.finished()
    #expect(queue.count == 0)
  }

  @Test("are read in the order of each client, and of another client than last time where there is one")
  func turns() {
    let queue = PushQueue(limit: 20, timeout: 5)
    let read = Lock<[String]>([])
    for (name, peer) in [("a1", 1), ("a2", 1), ("a3", 1), ("b1", 2), ("b2", 2)] as [(String, UInt8)] {
      #expect(
        addLong(queue, name, by: peer) { () throws(APIError) in
          read.withLock { $0.append(name) }
          return 0
        })
    }
    for _ in 0..<6 { queue.readNext() }
    #expect(read.withLock { $0 } == ["a1", "b1", "a2", "b2", "a3"])
    #expect(names(queue.take()) == ["a1", "a2", "a3", "b1", "b2"], "the writer has them as they came")
  }

  @Test("that turn out to be wrong are answered when they are read, and nothing waits for them any more")
  func wrong() {
    let queue = PushQueue(limit: 10, timeout: 5)
    #expect(addLong(queue, "wrong", size: PushQueue.mostBytes) { () throws(APIError) in throw APIError(422, "no") })
    #expect(add(queue, "behind"))
    #expect(!add(queue, size: 1))
    queue.readNext()
    #expect(questions.statuses.prefix(2) == [422, nil] && queue.count == 1)
    #expect(names(queue.take()) == ["behind"])
    queue.finished()
    #expect(add(queue, size: PushQueue.mostBytes), "what was wrong takes no room")
    #expect(names(queue.take()) == ["a"])
    queue.finished()
    let unread = PushQueue.Unread(size: 0, isLong: false, peer: .numbered(1)) { () throws(APIError) in
      throw APIError(400, "no")
    }
    #expect(queue.add(unread, questions.ask()) && add(queue, "right"))
    #expect(names(queue.take()) == ["right"])
    #expect(questions.statuses.suffix(2) == [400, nil])
    queue.finished()
    #expect(queue.count == 0)
  }

  @Test("have as many bytes as came, and as many as there are once they are read")
  func unpackedBytes() {
    let queue = PushQueue(limit: 10, timeout: 5)
    let most = PushQueue.mostBytes
    #expect(addLong(queue, "large", size: 1) { () throws(APIError) in most - 2 })
    #expect(addLong(queue, "too much", by: 2, size: 1) { () throws(APIError) in 3 })
    #expect(add(queue, size: 1))
    queue.readNext()
    #expect(!add(queue, size: 1), "the other one that is unread has a byte too")
    queue.readNext()
    #expect(questions.statuses.prefix(3) == [nil, 503, nil], "there is no room for what it is")
    #expect(names(queue.take()) == ["large", "a"])
    queue.finished()
    #expect(add(queue, size: most))
  }

  @Test("leave half of the room to those that need not be read first")
  func halves() {
    let queue = PushQueue(limit: 4, timeout: 5)
    #expect(addLong(queue, "a") && addLong(queue, "b") && !addLong(queue, "c"))
    #expect(add(queue) && add(queue) && !add(queue))
    queue.readNext()
    queue.readNext()
    #expect(queue.take()?.count == 4)
    queue.finished()
    #expect(addLong(queue, "c"))
    let one = PushQueue(limit: 1, timeout: 5)
    #expect(addLong(one, "a") && !addLong(one, "b"))
  }

  @Test("are given up unread too, and nothing waits for them any more, whatever comes of reading them")
  func lateUnread() {
    let queue = PushQueue(limit: 10, timeout: 1)
    let isTaken = addLong(queue, "late", size: PushQueue.mostBytes) { () throws(APIError) in
      #expect(queue.giveUp(at: 1_000_000_000))
      return 7
    }
    #expect(isTaken)
    #expect(queue.add(.forget("behind"), questions.ask(), now: 500_000_000))
    queue.readNext()
    #expect(questions.statuses == [503, nil])
    #expect(names(queue.take()) == ["behind"])
    queue.finished()
    #expect(add(queue, size: PushQueue.mostBytes) && !add(queue, size: 1))
  }

  @Test("are read and written by threads, to the end")
  func threads() throws {
    let queue = PushQueue(limit: 100, timeout: 60)
    let written = Lock<[String]>([])
    try queue.start {
      while let jobs = queue.take() {
        for case .forget(let name) in jobs.map(\.task) { written.withLock { $0.append(name) } }
        queue.finished()
      }
    }
    let now = Clock.monotonicNanoseconds
    for number in 0..<40 {
      let isLong = number % 3 == 0
      #expect(
        queue.add(.forget("\(number)"), isLong: isLong, by: UInt8(number % 2), questions.ask(), now: now))
    }
    #expect(queue.stop())
    let all = written.withLock { $0 }.compactMap { Int($0) }
    #expect(all.sorted() == Array(0..<40))
    for client in 0...1 { #expect(all.filter { $0 % 2 == client } == Array(0..<40).filter { $0 % 2 == client }) }
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
      #expect(add(queue))
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
