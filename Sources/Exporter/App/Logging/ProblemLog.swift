internal import Monitoring
internal import POSIX

/// Says in the log when something cannot be read, for another reason than before, or can be read again: once each, not at every
/// scrape.
///
/// Copies share what they have told already.
struct ProblemLog: Sendable {
  private let logger: Logger
  /// Who cannot read it, such as `system`.
  private let collector: String
  private let told = Told()

  private final class Told: Sendable {
    let reasons = Lock<[ExactText: String]>([:])
  }

  /// So many things are told apart; of more nothing is said.
  static let most = 200

  init(collector: String, logger: Logger) {
    self.collector = collector
    self.logger = logger
  }

  /// Tells what cannot be read now: all of it.
  func report(_ problems: [(thing: String, reason: String)]) {
    let (new, over) = told.reasons.withLock { reasons in
      let now = Dictionary(problems.prefix(ProblemLog.most).map { (ExactText($0.thing), $0.reason) }) { first, _ in
        first
      }
      let news = now.filter { thing, reason in reasons[thing].map { !$0.isSame(as: reason) } ?? true }
      let over = reasons.keys.filter { now[$0] == nil }
      reasons = now
      return (news, over)
    }
    for (thing, reason) in new.map({ ($0.key.text, $0.value) }).sorted(by: { String.precedes($0.0, $1.0) }) {
      logger.warn(
        "cannot read",
        ["collector": collector, "source": thing, "error": reason, "help": Troubleshooting.missingNumbers.place])
    }
    for thing in over.map(\.text).sorted(by: String.precedes) {
      logger.info("can be read again", ["collector": collector, "source": thing])
    }
  }
}
