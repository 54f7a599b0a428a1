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
  /// nil leaves all sending to the event loop.
  private let shortcut: Shortcut?
  private let client: ClientPresence

  init(
    mailbox: Mailbox, connection: ConnectionID, shortcut: Shortcut?, client: ClientPresence = ClientPresence()
  ) {
    self.client = client
    self.mailbox = mailbox
    self.connection = connection
    self.shortcut = shortcut
  }

  deinit {
    send(.text(500, "500 Internal Server Error: no answer was given"))
  }

  /// Whether nobody waits for the answer any more: the connection has ended.
  public var isUnwanted: Bool { client.now == .gone }

  /// Whether the client has closed its sending half: most that do have left.
  public var mayBeUnwanted: Bool { client.now != .waiting }

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
    guard mustPost else { return }
    if let shortcut, shortcut.leads(response) {
      shortcut.send(response, connection, mailbox)
    } else {
      mailbox.post(.response(connection, response))
    }
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

/// How an answer that is made on another thread gets to the client without the event loop.
struct Shortcut: Sendable {
  let directSender: DirectSender
  let form: AnswerForm
  let headers: (@Sendable () -> FurtherHeaders)?

  /// Whether an answer can go this way: the loop alone closes connections and sends what has no end.
  func leads(_ response: Response) -> Bool {
    form.keepsAlive && response.isValid && response.stream == nil && !response.asksToClose && !directSender.tellsAtOnce
  }

  func send(_ response: Response, _ connection: ConnectionID, _ mailbox: Mailbox) {
    directSender.send(form.output(response, further: headers?())) { output, wakes in
      mailbox.post(
        .sent(connection, output, status: response.status, time: Clock.monotonicNanoseconds), wakes: wakes)
    }
  }
}

/// A connection's place in the event loop's table, and which of the connections that had this place it is.
struct ConnectionID: Hashable, Sendable {
  let slot: UInt32
  let generation: UInt32

  var packed: UInt64 { UInt64(widening: generation) << 32 | UInt64(widening: slot) }

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
    /// An answer that another thread has sent, or begun to send, at a time of the monotonic clock.
    case sent(ConnectionID, Output, status: Int, time: UInt64)
    /// The next part of an answer without an end, and whether it needs none of those before it.
    case piece(ConnectionID, [UInt8], standsAlone: Bool)
    /// Nobody will send more parts.
    case endStream(ConnectionID)
    /// Stop accepting, finish what is in flight, but at the latest at this time of the monotonic clock.
    case shutdown(deadline: UInt64)
  }

  private struct State {
    var messages: [Message] = []
    /// Whether the loop was woken for them.
    var isSignalled = false
  }

  let wakeUp: FileDescriptor
  private let state = Lock(State())

  init() throws(Errno) {
    wakeUp = try EventPoll.makeWakeUp()
  }

  /// - Parameter wakes: false leaves the message until the loop wakes for something else.
  func post(_ message: Message, wakes: Bool = true) {
    let mustSignal = state.withLock { state in
      state.messages.append(message)
      guard wakes, !state.isSignalled else { return false }
      state.isSignalled = true
      return true
    }
    if mustSignal { EventPoll.signal(wakeUp) }
  }

  /// To be called when `wakeUp` woke the loop, before `takeAll`.
  func acknowledge() { EventPoll.acknowledge(wakeUp) }

  func takeAll() -> [Message] {
    state.withLock { state in
      defer { state = State() }
      return state.messages
    }
  }
}
