internal import HTTP
internal import Monitoring
internal import POSIX

/// What the scrape thread is asked to do.
///
/// Collecting runs on a thread of its own, so that a slow /proc delays no other answer; and on only one, so that what
/// the collectors remember needs no locks.
///
/// Scrapes go before questions of the API, these before the pictures for those who watch, and all of them before those whose
/// clients have probably left. What nobody waits for is dropped, and those who ask the same at the same time get one answer.
final class ScrapeQueue: Sendable {
  /// A thing to do.
  enum Task: Sendable {
    /// Answer scrapes, all of one moment.
    case scrapes([ScrapeRequest])
    /// Go on with another configuration; nil keeps the old one, because the new one is bad.
    case configure(Configuration?)
    /// Say how the processes do: the same to all of these.
    case status([StatusRequest])
  }

  private struct State {
    var configurations: [Configuration?] = []
    var scrapes = WaitingRequests<ScrapeRequest>()
    var questions = WaitingRequests<StatusRequest>()
    var pictures = WaitingRequests<StatusRequest>()
    /// Whether the last thing that was done was a scrape.
    var lastWasScrape = false
    /// What is under way: since when the oldest of it has been waited for, and when it was begun.
    var underWay: (asked: UInt64, begun: UInt64, isScrape: Bool)?
    var late: UInt64 = 0
  }

  private let worker = Worker(named: "scrape", State())
  private let limit: Int
  private let clock: @Sendable () -> UInt64

  /// After so many seconds an answer is late.
  static let lateness = 10.0
  /// A question that has waited for so many seconds goes before the next scrape, but never two of them: scrapes that come without
  /// a pause keep nobody from an answer, and wait for one answer of the API at the most.
  static let patience = 2.0

  /// - Parameters:
  ///   - limit: how many of each class may be waiting or under way at once; 0 is no limit.
  ///   - clock: gives the time of the monotonic clock in nanoseconds.
  init(limit: Int, clock: @escaping @Sendable () -> UInt64 = { Clock.monotonicNanoseconds }) {
    self.limit = limit
    self.clock = clock
  }

  /// Adds a scrape; false when too many wait already.
  func add(_ request: ScrapeRequest) -> Bool { add(request, to: \.scrapes) }

  /// Adds a question for how the processes do; false when too many wait already.
  func add(_ request: StatusRequest) -> Bool {
    if case .watchers = request.subject { return add(request, to: \.pictures) }
    return add(request, to: \.questions)
  }

  private func add<Request>(_ request: Request, to place: WritableKeyPath<State, WaitingRequests<Request>>) -> Bool {
    let now = clock()
    let added = worker.hand { state -> (Bool, Request?) in
      var refused: Request?
      if limit > 0, state[keyPath: place].count >= limit {
        state[keyPath: place].dropUnwanted()
        if state[keyPath: place].count >= limit {
          // Who has probably left makes room.
          refused = state[keyPath: place].removeLeaving()
          if refused == nil { return (false, nil) }
        }
      }
      state[keyPath: place].add(request, at: now)
      return (true, refused)
    }
    guard let (isAdded, refused) = added else { return false }
    refused?.refuse()
    return isAdded
  }

  /// Adds a change of configuration, which comes before all that waits.
  func configure(_ configuration: Configuration?) {
    worker.withLock { $0.configurations.append(configuration) }
  }

  /// Says that what `next` gave last was done.
  ///
  /// - Parameter left: what of it was not, for its clients have probably left meanwhile.
  func finished(but left: [ScrapeRequest] = []) {
    let now = clock()
    worker.withoutWaking { state in
      for request in left { state.scrapes.add(request, at: now) }
      if let done = state.underWay, ScrapeQueue.seconds(done.asked, now) > ScrapeQueue.lateness { state.late &+= 1 }
      state.underWay = nil
      state.scrapes.underWay = 0
      state.questions.underWay = 0
      state.pictures.underWay = 0
    }
  }

  /// How long the end waits for the thread once all answers are sent or given up, in seconds.
  private static let endPatience = 1.0

  /// Starts the thread on which everything is collected.
  ///
  /// - Parameter body: what it does, until `next` gives nil.
  func start(_ body: @escaping @Sendable () -> Void) throws(Errno) { try worker.start(body) }

  /// Lets the thread end once nothing is left to do.
  func close() { worker.close() }

  /// Ends the thread when what it has in hand is done; false when it is left behind: a scrape that waits for the kernel cannot be
  /// interrupted.
  func stop() -> Bool {
    close()
    return worker.hasEnded(within: ScrapeQueue.endPatience)
  }

  /// Waits for the next thing to do; nil is the end.
  func next() -> Task? {
    worker.next { ScrapeQueue.take(from: &$0, at: clock()) }
  }

  private static func take(from state: inout State, at now: UInt64) -> Task? {
    if !state.configurations.isEmpty { return .configure(state.configurations.removeFirst()) }
    state.scrapes.dropUnwanted()
    state.questions.dropUnwanted()
    if state.lastWasScrape, let since = state.questions.oldestWaiting, seconds(since, now) > patience {
      if let task = takeQuestion(from: &state, at: now, evenLeaving: false) { return task }
    }
    for evenLeaving in [false, true] {
      // For those who have left one thing at a time is done, so that it holds up nobody who comes meanwhile.
      if let scrapes = evenLeaving ? state.scrapes.takeEqual(evenLeaving: true) : state.scrapes.takeAll() {
        state.lastWasScrape = true
        state.underWay = (scrapes.since, now, true)
        return .scrapes(scrapes.requests)
      }
      if let task = takeQuestion(from: &state, at: now, evenLeaving: evenLeaving) { return task }
      if let picture = state.pictures.takeEqual(evenLeaving: evenLeaving) {
        state.lastWasScrape = false
        state.underWay = (picture.since, now, false)
        return .status(picture.requests)
      }
    }
    return nil
  }

  private static func takeQuestion(from state: inout State, at now: UInt64, evenLeaving: Bool) -> Task? {
    guard let equal = state.questions.takeEqual(evenLeaving: evenLeaving) else { return nil }
    state.lastWasScrape = false
    state.underWay = (equal.since, now, false)
    return .status(equal.requests)
  }

  /// For how many seconds the oldest scrape has been waited for, or what holds the next one up has been under way; nil when there
  /// is nothing of both.
  var oldest: Double? {
    let now = clock()
    return worker.withoutWaking { state in
      let underWay = state.underWay.map { $0.isScrape ? $0.asked : $0.begun }
      return [underWay, state.scrapes.oldestWaiting].compactMap { $0 }.min().map { ScrapeQueue.seconds($0, now) }
    }
  }

  /// How many times an answer came late.
  var late: UInt64 { worker.withoutWaking { $0.late } }

  private static func seconds(_ start: UInt64, _ end: UInt64) -> Double { end > start ? Double(end - start) / 1e9 : 0 }
}
