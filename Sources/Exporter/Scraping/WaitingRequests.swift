internal import Exposition
internal import HTTP

/// Something that a client waits for.
protocol Awaited: Sendable {
  associatedtype Question: Hashable

  /// The client; nil where it is the exporter itself.
  var client: Responder? { get }
  /// What is asked: who asks the same gets the same answer.
  var question: Question { get }

  /// Answers that there is no room for it.
  func refuse()
}

/// Requests of one class: what waits, in the order in which it came, and how much is under way.
struct WaitingRequests<Request: Awaited> {
  private var waiting: [(request: Request, since: UInt64)] = []
  /// How many are being answered.
  var underWay = 0

  /// How many there are.
  var count: Int { waiting.count + underWay }

  /// Since when the oldest has been waiting whose client has not left; nil when none waits.
  var oldestWaiting: UInt64? { waiting.first { !($0.request.client?.mayBeUnwanted ?? false) }?.since }

  /// Adds one that came at a time of the monotonic clock.
  mutating func add(_ request: Request, at time: UInt64) { waiting.append((request, time)) }

  /// Forgets those whose clients are gone.
  mutating func dropUnwanted() { waiting.removeAll { $0.request.client?.isUnwanted ?? false } }

  /// Takes out the oldest of those whose clients have probably left.
  mutating func removeLeaving() -> Request? {
    guard let place = waiting.firstIndex(where: { $0.request.client?.mayBeUnwanted ?? false }) else { return nil }
    return waiting.remove(at: place).request
  }

  /// Takes all whose clients wait, and of the others those that ask the same; nil when nobody waits.
  mutating func takeAll() -> (requests: [Request], since: UInt64)? {
    let questions = Set(waiting.lazy.filter { !Self.isLeaving($0.request) }.map(\.request.question))
    return take { questions.contains($0.question) }
  }

  /// Takes the first whose client waits, and all that ask the same; nil when nobody waits.
  ///
  /// - Parameter evenLeaving: takes the first of all.
  mutating func takeEqual(evenLeaving: Bool) -> (requests: [Request], since: UInt64)? {
    guard let first = waiting.first(where: { evenLeaving || !Self.isLeaving($0.request) }) else { return nil }
    let question = first.request.question
    return take { $0.question == question }
  }

  private static func isLeaving(_ request: Request) -> Bool { request.client?.mayBeUnwanted ?? false }

  private mutating func take(_ isWanted: (Request) -> Bool) -> (requests: [Request], since: UInt64)? {
    var taken: [Request] = []
    var since: UInt64?
    waiting.removeAll { item in
      guard isWanted(item.request) else { return false }
      taken.append(item.request)
      since = since ?? item.since
      return true
    }
    underWay += taken.count
    return since.map { (taken, $0) }
  }
}

/// A scrape that waits for its answer.
struct ScrapeRequest: Awaited {
  let selection: CollectorSelection
  let style: ExpositionStyle
  let coding: ContentCoding
  let responder: Responder

  struct Question: Hashable {
    let selection: CollectorSelection
    let style: ExpositionStyle
    let isCompressed: Bool
  }

  var question: Question { Question(selection: selection, style: style, isCompressed: coding == .gzip) }

  var client: Responder? { responder }

  func refuse() {
    var response = Response.text(503, "too many scrapes at once; the limit is --web.max-requests")
    response.headers.append(("Retry-After", "1"))
    responder.send(response)
  }
}
