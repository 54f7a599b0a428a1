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

  /// The request that is being served, for the record of it.
  struct Exchange {
    var method: Request.Method?
    var path = ""
    var status = 0
    var started: UInt64
    var isHTTP10 = false
    var isServersOwn = false
    /// When the answer was out, by the monotonic clock, if another thread sent it.
    var sent: UInt64?
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
  /// How other threads may send their answers; nil where they may not.
  let directSender: DirectSender?
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
  /// Whether the client still waits for answers.
  let client = ClientPresence()
  /// Whether what it has sent waits until the others had their turn.
  var isSetAside = false
  /// What epoll is told to watch.
  var interest: UInt32
  /// What its deadline is for.
  var awaits: Deadlines.Kind?
  /// `output.sent` when the present write deadline was set.
  var sentAtDeadline = 0
  /// What of the event loop's sum is this one's incoming body.
  var countedBodyBytes = 0
  /// What its answer keeps in memory, once the client has not taken it at once.
  var heldAnswer: [UntakenResponses.Piece]?
  /// How much is still read and thrown away while lingering.
  var lingerBytes = Connection.maximumLingerBytes

  static let maximumLingerBytes = 1024 * 1024
  /// What a look counts for that found encrypted records and no byte in them.
  static let lingerBytesOfNothing = 1024

  init(
    id: ConnectionID, accepted: consuming AcceptedSocket, listener: String, tls: TLSContext?, limits: RequestLimits,
    isRefusal: Bool, sendsDirectly: Bool, interest: UInt32, now: UInt64
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
    directSender = sendsDirectly && tls == nil ? DirectSender(transport.descriptor) : nil
  }

  /// Sends as much of the output as the kernel takes.
  func flush() -> Output.Outcome {
    output.flush { transport.send($0) }
  }

  /// The form that the answer to the present request takes.
  var form: AnswerForm {
    AnswerForm(isHeadOnly: exchange.method == .head, isHTTP10: exchange.isHTTP10, keepsAlive: keepsAlive)
  }

  /// The record of the exchange as far as it got.
  func record(now: UInt64) -> AccessRecord {
    AccessRecord(
      method: exchange.method, path: exchange.path, status: exchange.status, bodyBytes: output.bodyBytesSent,
      durationNanoseconds: now &- exchange.started, peer: peer, isServersOwn: exchange.isServersOwn,
      isComplete: output.isComplete)
  }
}
