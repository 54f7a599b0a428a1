internal import POSIX

/// The socket of a connection without encryption as other threads may use it: who has made an answer sends it too, and
/// the event loop is not woken for that alone.
///
/// The loop hears of such an answer when it wakes for anything else: at the latest when the client says something more,
/// or when the connection has been idle for too long.
final class DirectSender: Sendable {
  private struct State {
    /// nil once the connection is closed: another file may have its number then.
    var socket: Int32?
    /// Whether the loop must be woken for the answer.
    var tellsAtOnce = false
  }

  private let state: Lock<State>

  init(_ socket: Int32) { state = Lock(State(socket: socket)) }

  /// A request goes to the handler.
  ///
  /// - Parameter tellsAtOnce: whether there is more to do on the connection as soon as the answer is out.
  func begin(tellsAtOnce: Bool) { state.withLock { $0.tellsAtOnce = tellsAtOnce } }

  /// From now on the loop must be told of the answer at once. What was sent before is in its mailbox when this returns.
  func tellAtOnce() { state.withLock { $0.tellsAtOnce = true } }

  /// The connection ends; nobody sends any more when this returns.
  func close() { state.withLock { $0.socket = nil } }

  /// Whether the loop must be woken anyway, or the connection has ended: then it had better send the answer itself.
  var tellsAtOnce: Bool { state.withLock { $0.tellsAtOnce || $0.socket == nil } }

  /// Sends what the kernel takes of an answer at once and posts how far that came.
  ///
  /// - Parameter post: puts a word into the loop's mailbox, and wakes it if told so.
  func send(_ output: Output, _ post: (_ output: Output, _ wakes: Bool) -> Void) {
    var output = output
    // Sending does not block, so the loop never waits long for this lock; and it must be held until the word is in the
    // mailbox, or the loop could go to sleep between the two.
    state.withLock { state in
      guard let socket = state.socket else { return }
      _ = output.flush { Transport.send($0, to: socket) }
      // What went wrong the loop finds out again when it goes on.
      post(output, state.tellsAtOnce || !output.isComplete)
    }
  }
}
