internal import Exposition
internal import HTTP
internal import Monitoring
internal import POSIX

/// What the scrape thread is asked to do, in the order in which it was asked.
///
/// Collecting runs on a thread of its own, so that a slow /proc delays no other answer; and on only one, so that what
/// the collectors remember needs no locks.
final class ScrapeQueue: Sendable {
  /// A thing to do.
  enum Task: Sendable {
    /// Answer a scrape.
    case scrape(ScrapeRequest)
    /// Go on with another configuration; nil keeps the old one, because the new one is bad.
    case configure(Configuration?)
    /// Say how the processes do.
    case status(StatusRequest)
  }

  private struct State {
    var tasks: [Task] = []
    var scrapes = 0
    var isClosed = false
    var hasEnded = false
  }

  private let state = ConditionLock(State())
  private let limit: Int

  /// - Parameter limit: how many scrapes may be waiting or under way at once; 0 is no limit.
  init(limit: Int) {
    self.limit = limit
  }

  /// Adds a scrape; false when too much waits already.
  func add(_ request: ScrapeRequest) -> Bool { addBounded(.scrape(request)) }

  /// Adds a question for how the processes do; false when too much waits already.
  func add(_ request: StatusRequest) -> Bool { addBounded(.status(request)) }

  private func addBounded(_ task: Task) -> Bool {
    state.withLock { state in
      guard !state.isClosed, limit == 0 || state.scrapes < limit else { return false }
      state.scrapes += 1
      state.tasks.append(task)
      return true
    }
  }

  /// Adds a change of configuration.
  func configure(_ configuration: Configuration?) {
    state.withLock { $0.tasks.append(.configure(configuration)) }
  }

  /// Says that a scrape was answered.
  func finishedScrape() {
    state.withoutWaking { $0.scrapes -= 1 }
  }

  /// Lets the thread end once nothing is left to do.
  func close() {
    state.withLock { $0.isClosed = true }
  }

  /// Waits for the next thing to do; nil is the end.
  func next() -> Task? {
    state.wait { (state) -> Task?? in
      if !state.tasks.isEmpty { return .some(state.tasks.removeFirst()) }
      return state.isClosed ? .some(nil) : nil
    } ?? nil
  }

  /// Says that the thread does nothing any more.
  func end() {
    state.withLock { $0.hasEnded = true }
  }

  /// Waits for the thread to say so; false when the time runs out, since a /proc that hangs cannot be interrupted.
  func waitForEnd(timeout: Double) -> Bool {
    state.wait(timeout: timeout) { $0.hasEnded ? true : nil } ?? false
  }
}

/// A scrape that waits for its answer.
struct ScrapeRequest: Sendable {
  let selection: CollectorSelection
  let style: ExpositionStyle
  let coding: ContentCoding
  let responder: Responder
}
