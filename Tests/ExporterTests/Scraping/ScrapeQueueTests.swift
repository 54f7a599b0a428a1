import HTTP
import POSIX
import Monitoring
import Testing

@testable import Exporter

@Suite("What the scrape thread is asked to do")
struct ScrapeQueueTests {
  private let questions: Questions

  private let selection: CollectorSelection

  init() throws {
    questions = try Questions()
    selection = try CollectorSelection(query: [], enabled: [])
  }

  private func scrape() -> ScrapeRequest {
    ScrapeRequest(selection: selection, style: .plain, coding: .identity, responder: questions.ask())
  }

  private func status() -> StatusRequest {
    StatusRequest(subject: .host, coding: .identity, knownTag: nil, responder: questions.ask())
  }

  private func word(_ task: ScrapeQueue.Task?) -> String {
    switch task {
    case .scrape?: "scrape"
    case .status?: "status"
    case .configure(let configuration)?: configuration == nil ? "keep" : "configure"
    case nil: "end"
    }
  }

  @Test("is done in the order in which it was asked")
  func order() {
    let queue = ScrapeQueue(limit: 10)
    #expect(queue.add(scrape()) && queue.add(status()))
    queue.configure(Configuration())
    #expect(queue.add(scrape()))
    queue.configure(nil)
    #expect((0..<5).map { _ in word(queue.next()) } == ["scrape", "status", "configure", "scrape", "keep"])
  }

  @Test("is no more than the limit, until an answer makes room")
  func limit() {
    let queue = ScrapeQueue(limit: 2)
    #expect(queue.add(scrape()) && queue.add(status()))
    #expect(!queue.add(scrape()) && !queue.add(status()))
    #expect(word(queue.next()) == "scrape")
    #expect(!queue.add(scrape()), "the first is under way, not answered")
    queue.finishedScrape()
    #expect(queue.add(scrape()) && !queue.add(scrape()))
  }

  @Test("is without limit where there is none")
  func noLimit() {
    let queue = ScrapeQueue(limit: 0)
    #expect((0..<1000).allSatisfy { _ in queue.add(scrape()) })
  }

  @Test("is taken to its end after the closing, but nothing new; a configuration is always taken")
  func closing() {
    let queue = ScrapeQueue(limit: 2)
    #expect(queue.add(scrape()))
    queue.close()
    #expect(!queue.add(scrape()) && !queue.add(status()))
    #expect((0..<3).map { _ in word(queue.next()) } == ["scrape", "end", "end"])
    #expect(!queue.waitForEnd(timeout: 0))
    queue.end()
    #expect(queue.waitForEnd(timeout: 0))
  }

  @Test("wakes the thread that waits for it, and so does the end")
  func waking() throws {
    let queue = ScrapeQueue(limit: 100)
    let done = ConditionLock(0)
    let thread = try Thread.start(named: "worker") {
      while queue.next() != nil {
        queue.finishedScrape()
        done.withLock { $0 += 1 }
      }
      queue.end()
    }
    for count in 1...50 {
      #expect(queue.add(scrape()))
      #expect(done.wait(timeout: 30) { $0 >= count ? true : nil } == true)
    }
    queue.close()
    #expect(queue.waitForEnd(timeout: 30))
    thread.join()
  }
}
