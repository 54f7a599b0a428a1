/// Bounds on what all connections together keep in memory.
extension EventLoop {
  /// Keeps the sum of what incoming bodies take.
  func countBody(_ connection: Connection) {
    let bytes = connection.phase == .closed ? 0 : connection.parser.bodyBytes
    incomingBodyBytes += bytes - connection.countedBodyBytes
    connection.countedBodyBytes = bytes
  }

  /// Closes those whose bodies have been coming in for longest while all of them take too much: else many that are never
  /// finished would take the memory of all.
  func boundBodies() {
    while incomingBodyBytes > max(setup.configuration.allBodyBytes, setup.configuration.limits.bodyBytes),
      let connection = deadlines.longest(.body).flatMap({ connections[slot: $0] })
    {
      setup.counters.evicted.add(1, ordering: .relaxed)
      report(.tooManyBodies, connection.peer)
      close(connection)
    }
  }

  /// Answers that are kept however large they are: those of a few clients that take them slowly.
  private static let answersAlwaysKept = 2

  /// Counts an answer that its client does not take at once, and closes those who have left theirs untaken for longest
  /// while all of them take too much: else a crowd that never reads would take the memory of all.
  func hold(_ connection: Connection) {
    guard connection.heldAnswer == nil else { return }
    let pieces = connection.output.held
    connection.heldAnswer = pieces
    heldAnswers.hold(pieces)
    // Not mutated: whether a byte more or less is kept shows nowhere.
    while heldAnswers.bytes > setup.configuration.allAnswerBytes, heldAnswers.count > Self.answersAlwaysKept,
      let slot = deadlines.longest(.write), let slowest = connections[slot: slot]
    {
      setup.counters.evicted.add(1, ordering: .relaxed)
      report(.tooManyAnswers, slowest.peer)
      Socket.abortOnClose(slowest.transport.descriptor)
      close(slowest)
    }
  }

  func releaseAnswer(_ connection: Connection) {
    guard let pieces = connection.heldAnswer else { return }
    connection.heldAnswer = nil
    heldAnswers.release(pieces)
  }
}
