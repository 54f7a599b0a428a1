internal import POSIX

/// One request, whole: its head and its body.
public struct Request: Sendable {
  /// The methods of RFC 9110 section 9 and RFC 5789; any other is answered with 501 before a handler sees it.
  public enum Method: String, CaseIterable, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
    case options = "OPTIONS"
    case trace = "TRACE"
    case connect = "CONNECT"
  }

  /// What is to be done.
  public let method: Method
  /// The path as it came, still percent-encoded; `/` at least.
  public let rawPath: String
  /// The path percent-decoded, but for `%2F` and `%25`, which are characters of a segment: `text(ofSegment:)` gives them. Bytes that
  /// are no UTF-8 become U+FFFD. Dot segments are not resolved.
  public let path: String
  /// What follows the `?`, as it came; empty when nothing does.
  public let rawQuery: String
  /// The header fields.
  public let headers: Headers
  /// The decoded body; empty when there is none.
  public let body: [UInt8]
  /// Whether the client speaks HTTP/1.0.
  public let isHTTP10: Bool
  /// The address of the client's end of the connection; nil in requests that tests make.
  public internal(set) var peer: SocketAddress?
  /// The name of the listening socket through which it came: `ListenSocket.name`.
  public internal(set) var listener = ListenSocket.web
  /// Who is at the other end of a Unix socket; nil for TCP.
  public internal(set) var credentials: PeerCredentials?

  /// What `path` is of a path as it came.
  static func path(_ rawPath: ArraySlice<UInt8>) -> String {
    String(decoding: PercentEncoding.decodedPath(rawPath) ?? Array(rawPath), as: UTF8.self)
  }

  /// What a segment of `path` says, with its slashes.
  public static func text(ofSegment segment: some StringProtocol) -> String {
    guard segment.utf8.contains(UInt8(ascii: "%")) else { return String(segment) }
    let decoded = PercentEncoding.decodedStrictly(segment.utf8)
    return decoded.map { String(decoding: $0, as: UTF8.self) } ?? String(segment)
  }

  /// The value of a header field in ASCII, several lines joined by `, `; nil when there is none.
  public func header(_ name: String) -> String? { headers[name] }

  /// The query's items in order, percent-decoded, `+` a space; `?a&b=1` gives `("a", "")` and `("b", "1")`.
  public var query: [(String, String)] {
    rawQuery.utf8.split(separator: UInt8(ascii: "&")).map { item in
      let parts = item.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      let value = parts.count > 1 ? PercentEncoding.decodedQuery(parts[1]) : []
      return (
        String(decoding: PercentEncoding.decodedQuery(parts[0]), as: UTF8.self), String(decoding: value, as: UTF8.self)
      )
    }
  }

  /// Every value that the query gives to a name, in order.
  public func queryValues(_ name: String) -> [String] {
    query.filter { $0.0.isSame(as: name) }.map { $0.1 }
  }

  /// A request as a test of routes makes it.
  ///
  /// - Parameter target: path and query, such as `/metrics?collect[]=process`.
  public init(_ method: Method, _ target: String, headers: Headers = Headers(), body: [UInt8] = []) {
    self.init(method: method, target: Array(target.utf8)[...], headers: headers, body: body, isHTTP10: false)
  }

  init(method: Method, target: ArraySlice<UInt8>, headers: Headers, body: [UInt8], isHTTP10: Bool) {
    let parts = target.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
    let rawPath = parts.first ?? []
    self.method = method
    self.rawPath = String(decoding: rawPath, as: UTF8.self)
    self.path = Request.path(rawPath)
    self.rawQuery = parts.count > 1 ? String(decoding: parts[1], as: UTF8.self) : ""
    self.headers = headers
    self.body = body
    self.isHTTP10 = isHTTP10
  }
}
