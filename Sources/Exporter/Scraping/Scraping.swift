internal import POSIX

/// The thread on which everything is collected.
final class Scraping: Sendable {
  /// How long the end waits for it once all answers are sent or given up, in seconds.
  private static let patience = 1.0

  private let queue: ScrapeQueue
  private let logger: Logger
  private let makeScraper: @Sendable () -> Scraper
  private let thread = Lock<Thread?>(nil)

  /// - Parameter makeScraper: is called on the thread, to which the scraper belongs.
  init(queue: ScrapeQueue, logger: Logger, makeScraper: @escaping @Sendable () -> Scraper) {
    self.queue = queue
    self.logger = logger
    self.makeScraper = makeScraper
  }

  /// Starts to answer what comes into the queue.
  func start() throws(Errno) {
    let (queue, makeScraper) = (queue, makeScraper)
    let thread = try Thread.start(named: "scrape") {
      var scraper = makeScraper()
      scraper.serve(queue)
      queue.end()
    }
    self.thread.withLock { $0 = thread }
  }

  /// Ends when what is in hand is done. A scrape that waits for the kernel cannot be interrupted: it is left behind.
  func stop() {
    queue.close()
    guard let thread = thread.withLock({ $0 }) else { return }
    if queue.waitForEnd(timeout: Scraping.patience) {
      thread.join()
    } else {
      thread.detach()
      logger.warn("a scrape still waits for the kernel: it is left behind")
    }
  }
}
