internal import POSIX

/// One client: its transport, what it has sent so far, and what it is still to get. Used by the event loop's thread alone.
final class Connection {
  enum Phase {
    /// A request is awaited or comes in.
    case reading
    /// The handler has the request; nothing is read meanwhile.
    case responding
    /// An answer goes out; nothing is read meanwhile, so answers keep the order of the requests.
    case writing
    /// An answer without an end waits for its next piece.
    case streaming
    /// The last answer is out and the sending half closed; what still comes is thrown away.
    case lingering
    case closed
  }

  /// What is on its way to the client: a head made for it and a body that others may share.
  struct Output {
    /// The head, then the pieces of the body.
    private(set) var pieces: [[UInt8]]
    /// How many bytes are out.
    private(set) var sent = 0
    let length: Int
    private let headLength: Int
    /// The first piece that is not out altogether, and how many of its bytes are.
    private(set) var next = 0
    private(set) var sentOfNext = 0
    /// `100 Continue`, which does not answer the request.
    var isInterim = false

    init(head: [UInt8], body: [[UInt8]] = [], isInterim: Bool = false) {
      pieces = [head] + body
      headLength = head.count
      length = pieces.reduce(0) { $0 + $1.count }
      self.isInterim = isInterim
    }

    var isComplete: Bool { sent == length }
    var bodyBytesSent: Int { max(0, sent - headLength) }

    mutating func moved(_ count: Int) {
      sent += count
      sentOfNext += count
      while next < pieces.count, sentOfNext >= pieces[next].count {
        sentOfNext -= pieces[next].count
        next += 1
      }
    }
  }

  /// The request that is being served, for the record of it.
  struct Exchange {
    var method: Request.Method?
    var path = ""
    var status = 0
    var started: UInt64
    var isHTTP10 = false
    var isServersOwn = false
  }

  enum WriteOutcome {
    case complete
    case blocked(Transport.Blocked)
    case failed(Errno)
    case rejected(String)
  }

  let id: ConnectionID
  let peer: SocketAddress
  /// The name of the listening socket through which it came.
  let listener: String
  /// Who is at the other end of a Unix socket.
  let credentials: PeerCredentials?
  /// Whether it came when there was no room, only to be told so.
  let isRefusal: Bool
  let transport: Transport
  var parser: RequestParser
  var phase = Phase.reading
  var output = Output(head: [])
  var exchange: Exchange
  /// Whether the connection carries another request after this answer.
  var keepsAlive = true
  /// The answer without an end that goes out.
  var stream: WeakStream?
  /// The client has closed its sending half.
  var inputEnded = false
  /// What epoll is told to watch.
  var interest: UInt32
  /// What its deadline is for.
  var awaits: Deadlines.Kind?
  /// `output.sent` when the present write deadline was set.
  var sentAtDeadline = 0
  /// What of the event loop's sum is this one's incoming body.
  var countedBodyBytes = 0
  /// How much is still read and thrown away while lingering.
  var lingerBytes = Connection.maximumLingerBytes

  static let maximumLingerBytes = 1024 * 1024

  init(
    id: ConnectionID, accepted: consuming AcceptedSocket, listener: String, tls: TLSContext?, limits: RequestLimits,
    isRefusal: Bool, interest: UInt32, now: UInt64
  ) throws(Errno) {
    self.id = id
    self.peer = accepted.peer
    self.listener = listener
    let isUnix = accepted.peer.unixPath != nil
    self.credentials = isUnix ? Socket.credentials(of: accepted.descriptor.rawValue) : nil
    self.isRefusal = isRefusal
    self.parser = RequestParser(limits: limits)
    self.exchange = Exchange(started: now)
    self.interest = interest
    transport = try Transport(accepted.intoDescriptor(), tls: tls)
  }

  /// Sends as much of the output as the kernel takes.
  func flush() -> WriteOutcome {
    while !output.isComplete {
      switch sendSome() {
      case .moved(let count): output.moved(count)
      case .blocked(let direction): return .blocked(direction)
      case .failed(let error): return .failed(error)
      case .rejected(let reason): return .rejected(reason)
      case .ended: return .complete
      }
    }
    return .complete
  }

  /// The most pieces that one system call is given; each takes a frame of the stack here.
  private static let piecesAtOnce = 24

  private func sendSome() -> Transport.Outcome {
    var first = output.sentOfNext
    var vectors: [UnsafeRawBufferPointer] = []
    vectors.reserveCapacity(Connection.piecesAtOnce)
    let end = min(output.next + Connection.piecesAtOnce, output.pieces.count)
    // The pointers are used within the innermost closure alone, while all the pieces are held.
    func add(_ index: Int) -> Transport.Outcome {
      guard index < end else { return transport.send(vectors) }
      return output.pieces[index].withUnsafeBytes { bytes in
        vectors.append(UnsafeRawBufferPointer(rebasing: bytes[first...]))
        first = 0
        return add(index + 1)
      }
    }
    return add(output.next)
  }

  /// The record of the exchange as far as it got.
  func record(now: UInt64) -> AccessRecord {
    AccessRecord(
      method: exchange.method, path: exchange.path, status: exchange.status, bodyBytes: output.bodyBytesSent,
      durationNanoseconds: now &- exchange.started, peer: peer, isServersOwn: exchange.isServersOwn,
      isComplete: output.isComplete)
  }
}
