import Exposition
import Glibc
import Heartbeat
import Monitoring
import POSIX
import Testing

@testable import Exporter
@testable import HTTP

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
    var statistics = Scraper.Statistics()
    statistics.openConnections = { 7 }
    if let webConfigurationIsGood { statistics.webConfigurationIsGood = { webConfigurationIsGood } }
    return Scraper(
      options: options, configuration: Configuration(), requests: RequestCounts(handler: "/metrics"), push: nil,
      logger: .silent, statistics: statistics)
  }

  /// Adds a scrape of the heartbeats.
  private func addScrape() throws -> Bool {
    let selection = try CollectorSelection(query: [("collect[]", "heartbeat")], enabled: [.heartbeat])
    return queue.add(
      ScrapeRequest(selection: selection, style: .plain, coding: .identity, responder: questions.ask()))
  }

  private func addQuestion(_ client: ClientPresence = ClientPresence()) -> Bool {
    queue.add(
      StatusRequest(
        subject: .heartbeat(name: "b"), coding: .identity, knownTag: nil, responder: questions.ask(client)))
  }

  @Test("answers scrapes first, by the newest configuration, and what is asked at one moment by one clock")
  func order() throws {
    #expect(try addQuestion() && addScrape())
    queue.configure(Configuration(processes: [ProcessConfiguration(name: "b")]))
    #expect(try addScrape() && addQuestion())
    queue.configure(nil)
    queue.close()
    var times = [1000.0, 2000]
    var scraper = scraper()
    scraper.serve(queue) { times.removeFirst() }
    #expect(times.isEmpty)
    #expect((0..<4).map { questions.answers(to: $0).map(\.status) } == [[200], [200], [200], [200]])
    let scrapes = [1, 2].map { questions.answers(to: $0)[0].text }
    #expect(scrapes[0] == scrapes[1], "who asks the same gets the same")
    #expect(scrapes[0].contains("heartbeat_age_seconds{process=\"a\"} 10\n"))
    #expect(scrapes[0].contains("heartbeat_alive{process=\"b\"} 0\n"))
    #expect(questions.answers(to: 0)[0].text == questions.answers(to: 3)[0].text)
  }

  @Test("each answer makes room for the next, and what nobody waits for is not made")
  func room() throws {
    let gone = ClientPresence()
    for _ in 0..<4 { #expect(addQuestion(gone)) }
    gone.note(.gone)
    for _ in 0..<4 { #expect(addQuestion()) }
    #expect(!addQuestion())
    var scraper = scraper()
    var answered = 0
    scraper.serve(queue) {
      answered += 1
      queue.close()
      return 1000
    }
    #expect(answered == 1)
    #expect(questions.statuses.filter { $0 == 404 }.count == 4)
  }

  @Test("what clients asked that leave while others are answered waits until nobody else does")
  func leaving() throws {
    let clients = (0..<3).map { _ in ClientPresence() }
    let styles = [
      ExpositionStyle.plain, ExpositionStyle(.openMetrics1_0_0, .dots),
      ExpositionStyle(.openMetrics1_0_0, .underscores),
    ]
    let selection = try CollectorSelection(query: [], enabled: [])
    for (client, style) in zip(clients, styles) {
      let responder = questions.ask(client)
      #expect(
        queue.add(ScrapeRequest(selection: selection, style: style, coding: .identity, responder: responder)))
    }
    var scraper = scraper()
    var answered: [[Int]] = []
    scraper.serve(queue) {
      answered.append((0..<questions.asked).filter { !questions.answers(to: $0).isEmpty })
      switch answered.count {
      case 1:
        clients[0].note(.leaving)
        clients[1].note(.leaving)
        #expect(addQuestion())
      case 2: queue.close()
      default: break
      }
      return 1000
    }
    // The first was begun before it left, the third waits; then the API; then the second, which may still read.
    #expect(answered == [[], [0, 2], [0, 2, 3]])
    #expect(questions.statuses == [200, 200, 200, 404])
  }

  @Test("a scrape whose client goes before its turn is not made, and those after it are")
  func goneBefore() throws {
    let client = ClientPresence()
    let selection = try CollectorSelection(query: [], enabled: [])
    for (client, coding) in [(client, ContentCoding.identity), (ClientPresence(), .gzip)] {
      #expect(
        queue.add(
          ScrapeRequest(selection: selection, style: .plain, coding: coding, responder: questions.ask(client))))
    }
    queue.close()
    var scraper = scraper()
    scraper.serve(queue) {
      client.note(.gone)
      return 1000
    }
    // What a responder says that is let go: nothing was made for it.
    #expect(questions.statuses == [500, 200])
  }

  @Test(
    "scrapes of one moment share what is read of the processes only where it is enough",
    arguments: [[CollectorName.heartbeat, .process], [.process, .heartbeat]])
  func sharedLook(order: [CollectorName]) throws {
    let now = Clock.realtime
    try folder.write(
      "heartbeat_status.json", #"{"processes": {"a": {"last_heartbeat": \#(now), "pid": \#(getpid())}}}"#)
    for name in order {
      let selection = try CollectorSelection(query: [("collect[]", name.rawValue)], enabled: [.heartbeat, .process])
      #expect(
        queue.add(
          ScrapeRequest(selection: selection, style: .plain, coding: .identity, responder: questions.ask())))
    }
    queue.close()
    var scraper = scraper()
    scraper.serve(queue) { now }
    let (heartbeat, process) = order[0] == .heartbeat ? (0, 1) : (1, 0)
    #expect(questions.answers(to: heartbeat)[0].text.contains("heartbeat_state{process=\"a\",state=\"alive\""))
    #expect(questions.answers(to: process)[0].text.contains("process_threads{process=\"a\"} "))
  }

  @Test("what one moment's scrapes share is read anew for the next moment")
  func moments() throws {
    #expect(try addScrape())
    var moment = 0
    var scraper = scraper()
    scraper.serve(queue) {
      moment += 1
      if moment == 1 {
        #expect((try? addScrape()) == true)
      } else {
        try? folder.write("heartbeat_status.json", #"{"processes": {"c": {"last_heartbeat": 1990}}}"#)
        queue.close()
      }
      return 1000 * Double(moment)
    }
    #expect(questions.answers(to: 0)[0].text.contains("heartbeat_age_seconds{process=\"a\"} 10\n"))
    #expect(questions.answers(to: 1)[0].text.contains("heartbeat_age_seconds{process=\"c\"} 10\n"))
  }

  /// What a scrape of the heartbeats says under a new configuration.
  private func text(_ scraper: inout Scraper, _ configuration: Configuration) throws -> String {
    let queue = ScrapeQueue(limit: 0)
    queue.configure(configuration)
    let (number, selection) = (
      questions.asked, try CollectorSelection(query: [("collect[]", "heartbeat")], enabled: [.heartbeat])
    )
    let request = ScrapeRequest(selection: selection, style: .plain, coding: .identity, responder: questions.ask())
    #expect(queue.add(request))
    queue.close()
    scraper.serve(queue) { 1000 }
    return try #require(questions.answers(to: number).first).text
  }

  @Test("a configuration with other sources has them read from then on")
  func otherSources() throws {
    try folder.write("other.json", #"{"processes": {"o": {"last_heartbeat": 995}}}"#)
    let other = Configuration(sources: [SourceSettings(path: folder.file("other.json"))])
    var scraper = scraper()
    let texts = try [Configuration(), other, other, Configuration()].map { try text(&scraper, $0) }
    #expect(texts.map { $0.contains("heartbeat_age_seconds{process=\"o\"} 5\n") } == [false, true, true, false])
    // The default's file is read where nobody names any.
    #expect(texts.map { $0.contains("heartbeat_age_seconds{process=\"a\"} 10\n") } == [true, false, false, true])
  }

  @Test("a configuration with the same sources counts nothing again that was left out before")
  func sameSources() throws {
    try folder.write("heartbeat_status.json", #"{"processes": {"a": {"last_heartbeat": 990, "pid": 0}}}"#)
    var scraper = scraper()
    for timeout in [1.0, 2, 3] {
      let text = try text(&scraper, Configuration(processes: [ProcessConfiguration(name: "a", timeout: timeout)]))
      #expect(text.contains("heartbeat_timeout_seconds{process=\"a\"} \(Int(timeout))\n"))
      #expect(text.contains("heartbeat_entries_skipped_total{reason=\"bad_pid\"} 1\n"))
    }
  }

  @Test("the metrics say whether the last configurations were good, and how many connections there are")
  func reloads() throws {
    for (isGood, expected) in [(nil, nil), (true, " 1"), (false, " 0")] as [(Bool?, String?)] {
      var scraper = scraper(webConfigurationIsGood: isGood)
      let selection = try CollectorSelection(query: [], enabled: [])
      let first = questions.statuses.count
      for configuration in [Configuration(), nil, Configuration()] as [Configuration?] {
        let queue = ScrapeQueue(limit: 0)
        queue.configure(configuration)
        #expect(
          queue.add(
            ScrapeRequest(selection: selection, style: .plain, coding: .identity, responder: questions.ask())))
        queue.close()
        scraper.serve(queue)
      }
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
