import Glibc
import POSIX
import Testing

@testable import Exporter

@Suite("Those who watch the status page")
struct EventStreamsTests {
  private let questions: Questions

  init() throws { questions = try Questions() }

  private func texts(_ number: Int) -> [String] {
    questions.pieces(of: number).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test("get a head that keeps the stream open, and then each picture as one event")
  func events() throws {
    let streams = EventStreams(limit: 2)
    #expect(streams.add(questions.ask()))
    let head = try #require(questions.answers(to: 0).first)
    #expect(head.status == 200 && head.header("Content-Type") == "text/event-stream")
    #expect(head.text == "retry: 2000\n\n")
    streams.send([Array("{\"a\":".utf8), Array("1}".utf8)])
    #expect(streams.add(questions.ask()))
    streams.send([Array("{}".utf8)])
    #expect(texts(0) == ["event: status\ndata: {\"a\":1}\n\n", "event: status\ndata: {}\n\n"])
    #expect(texts(1) == ["event: status\ndata: {}\n\n"])
    #expect(!questions.hasEnded(0) && !questions.hasEnded(1))
  }

  @Test("are no more than the limit; who goes makes room and gets nothing more")
  func limit() {
    let streams = EventStreams(limit: 2)
    #expect(streams.add(questions.ask()) && streams.add(questions.ask()) && !streams.add(questions.ask()))
    questions.leave(0)
    #expect(streams.add(questions.ask()) && !streams.add(questions.ask()))
    #expect(questions.hasEnded(0))
    streams.send([[1]])
    #expect([0, 1, 3].map { texts($0).count } == [0, 1, 1])
    questions.leave(1)
    streams.send([[1]])
    #expect(questions.hasEnded(1) && !questions.hasEnded(3))
  }

  @Test("are sent away at the end, and nobody comes any more")
  func closing() {
    let streams = EventStreams(limit: 2)
    #expect(streams.add(questions.ask()))
    streams.close()
    #expect(questions.hasEnded(0))
    #expect(!streams.add(questions.ask()))
    streams.send([[1]])
    #expect(texts(0).isEmpty)
  }

  @Test("have a picture asked for again and again while somebody watches")
  func clock() throws {
    let streams = EventStreams(limit: 2, interval: 0.001)
    let queue = ScrapeQueue(limit: 1)
    let thread = try Thread.start(named: "clock") { streams.run(asking: queue) }
    #expect(streams.add(questions.ask()))
    for _ in 0..<3 {
      guard case .status(let requests)? = queue.next(), case .watchers(let asked)? = requests.first?.subject else {
        Issue.record("expected a question for the watchers")
        break
      }
      #expect(asked === streams && requests.first?.responder == nil && requests.first?.coding == .identity)
      queue.finished()
    }
    streams.close()
    thread.join()
  }

  @Test("cost nothing while nobody watches, and who leaves is forgotten though no picture is sent")
  func nobody() throws {
    let streams = EventStreams(limit: 2, interval: 0)
    let queue = ScrapeQueue(limit: 1)
    let thread = try Thread.start(named: "clock") { streams.run(asking: queue) }
    queue.configure(nil)
    #expect(streams.add(questions.ask()))
    guard case .configure? = queue.next(), case .status? = queue.next() else {
      Issue.record("something was asked before anybody watched")
      return
    }
    questions.leave(0)
    for _ in 0..<3000 where !questions.hasEnded(0) { usleep(10_000) }
    #expect(questions.hasEnded(0))
    streams.close()
    thread.join()
    streams.run(asking: queue)
  }
}
