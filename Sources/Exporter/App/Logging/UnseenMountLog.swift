internal import Monitoring
internal import POSIX

/// Says in the log which file systems of the host are left out because this process does not see them: each once.
///
/// Copies share what they have told already.
struct UnseenMountLog: Sendable {
  private let logger: Logger
  private let told = Told()

  private final class Told: Sendable {
    let points = Lock<Set<ExactText>>([])
  }

  /// So many are told apart; of more nothing is said.
  static let most = 200
  /// So many are named in one line.
  private static let mostNamed = 20

  init(logger: Logger) {
    self.logger = logger
  }

  /// Tells which are not seen now: all of them.
  func report(_ points: [String]) {
    let new = told.points.withLock { told in
      points.filter { told.count < Self.most && told.insert(ExactText($0)).inserted }
    }
    guard !new.isEmpty else { return }
    let others = new.count > Self.mostNamed ? ", and \(new.count - Self.mostNamed) more" : ""
    logger.info(
      "file systems of the host are not seen from here and are left out",
      [
        "mounts": new.prefix(Self.mostNamed).joined(separator: ", ") + others,
        "help": Troubleshooting.missingNumbers.place,
      ])
  }
}
