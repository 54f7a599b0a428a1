internal import POSIX

/// A request's line and header fields while they come in, and what they say of the body and the connection.
struct RequestHead {
  private(set) var method: Request.Method = .get
  private(set) var target: ArraySlice<UInt8> = []
  private(set) var isHTTP10 = false
  private(set) var headers = Headers()
  /// The body's length, where a valid `Content-Length` says it.
  private(set) var contentLength: Int?
  /// Whether the body is chunked.
  private(set) var isChunked = false
  /// Whether the client waits for `100 Continue` before it sends the body.
  private(set) var expectsContinue = false
  private var hosts = 0
  private var saysClose = false
  private var saysKeepAlive = false
  private var expectation: Bool?
  private var codings: [[UInt8]] = []

  /// Whether the connection can carry another request (RFC 9112 section 9.3).
  var keepsAlive: Bool { !saysClose && (!isHTTP10 || saysKeepAlive) }

  /// Reads `GET /path HTTP/1.1` (RFC 9112 section 3).
  init(requestLine line: ArraySlice<UInt8>) throws(RequestFailure) {
    let parts = line.split(separator: ASCII.space, maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[1].isEmpty else { throw .bad("the request line is not METHOD TARGET HTTP/1.1") }
    guard !parts[0].isEmpty, parts[0].allSatisfy(ASCII.isToken) else { throw .bad("the method is no token") }
    isHTTP10 = try Self.isHTTP10(parts[2])
    guard let method = Request.Method(rawValue: String(decoding: parts[0], as: UTF8.self)) else {
      throw RequestFailure(501, "the method is unknown")
    }
    self.method = method
    if method == .connect { throw RequestFailure(501, "this is no proxy") }
    target = try RequestTarget.normalised(parts[1], method: method)
  }

  private static func isHTTP10(_ version: ArraySlice<UInt8>) throws(RequestFailure) -> Bool {
    let bytes = Array(version)
    guard bytes.count == 8, bytes.starts(with: "HTTP/".utf8), bytes[6] == UInt8(ascii: "."),
      ASCII.isDigit(bytes[5]), ASCII.isDigit(bytes[7])
    else { throw .bad("the request line does not end with HTTP/1.1") }
    guard bytes[5] == UInt8(ascii: "1") else { throw RequestFailure(505, "only HTTP/1.0 and HTTP/1.1 are spoken here") }
    return bytes[7] == UInt8(ascii: "0")
  }

  /// Splits `Name: value` (RFC 9112 section 5).
  static func field(
    _ line: ArraySlice<UInt8>
  ) throws(RequestFailure) -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
    if let first = line.first, ASCII.isOptionalSpace(first) {
      throw .bad("a header line begins with white space: folded lines are obsolete")
    }
    guard let colon = line.firstIndex(of: ASCII.colon) else { throw .bad("a header line has no colon") }
    let name = line[..<colon]
    if let last = name.last, ASCII.isOptionalSpace(last) { throw .bad("white space before a header's colon") }
    guard !name.isEmpty, name.allSatisfy(ASCII.isToken) else { throw .bad("a header's name is no token") }
    let value = ASCII.trimmed(line[(colon + 1)...])
    guard value.allSatisfy(ASCII.isFieldValue) else { throw .bad("a header's value has a control character") }
    return (name, value)
  }

  /// Takes one header line in.
  mutating func append(_ line: ArraySlice<UInt8>) throws(RequestFailure) {
    let (name, value) = try Self.field(line)
    switch name.count {
    case 4 where ASCII.equals(name, "host"): try appendHost(value)
    case 6 where ASCII.equals(name, "expect"): appendExpectation(value)
    case 10 where ASCII.equals(name, "connection"): appendConnection(value)
    case 14 where ASCII.equals(name, "content-length"): try appendContentLength(value)
    case 17 where ASCII.equals(name, "transfer-encoding"):
      for coding in value.split(separator: ASCII.comma) { codings.append(ASCII.trimmed(coding).map(ASCII.lowercase)) }
      isChunked = true
    default: break
    }
    headers.append(name: name, value: value)
  }

  /// Checks what only the whole header can tell.
  mutating func finish(limits: RequestLimits) throws(RequestFailure) {
    if hosts == 0 && !isHTTP10 { throw .bad("HTTP/1.1 requires a Host header") }
    if isChunked { try checkCodings() }
    if let contentLength, contentLength > limits.bodyBytes {
      throw RequestFailure(413, "the body is larger than \(limits.bodyBytes) bytes")
    }
    if expectation == false && !isHTTP10 { throw RequestFailure(417, "the only expectation met is 100-continue") }
    expectsContinue = expectation == true && !isHTTP10 && (isChunked || (contentLength ?? 0) > 0)
  }

  private mutating func appendHost(_ value: ArraySlice<UInt8>) throws(RequestFailure) {
    hosts += 1
    if hosts > 1 { throw .bad("more than one Host header") }
    guard value.isEmpty || RequestTarget.isAuthority(value) else { throw .bad("the Host header is no host") }
  }

  // A list, as `Connection` is: empty elements mean nothing (RFC 9110 sections 5.6.1.2 and 10.1.1).
  private mutating func appendExpectation(_ value: ArraySlice<UInt8>) {
    for part in HeaderList.elements(value) {
      expectation = (expectation ?? true) && ASCII.equals(part, "100-continue")
    }
  }

  private mutating func appendConnection(_ value: ArraySlice<UInt8>) {
    for option in HeaderList.elements(value) {
      if ASCII.equals(option, "close") { saysClose = true }
      if ASCII.equals(option, "keep-alive") { saysKeepAlive = true }
    }
  }

  // RFC 9110 section 8.6 lets a server refuse a repeated length even when it is the same one: we do.
  private mutating func appendContentLength(_ value: ArraySlice<UInt8>) throws(RequestFailure) {
    if contentLength != nil { throw .bad("more than one Content-Length") }
    guard !value.isEmpty, value.allSatisfy(ASCII.isDigit) else { throw .bad("the Content-Length is no number") }
    var length = 0
    for digit in value {
      let (tens, overflowed) = length.multipliedReportingOverflow(by: 10)
      let (sum, overflowedToo) = tens.addingReportingOverflow(Int(widening: digit &- UInt8(ascii: "0")))
      if overflowed || overflowedToo { throw RequestFailure(413, "the Content-Length is too large") }
      length = sum
    }
    contentLength = length
  }

  // RFC 9112 section 6.1: a length that two headers tell differently is how requests are smuggled.
  private func checkCodings() throws(RequestFailure) {
    if contentLength != nil { throw .bad("both Transfer-Encoding and Content-Length") }
    if isHTTP10 { throw .bad("HTTP/1.0 has no Transfer-Encoding") }
    let chunked = Array("chunked".utf8)
    guard codings.allSatisfy({ !$0.isEmpty }), let last = codings.last else {
      throw .bad("the Transfer-Encoding names no coding")
    }
    if codings.filter({ $0 == chunked }).count > 1 { throw .bad("chunked twice") }
    let known: Set<[UInt8]> = Set(
      ["chunked", "gzip", "x-gzip", "deflate", "compress", "x-compress", "identity"].map { Array($0.utf8) })
    if codings.contains(where: { !known.contains($0) }) { throw RequestFailure(501, "an unknown transfer coding") }
    if last != chunked { throw .bad("the last transfer coding is not chunked") }
    if codings.count > 1 { throw RequestFailure(501, "chunked is the only transfer coding known here") }
  }
}
