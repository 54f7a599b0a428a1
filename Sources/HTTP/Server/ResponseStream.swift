internal import POSIX
internal import Synchronization

/// An answer without an end: pieces are sent as they come, until one side closes the connection, as server-sent events
/// are (WHATWG HTML, section 9.2).
///
/// A client that does not take a piece in time misses the next ones: nothing is stored for it.
public final class ResponseStream: Sendable {
  private let mailbox: Mailbox
  private let connection: ConnectionID
  private let isClosed = Atomic(false)

  init(mailbox: Mailbox, connection: ConnectionID) {
    self.mailbox = mailbox
    self.connection = connection
  }

  deinit {
    mailbox.post(.endStream(connection))
  }

  /// Whether the client is still there, as far as is known.
  public var isOpen: Bool { !isClosed.load(ordering: .relaxed) }

  /// Sends a piece, unless the client has not taken the last one yet.
  public func send(_ bytes: [UInt8]) {
    if isOpen { mailbox.post(.piece(connection, bytes)) }
  }

  /// Called by the event loop when the connection ends.
  func close() {
    isClosed.store(true, ordering: .relaxed)
  }
}

extension Responder {
  /// Begins an answer without an end; its head and body so far are those of `response`. It closes when the stream is let
  /// go. Like `send` it counts once.
  public func stream(_ response: Response) -> ResponseStream {
    let stream = ResponseStream(mailbox: mailbox, connection: connection)
    var response = response
    // Weak, or the response that waits to be sent would keep the stream open for ever.
    response.stream = WeakStream(stream)
    send(response)
    return stream
  }
}

/// A stream that the event loop tells of its end, and does not keep alive.
struct WeakStream: Sendable {
  // Unchecked is not needed: a weak reference is read and written atomically by the Swift runtime.
  private final class Box: Sendable {
    private let reference: Lock<Weak>
    init(_ stream: ResponseStream) { reference = Lock(Weak(stream: stream)) }
    var stream: ResponseStream? { reference.withLock { $0.stream } }
    struct Weak { weak var stream: ResponseStream? }
  }

  private let box: Box

  init(_ stream: ResponseStream) {
    box = Box(stream)
  }

  func close() {
    box.stream?.close()
  }
}
