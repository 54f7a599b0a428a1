internal import HTTP
internal import POSIX

/// The work of the scrape thread.
extension Scraper {
  /// Does what the queue asks for, one thing after the other, until its end.
  ///
  /// - Parameter clock: gives Unix time in seconds.
  mutating func serve(_ queue: ScrapeQueue, clock: () -> Double = { Clock.realtime }) {
    while let task = queue.next() {
      switch task {
      case .configure(let configuration): configure(configuration)
      case .status(let request):
        answer(request, at: clock())
        queue.finishedScrape()
      case .scrape(let request):
        request.responder.send(answer(request, at: clock()))
        queue.finishedScrape()
      }
    }
  }
}
