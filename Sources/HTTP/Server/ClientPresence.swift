internal import Synchronization

/// Whether a client still waits for answers. The event loop notes it, whoever makes an answer may ask.
final class ClientPresence: Sendable {
  /// How sure it is that somebody waits.
  enum State: Int {
    case waiting
    /// The client has said that it sends nothing more: most have left then, but some still read.
    case leaving
    /// The connection has ended.
    case gone
  }

  private let state = Atomic<Int>(State.waiting.rawValue)

  /// Notes that the client is at least as far away.
  func note(_ new: State) {
    if state.load(ordering: .relaxed) < new.rawValue { state.store(new.rawValue, ordering: .relaxed) }
  }

  var now: State { State(rawValue: state.load(ordering: .relaxed)) ?? .gone }
}
