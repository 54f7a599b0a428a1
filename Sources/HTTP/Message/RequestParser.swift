/// Requests out of a stream of bytes (RFC 9112). The same bytes give the same requests, however they are cut.
///
/// Line ends are CR LF and nothing else: a bare CR or LF is where two parsers may disagree on what a request is.
struct RequestParser {
  enum Step {
    /// More bytes must come.
    case needsMore
    /// The client waits for `100 Continue`; call `next` again once that is sent.
    case expectsContinue
    /// A whole request, and whether the connection can carry another one.
    case request(Request, keepsAlive: Bool)
    /// The bytes are no request; nothing after them can be understood.
    case failure(RequestFailure)
  }

  /// How far the current request has come.
  enum Stage {
    case betweenRequests
    case head
    case body
  }

  /// Empty lines that may stand before a request line (RFC 9112 section 2.2).
  static let maximumLeadingEmptyLines = 4

  private enum State {
    case requestLine
    case header
    case body(remaining: Int)
    case chunked(ChunkedDecoder)
    case failed(RequestFailure)
  }

  private let limits: RequestLimits
  private var input = LineBuffer()
  private var state = State.requestLine
  private var head: RequestHead?
  private var headerBytes = 0
  private var body: [UInt8] = []
  private var emptyLines = 0
  private var owesContinue = false

  init(limits: RequestLimits) {
    self.limits = limits
  }

  var stage: Stage {
    switch state {
    case .requestLine: input.count == 0 ? .betweenRequests : .head
    case .header, .failed: .head
    case .body, .chunked: .body
    }
  }

  /// The method and target of the request that is coming in or has just failed; nil before they are known.
  var current: (method: Request.Method, target: ArraySlice<UInt8>)? {
    head.map { ($0.method, $0.target) }
  }

  /// The request whose body has not come, without it; nil before its head is whole.
  var announced: Request? {
    guard stage == .body, let head else { return nil }
    return Request(method: head.method, target: head.target, headers: head.headers, body: [], isHTTP10: head.isHTTP10)
  }

  /// What the body of an unfinished request takes, in bytes.
  var bodyBytes: Int { body.capacity }

  /// Gives up what has come of a body; no request follows.
  mutating func dropBody() { body = [] }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    input.append(bytes)
  }

  /// Gives memory back between requests.
  mutating func shrink() {
    input.shrink(above: 4096)
  }

  /// Goes on as far as the bytes at hand allow.
  mutating func next() -> Step {
    if case .failed(let failure) = state { return .failure(failure) }
    do throws(RequestFailure) {
      return try advance()
    } catch {
      state = .failed(error)
      return .failure(error)
    }
  }

  private mutating func advance() throws(RequestFailure) -> Step {
    while true {
      switch state {
      case .requestLine:
        guard try readRequestLine() else { return .needsMore }
      case .header:
        guard try readHeaderLine() else { return .needsMore }
        if let request = takeRequestWithoutBody() { return request }
      case .body(let remaining):
        if mustPromiseContinue() { return .expectsContinue }
        let part = input.take(remaining)
        body.append(contentsOf: part)
        if part.count == remaining { return takeRequest() }
        state = .body(remaining: remaining - part.count)
        return .needsMore
      case .chunked(var decoder):
        if mustPromiseContinue() { return .expectsContinue }
        let isComplete = try decoder.decode(&input, into: &body)
        if isComplete { return takeRequest() }
        state = .chunked(decoder)
        return .needsMore
      case .failed(let failure):
        throw failure
      }
    }
  }

  // A client that sends its body already does not wait (RFC 9110 section 10.1.1).
  private mutating func mustPromiseContinue() -> Bool {
    defer { owesContinue = false }
    return owesContinue && input.count == 0
  }

  private mutating func readRequestLine() throws(RequestFailure) -> Bool {
    // A client that speaks TLS or some other protocol need not be waited for until its first line feed.
    if let first = input.first, !ASCII.isToken(first), first != ASCII.carriageReturn {
      throw .bad("this is no HTTP request")
    }
    switch input.takeLine(limit: limits.requestLineBytes) {
    case .incomplete: return false
    case .tooLong: throw RequestFailure(414, "the request line is longer than \(limits.requestLineBytes) bytes")
    case .bareLineFeed: throw .bad("a line must end with CR LF")
    case .found(let line) where line.isEmpty:
      emptyLines += 1
      if emptyLines > Self.maximumLeadingEmptyLines { throw .bad("too many empty lines before a request") }
    case .found(let line):
      head = nil
      head = try RequestHead(requestLine: input.bytes[line])
      headerBytes = 0
      state = .header
    }
    return true
  }

  private mutating func readHeaderLine() throws(RequestFailure) -> Bool {
    switch input.takeLine(limit: max(0, limits.headerBytes - headerBytes - 2)) {
    case .incomplete: return false
    case .tooLong: throw RequestFailure(431, "the headers are larger than \(limits.headerBytes) bytes")
    case .bareLineFeed: throw .bad("a line must end with CR LF")
    case .found(let line) where line.isEmpty:
      try head?.finish(limits: limits)
      beginBody()
    case .found(let line):
      headerBytes += line.count + 2
      if head?.headers.count ?? 0 >= limits.headerCount {
        throw RequestFailure(431, "more than \(limits.headerCount) header lines")
      }
      try head?.append(input.bytes[line])
    }
    return true
  }

  private mutating func beginBody() {
    guard let head else { return }
    owesContinue = head.expectsContinue
    if head.isChunked {
      state = .chunked(ChunkedDecoder(limits: limits))
    } else {
      state = .body(remaining: head.contentLength ?? 0)
    }
  }

  private mutating func takeRequestWithoutBody() -> Step? {
    if case .body(remaining: 0) = state { return takeRequest() }
    return nil
  }

  private mutating func takeRequest() -> Step {
    guard let head else { return .failure(.bad("no request")) }
    let request = Request(
      method: head.method, target: head.target, headers: head.headers, body: body, isHTTP10: head.isHTTP10)
    body = []
    emptyLines = 0
    owesContinue = false
    state = .requestLine
    self.head = nil  // Not mutated: the next request line does it, too; here it frees the memory meanwhile.
    return .request(request, keepsAlive: head.keepsAlive)
  }
}
