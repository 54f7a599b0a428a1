internal import POSIX
internal import Synchronization

/// An answer without an end: pieces are sent as they come, until one side closes the connection, as server-sent events
/// are (WHATWG HTML, section 9.2).
///
/// A client that does not take a piece in time misses the next ones, until one comes that stands alone: nothing is stored
/// for it, and what it gets has no gap.
public final class ResponseStream: Sendable {
  private let mailbox: Mailbox
  private let connection: ConnectionID
  private let isClosed = Atomic(false)
  private let lacksBeginning = Atomic(true)

  init(mailbox: Mailbox, connection: ConnectionID) {
    self.mailbox = mailbox
    self.connection = connection
  }

  deinit {
    mailbox.post(.endStream(connection))
  }

  /// Whether the client is still there, as far as is known.
  public var isOpen: Bool { !isClosed.load(ordering: .relaxed) }

  /// Whether the client has missed a piece, or has got none yet, as far as is known: only one that stands alone is of use.
  public var isBehind: Bool { lacksBeginning.load(ordering: .relaxed) }

  /// Sends a piece, unless the client has not taken the last one yet.
  ///
  /// - Parameter standsAlone: whether it needs none of the pieces before it.
  public func send(_ bytes: [UInt8], standsAlone: Bool) {
    if isOpen { mailbox.post(.piece(connection, bytes, standsAlone: standsAlone)) }
  }

  /// Gives the stream up: nothing more is sent, and the connection closes when it is let go.
  public func end() {
    close()
  }

  /// Called by the event loop when a piece is not sent.
  func miss() {
    lacksBeginning.store(true, ordering: .relaxed)
  }

  /// Called by the event loop when a piece is sent that stands alone.
  func begin() {
    lacksBeginning.store(false, ordering: .relaxed)
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

  /// Whether a piece is of use to the client; notes that it missed it, or begins with it.
  func takes(standsAlone: Bool, isReady: Bool) -> Bool {
    guard let stream = box.stream else { return false }
    guard isReady else {
      stream.miss()
      return false
    }
    guard standsAlone || !stream.isBehind else { return false }
    stream.begin()
    return true
  }
}
