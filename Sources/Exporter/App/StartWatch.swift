internal import Glibc
internal import Monitoring
internal import POSIX

/// Looks after a start: one that waits for a file system that does not answer says in the log for what, and can be ended all the same.
final class StartWatch: Sendable {
  private static let pause = 0.05

  private struct State {
    var step = "the flags"
    /// What was asked for meanwhile.
    var requests: [Signals.Request] = []
  }

  private let worker = Worker(named: "start-watch", State())
  private let patience: Double
  private let grace: Double
  private let pending: @Sendable () -> Signals.Request?
  private let logger: Logger
  private let end: @Sendable (Int32) -> Void

  /// - Parameters:
  ///   - patience: after so many seconds it says what it waits for.
  ///   - grace: so many seconds a start may still take after it was told to end.
  ///   - pending: takes the next signal; nil where none has come.
  ///   - end: ends the process without waiting for the start.
  init(
    logger: Logger, patience: Double = 3, grace: Double = 1, pending: @escaping @Sendable () -> Signals.Request?,
    end: @escaping @Sendable (Int32) -> Void
  ) {
    (self.patience, self.grace) = (patience, grace)
    (self.pending, self.logger, self.end) = (pending, logger, end)
  }

  /// Notes what the start is about to do, in words such as `reading /etc/x.yml`.
  func begins(_ step: String) { worker.withoutWaking { $0.step = step } }

  /// Starts the thread that looks.
  func start() throws(Errno) {
    try worker.start { [self] in look() }
  }

  /// The start is over.
  ///
  /// - Returns: what was asked for meanwhile.
  func finish() -> [Signals.Request] {
    worker.close { $0.requests }
  }

  private func look() {
    let begin = Clock.monotonicNanoseconds
    var told: String?
    var stopped: UInt64?
    while worker.rest(StartWatch.pause) {
      let now = Clock.monotonicNanoseconds
      // In the lock, and not once the start is over: what is taken here, nobody else gets.
      let found = worker.hand { state -> (step: String, stop: String?) in
        guard let request = pending() else { return (state.step, nil) }
        state.requests.append(request)
        if case .stop(let name) = request { return (state.step, name) }
        return (state.step, nil)
      }
      guard let (step, stop) = found else { return }
      if stop != nil, stopped == nil { stopped = now }
      if told != step, Double(now - begin) / 1e9 > patience {
        logger.warn(
          "the start waits: a file system may not answer", ["for": step, "help": Troubleshooting.noStart.place])
        told = step
      }
      guard let stopped, Double(now - stopped) / 1e9 > grace else { continue }
      logger.warn("ended during a start that waits", ["for": step])
      end(0)
      return
    }
  }
}
