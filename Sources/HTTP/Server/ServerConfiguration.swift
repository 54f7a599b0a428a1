/// How much a request may weigh; beyond, it is refused while it is still coming in.
public struct RequestLimits: Sendable {
  /// The request line in bytes, without its line end; beyond: 414.
  public var requestLineBytes = 8 * 1024
  /// All header lines together in bytes, with their line ends; beyond: 431. Trailers have the same limit again.
  public var headerBytes = 16 * 1024
  /// The number of header lines; beyond: 431.
  public var headerCount = 100
  /// The decoded body in bytes; beyond: 413.
  public var bodyBytes = 1024 * 1024
  /// What the chunked coding may spend on size lines and extensions, in bytes, beyond 16 per chunk; beyond: 400.
  public var chunkOverheadBytes = 16 * 1024

  /// The defaults.
  public init() {}
}

/// How long a connection may keep the server waiting, in seconds.
public struct Timeouts: Sendable {
  /// From the first byte of a request to the end of its header, however the bytes come; beyond: 408.
  public var header = 10.0
  /// From the end of the header to the end of the body; beyond: 408.
  public var body = 30.0
  /// Without any request: a connection is closed without a word.
  public var idle = 75.0
  /// Within each such time the client must take at least `ServerConfiguration.minimumBytesPerWriteTimeout`.
  public var write = 30.0
  /// How long an answered connection that is to be closed may take to close its end, so that the answer arrives
  /// before a reset could destroy it.
  public var linger = 2.0

  /// The defaults.
  public init() {}
}

/// Header fields beyond those of an answer itself.
public struct FurtherHeaders: Sendable {
  /// Those of an answer that has none of this name.
  public var defaults: [(String, String)] = []
  /// Those that replace the answer's own of this name.
  public var replacing: [(String, String)] = []

  /// None.
  public init() {}
}

/// What a server listens on, its limits, and whom it tells.
public struct ServerConfiguration: Sendable {
  /// The TCP addresses where it listens.
  public var listen: [ListenAddress]
  /// The other sockets where it listens.
  public var further: [ListenSocket] = []
  /// Connections at a time. Beyond, the longest idle one is closed for a new one, or else the one whose header, whose
  /// body or whose answer has been on its way for longest; when all wait for the handler, the new one gets 503. Fewer are
  /// taken when the process may not open that many descriptors.
  public var maximumConnections = 512
  /// Connections beyond the maximum that are told 503; further ones are closed without an answer.
  public var maximumRefusals = 32
  /// Descriptors left to the rest of the program when `RLIMIT_NOFILE` is what bounds the connections.
  public var reservedDescriptors = 48
  /// Connections that the kernel keeps waiting until they are accepted: the backlog of `listen(2)`.
  public var backlog = 512
  /// What the bodies of all unfinished requests may take together, in bytes, but at least what one may; beyond, those
  /// that have been coming in for longest are closed.
  public var allBodyBytes = 64 << 20
  /// What all answers that clients have not taken yet may take together, in bytes, pieces that they share counted once;
  /// beyond, those that have been left untaken for longest are closed, but for two.
  public var allAnswerBytes = 64 << 20
  /// What a request may weigh.
  public var limits = RequestLimits()
  /// How long things may take.
  public var timeouts = Timeouts()
  /// A client that takes fewer bytes of its answer within each write timeout is cut off.
  public var minimumBytesPerWriteTimeout = 16 * 1024
  /// Gives the keys for connections through the web sockets, anew for each; nil leaves them without encryption. Called
  /// on the event-loop thread: it must not block.
  public var tls: (@Sendable () -> TLSContext)?
  /// Gives the header fields that every answer has. Called on any thread: it must not block.
  public var headers: (@Sendable () -> FurtherHeaders)?
  /// Asked about a request whose client waits for `100 Continue` before it sends the body: it answers where the head tells already
  /// that the body is of no use, else by `Response.goAhead`. Called on the event-loop thread: it must not block.
  public var expectation: (@Sendable (Request, Responder) -> Void)?
  /// Makes the server's own answers to broken requests (status, one line, the path as far as it is known); nil leaves
  /// them plain text. Called on the event-loop thread: it must not block.
  public var failureResponse: (@Sendable (Int, String, String) -> Response?)?
  /// Told of every answer, the server's own ones too. Called on the event-loop thread: it must not block.
  public var onAccess: (@Sendable (AccessRecord) -> Void)?
  /// Whether `onAccess` may be told of an answer only when the event loop has something else to do as well, at the latest
  /// before it takes the next request: then threads send their answers themselves, and the loop sleeps through it.
  public var mayReportLate = false
  /// Told of every connection that ended in trouble. Called on the event-loop thread: it must not block.
  public var onProblem: (@Sendable (ConnectionProblem) -> Void)?

  /// Called by the event loop every so many seconds, so that its silence tells that the loop hangs. It must not block.
  public var pulse: (seconds: Double, action: @Sendable () -> Void)?

  /// The defaults, on the given addresses.
  public init(listen: [ListenAddress]) {
    self.listen = listen
  }
}
