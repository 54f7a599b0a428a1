import Exposition
import Monitoring
import POSIX
import Testing

@testable import Exporter
@testable import HTTP

@Suite("What the scrape thread is asked to do")
struct ScrapeQueueTests {
  private let questions: Questions

  private let selection: CollectorSelection

  init() throws {
    questions = try Questions()
    selection = try CollectorSelection(query: [], enabled: [])
  }

  private func scrape(of client: ClientPresence = ClientPresence()) -> ScrapeRequest {
    ScrapeRequest(selection: selection, style: .plain, coding: .identity, responder: questions.ask(client))
  }

  private func status(
    _ subject: StatusRequest.Subject = .host, tag: String? = nil, of client: ClientPresence = ClientPresence()
  ) -> StatusRequest {
    StatusRequest(subject: subject, coding: .identity, knownTag: tag, responder: questions.ask(client))
  }

  private func picture() -> StatusRequest {
    StatusRequest(subject: .watchers(EventStreams(limit: 1)), coding: .identity, knownTag: nil, responder: nil)
  }

  private func word(_ task: ScrapeQueue.Task?) -> String {
    switch task {
    case .scrapes(let requests)?: "\(requests.count) scrapes"
    case .status(let requests)?: "\(requests.count) \(subjectName(requests.first?.subject))"
    case .configure(let configuration)?: configuration == nil ? "keep" : "configure"
    case nil: "end"
    }
  }

  private func subjectName(_ subject: StatusRequest.Subject?) -> String {
    switch subject {
    case .heartbeats?: "heartbeats"
    case .heartbeat(let name)?: name
    case .host?: "host"
    case .watchers?: "watchers"
    case nil: "nobody"
    }
  }

  private func words(_ queue: ScrapeQueue, _ count: Int) -> [String] {
    (0..<count).map { _ in
      defer { queue.finished() }
      return word(queue.next())
    }
  }

  @Test(
    "configurations first, then scrapes, then the API, then those who watch; who asks the same is answered together")
  func order() {
    let queue = ScrapeQueue(limit: 10)
    #expect(queue.add(picture()) && queue.add(status(.heartbeats)) && queue.add(scrape()) && queue.add(status()))
    #expect(queue.add(status(.heartbeats)) && queue.add(status(.heartbeats, tag: "t")) && queue.add(scrape()))
    #expect(queue.add(status(.heartbeat(name: "b"))) && queue.add(status(.heartbeat(name: "a"))))
    queue.configure(Configuration())
    queue.configure(nil)
    #expect(
      words(queue, 8) == [
        "configure", "keep", "2 scrapes", "3 heartbeats", "1 host", "1 b", "1 a", "1 watchers",
      ])
  }

  @Test("those who ask the same in another coding, style or selection get an answer of their own")
  func difference() throws {
    let heartbeats = try CollectorSelection(query: [("collect[]", "heartbeat")], enabled: [.heartbeat])
    let responder = questions.ask()
    let scrapes = [
      ScrapeRequest(selection: selection, style: .plain, coding: .identity, responder: responder),
      ScrapeRequest(selection: selection, style: .plain, coding: .gzip, responder: responder),
      ScrapeRequest(selection: heartbeats, style: .plain, coding: .identity, responder: responder),
      ScrapeRequest(
        selection: selection, style: ExpositionStyle(.openMetrics1_0_0, .dots), coding: .identity, responder: responder),
    ]
    #expect(Set(scrapes.map(\.question)).count == 4)
    #expect(Set((scrapes + scrapes).map(\.question)).count == 4)
    let subjects: [StatusRequest.Subject] = [.heartbeats, .heartbeat(name: "a"), .heartbeat(name: ""), .host]
    let asked = subjects.flatMap { subject in
      [ContentCoding.gzip, .identity].map {
        StatusRequest(subject: subject, coding: $0, knownTag: nil, responder: responder).question
      }
    }
    #expect(Set(asked).count == 8)
  }

  @Test("what a client has left is dropped; whose client has probably left comes last")
  func clientsThatLeave() {
    let queue = ScrapeQueue(limit: 3)
    let (gone, leaving) = (ClientPresence(), ClientPresence())
    gone.note(.gone)
    leaving.note(.leaving)
    for _ in 0..<3 { #expect(queue.add(scrape(of: gone)) && queue.add(status(of: gone))) }
    #expect(
      queue.add(scrape(of: leaving)) && queue.add(status(.heartbeats, of: leaving)), "those who are gone take no room")
    #expect(queue.add(status()) && queue.add(picture()))
    #expect(words(queue, 4) == ["1 host", "1 watchers", "1 scrapes", "1 heartbeats"])
    queue.close()
    #expect(word(queue.next()) == "end")
  }

  @Test("for clients that have probably left one thing is done at a time, so that who comes meanwhile goes first")
  func oneAtATime() {
    let queue = ScrapeQueue(limit: 9)
    let leaving = ClientPresence()
    leaving.note(.leaving)
    let styles = [ExpositionStyle.plain, ExpositionStyle(.openMetrics1_0_0, .dots)]
    for style in styles + styles {
      let responder = questions.ask(leaving)
      #expect(
        queue.add(ScrapeRequest(selection: selection, style: style, coding: .identity, responder: responder)))
    }
    #expect(words(queue, 1) == ["2 scrapes"])
    #expect(queue.add(status()))
    #expect(words(queue, 2) == ["1 host", "2 scrapes"])
  }

  @Test("whose client has probably left makes room, and is told so; who asks the same as others is answered with them")
  func leaving() {
    let queue = ScrapeQueue(limit: 2)
    let leaving = ClientPresence()
    #expect(queue.add(scrape(of: leaving)) && queue.add(scrape(of: leaving)))
    leaving.note(.leaving)
    #expect(queue.add(scrape()), "the first makes room")
    #expect(questions.statuses == [503, nil, nil])
    #expect(word(queue.next()) == "2 scrapes")
    #expect(!queue.add(scrape()), "what is under way makes no room")
  }

  @Test(
    "a question that has waited for long goes before one scrape, so that scrapes without a pause keep nobody from an answer"
  )
  func patience() {
    let time = Lock<UInt64>(0)
    let queue = ScrapeQueue(limit: 9) { time.withLock { $0 } }
    #expect(queue.add(status()) && queue.add(status(.heartbeats)) && queue.add(scrape()))
    #expect(words(queue, 1) == ["1 scrapes"])
    time.withLock { $0 = 2_000_000_000 }
    #expect(queue.add(scrape()))
    #expect(words(queue, 1) == ["1 scrapes"])
    time.withLock { $0 = 2_000_000_001 }
    for expected in [["1 host", "1 scrapes"], ["1 heartbeats", "1 scrapes"]] {
      #expect(queue.add(scrape()))
      #expect(words(queue, 2) == expected)
    }
  }

  @Test("each class has its own bound, and an answer makes room")
  func limit() {
    let queue = ScrapeQueue(limit: 2)
    #expect(queue.add(scrape()) && queue.add(scrape()) && !queue.add(scrape()))
    #expect(queue.add(status()) && queue.add(status()) && !queue.add(status()))
    #expect(word(queue.next()) == "2 scrapes")
    #expect(!queue.add(scrape()), "they are under way, not answered")
    queue.finished()
    #expect(queue.add(scrape()) && queue.add(scrape()) && !queue.add(scrape()))
  }

  /// The classes of what may wait.
  enum Class: CaseIterable {
    case scrape, question, picture
  }

  @Test(
    "in each class who is answered makes room for the next one, however many came before", arguments: Class.allCases)
  func room(of kind: Class) throws {
    let queue = ScrapeQueue(limit: 2)
    func add() -> Bool {
      switch kind {
      case .scrape: queue.add(scrape())
      case .question: queue.add(status())
      case .picture: queue.add(picture())
      }
    }
    for round in 0..<5 {
      try #require(add() && add() && !add(), "round \(round)")
      let task = queue.next()
      #expect(task != nil && !add(), "they are under way, not answered")
      queue.finished()
    }
  }

  @Test("a scrape goes before a question that has waited for long behind a picture: its patience is for scrapes alone")
  func patienceBehindPicture() {
    let time = Lock<UInt64>(0)
    let queue = ScrapeQueue(limit: 9) { time.withLock { $0 } }
    #expect(queue.add(scrape()))
    #expect(words(queue, 1) == ["1 scrapes"])
    #expect(queue.add(picture()))
    let picture = word(queue.next())
    #expect(picture == "1 watchers" && queue.add(status()))
    time.withLock { $0 = 3_000_000_000 }
    queue.finished()
    #expect(queue.add(scrape()))
    #expect(words(queue, 2) == ["1 scrapes", "1 host"])
  }

  @Test(
    "an answer is late beyond its time, counted from when it was asked for",
    arguments: [(0, 10_000_000_000, 0), (0, 10_000_000_001, 1), (6_000_000_000, 10_000_000_001, 1)]
      as [(
        UInt64, UInt64, UInt64
      )])
  func late(begun: UInt64, finished: UInt64, expected: UInt64) {
    let time = Lock<UInt64>(0)
    let queue = ScrapeQueue(limit: 9) { time.withLock { $0 } }
    #expect(queue.add(status()))
    time.withLock { $0 = begun }
    #expect(word(queue.next()) == "1 host")
    time.withLock { $0 = finished }
    queue.finished()
    #expect(queue.late == expected)
  }

  @Test("knows for how long the oldest has been waiting, and counts what came late")
  func lateness() {
    let time = Lock<UInt64>(0)
    func pass(_ seconds: UInt64) { time.withLock { $0 += seconds * 1_000_000_000 } }
    let queue = ScrapeQueue(limit: 9) { time.withLock { $0 } }
    #expect(queue.oldest == nil)
    #expect(queue.add(scrape()))
    pass(4)
    #expect(queue.add(status()))
    #expect(word(queue.next()) == "1 scrapes")
    pass(3)
    #expect(queue.oldest == 7)
    queue.finished()
    #expect(queue.oldest == nil && queue.late == 0, "no scrape waits")
    pass(8)
    #expect(word(queue.next()) == "1 host")
    pass(2)
    #expect(queue.oldest == 2, "so long it has been holding up scrapes")
    queue.finished()
    #expect(queue.oldest == nil && queue.late == 1)
    let gone = ClientPresence()
    #expect(queue.add(scrape(of: gone)))
    gone.note(.leaving)
    pass(20)
    #expect(queue.oldest == nil, "nobody waits for it")
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
    #expect((0..<3).map { _ in word(queue.next()) } == ["1 scrapes", "end", "end"])
    queue.configure(nil)
    #expect(word(queue.next()) == "keep")
  }

  @Test("wakes the thread that waits for it, and so does the end")
  func waking() throws {
    let queue = ScrapeQueue(limit: 100)
    let done = ConditionLock(0)
    try queue.start {
      while queue.next() != nil {
        queue.finished()
        done.withLock { $0 += 1 }
      }
    }
    for count in 1...50 {
      #expect(queue.add(scrape()))
      #expect(done.wait(timeout: 30) { $0 >= count ? true : nil } == true)
    }
    queue.close()
    let end = Clock.monotonicNanoseconds + 30_000_000_000
    while !queue.stop(), Clock.monotonicNanoseconds < end {}
    #expect(queue.stop())
  }
}
