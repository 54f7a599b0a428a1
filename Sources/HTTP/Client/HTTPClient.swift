/// A request and its answer: as much HTTP/1.1 (RFC 9112) as a probe, a scrape and a push need.
package enum HTTPClient {
  /// The most bytes that a status line and the headers may have.
  static let longestHead = 65_536
  /// The most bytes of a body.
  static let longestBody = 64 << 20

  /// An answer.
  package struct Answer: Sendable {
    /// 100...999
    package let status: Int
    /// Empty where it was not wanted.
    package let body: [UInt8]
    /// After how many seconds it is to be asked again, where it says so (RFC 9110, section 10.2.3). A date is not read.
    package var retryAfter: Double?
  }

  /// Asks for a page.
  ///
  /// - Parameters:
  ///   - timeout: seconds for all of it.
  ///   - wantsBody: false to stop after the headers.
  ///   - authorization: the value of that header; nil for none.
  ///   - trust: whose certificates are believed, for `https`.
  package static func get(
    _ endpoint: Endpoint, timeout: Double, accept: String = "*/*", wantsBody: Bool = true, authorization: String? = nil,
    trust: TLSTrust = TLSTrust()
  ) throws(NetworkError) -> Answer {
    let connection = try ClientConnection(to: endpoint, deadline: Deadline(after: timeout), trust: trust)
    let request = """
      GET \(endpoint.path) HTTP/1.1\r
      Host: \(endpoint.authority)\r
      User-Agent: heartbeat\r
      Accept: \(accept)\r
      Accept-Encoding: identity\r
      \(authorization.map { "Authorization: \($0)\r\n" } ?? "")Connection: close\r
      \r\n
      """
    return try exchange(Array(request.utf8), connection, wantsBody: wantsBody)
  }

  /// Sends a request and reads its answer. A server may answer, and hang up, before it has taken all of the request.
  package static func exchange(
    _ request: [UInt8], _ connection: borrowing ClientConnection, wantsBody: Bool = true
  ) throws(NetworkError) -> Answer {
    var unsent: NetworkError?
    do throws(NetworkError) {
      try connection.send(request)
    } catch {
      unsent = error
    }
    do throws(NetworkError) {
      return try answer(connection, wantsBody: wantsBody)
    } catch {
      if case .alert = error { throw error }
      throw unsent ?? error
    }
  }

  /// Reads the answer to what was sent.
  static func answer(_ connection: borrowing ClientConnection, wantsBody: Bool) throws(NetworkError) -> Answer {
    var bytes: [UInt8] = []
    var head = parseHead(bytes)
    while head == nil {
      guard bytes.count <= longestHead else { throw .tooLarge }
      guard try connection.receive(into: &bytes) else {
        if bytes.isEmpty { throw .closed }
        throw .notHTTP
      }
      head = parseHead(bytes)
    }
    guard let head, (100...999).contains(head.status) else { throw .notHTTP }
    guard wantsBody else { return Answer(status: head.status, body: [], retryAfter: head.retryAfter) }
    while head.length.map({ bytes.count - head.size < $0 }) ?? true {
      guard bytes.count - head.size <= longestBody else { throw .tooLarge }
      guard try connection.receive(into: &bytes) else { break }
    }
    let body = Array(bytes.dropFirst(head.size))
    if head.isChunked {
      guard let whole = joinChunks(body) else { throw .notHTTP }
      return Answer(status: head.status, body: whole, retryAfter: head.retryAfter)
    }
    if let length = head.length, body.count < length { throw .notHTTP }
    return Answer(
      status: head.status, body: Array(body.prefix(head.length ?? body.count)), retryAfter: head.retryAfter)
  }

  /// Status line and headers.
  struct Head: Hashable {
    /// -1 for what is no HTTP.
    var status = -1
    /// Bytes before the body.
    var size: Int
    var length: Int?
    var isChunked = false
    var retryAfter: Double?
  }

  /// Reads the head; nil while it is not complete.
  static func parseHead(_ bytes: [UInt8]) -> Head? {
    var start = 0
    var lines: [String] = []
    for end in bytes.indices where bytes[end] == UInt8(ascii: "\n") {
      let line = bytes[start..<end].filter { $0 != UInt8(ascii: "\r") }
      start = end + 1
      if line.isEmpty { break }
      // All that is looked for is ASCII.
      lines.append(ASCII.text(line[...]))
      if end == bytes.count - 1 { return nil }
    }
    guard start > 0, bytes[..<start].suffix(4) == [13, 10, 13, 10][...] || bytes[..<start].suffix(2) == [10, 10][...]
    else { return nil }
    var head = Head(size: start)
    let words = lines.first?.split(separator: " ") ?? []
    if words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) { head.status = status }
    for line in lines.dropFirst() {
      let pair = line.split(separator: ":", maxSplits: 1)
      guard pair.count == 2 else { continue }
      let value = pair[1].drop { $0 == " " || $0 == "\t" }
      switch pair[0].lowercased() {
      case "content-length": head.length = Int(value, radix: 10).flatMap { $0 >= 0 ? $0 : nil }
      case "retry-after": head.retryAfter = UInt32(value, radix: 10).map(Double.init)
      case "transfer-encoding": head.isChunked = value.lowercased().hasSuffix("chunked")
      default: continue
      }
    }
    if head.isChunked { head.length = nil }
    return head
  }

  /// Joins the chunks of RFC 9112, section 7.1; nil when they are broken or cut off.
  static func joinChunks(_ bytes: [UInt8]) -> [UInt8]? {
    var body: [UInt8] = []
    var rest = bytes[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let digits = String(decoding: rest[..<end].prefix { $0 != UInt8(ascii: ";") && $0 != 13 }, as: UTF8.self)
      guard let size = Int(digits, radix: 16), size >= 0, size <= rest.count else { return nil }
      rest = rest[(end + 1)...]
      if size == 0 { return body }
      guard rest.count >= size + 2 else { return nil }
      body += rest.prefix(size)
      rest = rest.dropFirst(size + 2)
    }
    return nil
  }
}
