internal import POSIX

/// The way back for one answer. It may be kept and used from any thread.
///
/// The first `send` counts, further ones are ignored. When the last reference goes without any, the client gets 500.
public final class Responder: Sendable {
  private enum State {
    /// The handler runs; its answer is picked up when it returns.
    case inHandler
    case answeredInHandler(Response)
    /// The handler has returned without an answer: it must be brought to the event loop.
    case detached
    case done
  }

  private let state = Lock(State.inHandler)
  let mailbox: Mailbox
  let connection: ConnectionID

  init(mailbox: Mailbox, connection: ConnectionID) {
    self.mailbox = mailbox
    self.connection = connection
  }

  deinit {
    send(.text(500, "500 Internal Server Error: no answer was given"))
  }

  /// Gives the answer.
  public func send(_ response: Response) {
    let mustPost = state.withLock { state in
      switch state {
      case .inHandler: state = .answeredInHandler(response)
      case .detached:
        state = .done
        return true
      case .answeredInHandler, .done: break
      }
      return false
    }
    if mustPost { mailbox.post(.response(connection, response)) }
  }

  /// The answer, if the handler gave it before it returned; else it will come through the mailbox.
  func handlerReturned() -> Response? {
    state.withLock { state in
      if case .answeredInHandler(let response) = state {
        state = .done
        return response
      }
      state = .detached
      return nil
    }
  }
}

/// A connection's place in the event loop's table, and which of the connections that had this place it is.
struct ConnectionID: Hashable, Sendable {
  let slot: UInt32
  let generation: UInt32

  var packed: UInt64 { UInt64(generation) << 32 | UInt64(slot) }

  init(slot: UInt32, generation: UInt32) {
    self.slot = slot
    self.generation = generation
  }

  init(packed: UInt64) {
    slot = UInt32(truncatingIfNeeded: packed)
    generation = UInt32(truncatingIfNeeded: packed >> 32)
  }
}

/// What other threads want of the event loop: a list, and an `eventfd(2)` that wakes the loop for it.
final class Mailbox: Sendable {
  enum Message: Sendable {
    case response(ConnectionID, Response)
    /// The next part of an answer without an end.
    case piece(ConnectionID, [UInt8])
    /// Nobody will send more parts.
    case endStream(ConnectionID)
    /// Stop accepting, finish what is in flight, but at the latest at this time of the monotonic clock.
    case shutdown(deadline: UInt64)
  }

  let wakeUp: FileDescriptor
  private let messages = Lock<[Message]>([])

  init() throws(Errno) {
    wakeUp = try EventPoll.makeWakeUp()
  }

  func post(_ message: Message) {
    let isFirst = messages.withLock { messages in
      messages.append(message)
      return messages.count == 1
    }
    if isFirst { EventPoll.signal(wakeUp) }
  }

  func takeAll() -> [Message] {
    EventPoll.acknowledge(wakeUp)
    return messages.withLock { messages in
      defer { messages = [] }
      return messages
    }
  }
}
