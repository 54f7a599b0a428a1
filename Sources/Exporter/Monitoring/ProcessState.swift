/// How a process does, in one word for the API and the status page.
enum ProcessState: String, CaseIterable, Sendable {
  /// It beats, and nothing says that it does not run.
  case alive
  /// It runs, but is silent.
  case hung
  /// It does not run, or is silent and nothing is known of its process.
  case dead
  /// It said good-bye: its last beat has the status `stopped`.
  case stopped
  /// It is configured, and nobody ever saw it.
  case never

  /// The status word of a program that ends in good order.
  static let goodbye = "stopped"

  /// What follows from the last beat and from the process table.
  ///
  /// - Parameters:
  ///   - isAlive: whether the last beat is recent enough; nil when there is none.
  ///   - isUp: whether the process runs; nil when that is not known.
  init(isAlive: Bool?, isUp: Bool?, saidGoodbye: Bool) {
    switch (isAlive, isUp) {
    case (nil, true?): self = .alive  // found by its command line; it never beat and so cannot fall silent
    case (nil, _): self = .never
    case (_, true?) where isAlive == true: self = .alive
    case (_, true?): self = .hung
    case (_, _) where saidGoodbye: self = .stopped
    case (_, false?): self = .dead
    case (true?, nil): self = .alive
    case (false?, nil): self = .dead
    }
  }
}
