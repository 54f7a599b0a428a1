internal import HTTP
internal import POSIX

/// The work of the scrape thread.
extension Scraper {
  /// Does what the queue asks for until its end.
  ///
  /// - Parameter clock: gives Unix time in seconds.
  mutating func serve(_ queue: ScrapeQueue, clock: () -> Double = { Clock.realtime }) {
    while let task = queue.next() {
      switch task {
      case .configure(let configuration): configure(configuration)
      case .status(let requests):
        answer(requests, at: clock())
        queue.finished()
      case .scrapes(let requests):
        queue.finished(but: answer(requests, at: clock()))
      }
    }
  }

  /// Answers scrapes of one moment: what they have in common is read once, and those that ask the same get the same. The first is
  /// answered in any case.
  ///
  /// - Returns: those that are still to be answered, but whose clients have probably left meanwhile.
  private mutating func answer(_ requests: [ScrapeRequest], at now: Double) -> [ScrapeRequest] {
    beginMoment()
    defer { endMoment() }
    var rest = requests
    var left: [ScrapeRequest] = []
    while let first = rest.first {
      let isFirst = rest.count == requests.count
      let same = rest.filter { $0.question == first.question }
      rest.removeAll { $0.question == first.question }
      guard same.contains(where: { !$0.responder.isUnwanted }) else { continue }
      if !isFirst, same.allSatisfy({ $0.responder.mayBeUnwanted }) {
        left += same
        continue
      }
      let response = answer(first, at: now)
      for request in same { request.responder.send(response) }
    }
    return left
  }
}
