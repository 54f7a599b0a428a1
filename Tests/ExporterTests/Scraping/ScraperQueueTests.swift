import HTTP
import Monitoring
import Testing

@testable import Exporter

@Suite("The work of the scrape thread")
struct ScraperQueueTests {
  private let folder: TemporaryFolder
  private let questions: Questions
  private let queue = ScrapeQueue(limit: 4)

  init() throws {
    folder = try TemporaryFolder()
    questions = try Questions()
    try folder.write("heartbeat_status.json", #"{"processes": {"a": {"last_heartbeat": 990}}}"#)
  }

  private func scraper(webConfigurationIsGood: Bool? = nil) -> Scraper {
    var options = ExporterOptions()
    options.heartbeat.files = [folder.file("heartbeat_status.json")]
    var isGood: (@Sendable () -> Bool)?
    if let webConfigurationIsGood { isGood = { webConfigurationIsGood } }
    return Scraper(
      options: options, configuration: Configuration(), requests: RequestCounts(handler: "/metrics"), push: nil,
      logger: .silent, openConnections: { 7 }, webConfigurationIsGood: isGood)
  }

  /// Adds a scrape of the heartbeats.
  private func addScrape() throws -> Bool {
    let selection = try CollectorSelection(query: [("collect[]", "heartbeat")], enabled: [.heartbeat])
    return queue.add(
      ScrapeRequest(selection: selection, style: .plain, coding: .identity, responder: questions.ask()))
  }

  private func addQuestion() -> Bool {
    queue.add(
      StatusRequest(
        subject: .heartbeat(name: "b"), coding: .identity, knownTag: nil, responder: questions.ask()))
  }

  @Test("answers everything in its order, each by the clock and the configuration of its moment, and makes room")
  func order() throws {
    #expect(try addScrape() && addQuestion())
    queue.configure(Configuration(processes: [ProcessConfiguration(name: "b")]))
    #expect(try addQuestion() && addScrape())
    #expect(!addQuestion(), "there is no room left")
    queue.configure(nil)
    queue.close()
    var times = [1000.0, 1000, 1000, 2000]
    var scraper = scraper()
    scraper.serve(queue) { times.removeFirst() }
    #expect(times.isEmpty)
    #expect((0..<4).map { questions.answers(to: $0).map(\.status) } == [[200], [404], [200], [200]])
    let (first, last) = (questions.answers(to: 0)[0].text, questions.answers(to: 3)[0].text)
    #expect(first.contains("heartbeat_age_seconds{process=\"a\"} 10\n") && !first.contains("process=\"b\""))
    #expect(last.contains("heartbeat_age_seconds{process=\"a\"} 1010\n"))
    #expect(last.contains("heartbeat_alive{process=\"b\"} 0\n"))
  }

  @Test("each answer makes room for the next")
  func room() throws {
    for _ in 0..<4 { #expect(addQuestion()) }
    var scraper = scraper()
    var answered = 0
    scraper.serve(queue) {
      answered += 1
      if answered == 2 { #expect(addQuestion(), "the first is answered") }
      if answered == 5 { queue.close() }
      return 1000
    }
    #expect(answered == 5)
  }

  @Test("the metrics say whether the last configurations were good, and how many connections there are")
  func reloads() throws {
    for (isGood, expected) in [(nil, nil), (true, " 1"), (false, " 0")] as [(Bool?, String?)] {
      let queue = ScrapeQueue(limit: 0)
      var scraper = scraper(webConfigurationIsGood: isGood)
      let selection = try CollectorSelection(query: [], enabled: [])
      let first = questions.statuses.count
      for configuration in [Configuration(), nil, Configuration()] as [Configuration?] {
        queue.configure(configuration)
        #expect(
          queue.add(
            ScrapeRequest(selection: selection, style: .plain, coding: .identity, responder: questions.ask())))
      }
      queue.close()
      scraper.serve(queue)
      for (number, value) in zip(first..., [1, 0, 1]) {
        let lines = questions.answers(to: number)[0].text.split(separator: "\n")
        #expect(lines.contains("heartbeat_exporter_config_last_reload_successful \(value)"))
        #expect(lines.contains("heartbeat_exporter_http_connections 7"))
        let web = lines.filter { $0.hasPrefix("heartbeat_exporter_web_config_last_reload_successful") }
        #expect(web.map { $0.suffix(2) } == (expected.map { [$0[...]] } ?? []))
      }
    }
  }
}
