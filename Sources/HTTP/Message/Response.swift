internal import Glibc
internal import POSIX

/// An answer. The server adds `Date`, `Content-Length` and `Connection`, and leaves the body out where HTTP has none.
public struct Response: Sendable {
  /// The status code, 200...599.
  public var status: Int
  /// Further header fields. `Date`, `Content-Length`, `Connection` and `Transfer-Encoding` are the server's own and
  /// ignored here, but for `Connection: close`, which closes.
  public var headers: [(String, String)]
  /// The body's bytes, one piece behind the other: shared with whoever made them, never copied or joined.
  public var pieces: [[UInt8]]
  /// Set where the answer has no end.
  var stream: WeakStream?

  /// Puts an answer together.
  public init(status: Int, headers: [(String, String)] = [], body: [UInt8] = []) {
    self.init(status: status, headers: headers, pieces: [body])
  }

  /// Puts an answer together whose body lies in several pieces.
  public init(status: Int, headers: [(String, String)] = [], pieces: [[UInt8]]) {
    self.status = status
    self.headers = headers
    self.pieces = pieces
  }

  /// The body in one piece.
  public var body: [UInt8] {
    pieces.count == 1 ? pieces[0] : pieces.reduce(into: []) { $0 += $1 }
  }

  /// The body's length in bytes.
  public var bodyLength: Int { pieces.reduce(0) { $0 + $1.count } }

  /// `100 Continue`: the client is to send the body. It answers nobody but who waits for that.
  public static let goAhead = Response(status: 100)

  /// A plain text answer of one line; the line feed is added.
  public static func text(_ status: Int, _ line: String) -> Response {
    Response(
      status: status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: Array((line + "\n").utf8))
  }

  /// The reason phrase of RFC 9110 section 15; `Unknown` for a status that has none.
  public static func reason(_ status: Int) -> String {
    switch status {
    case 100: "Continue"
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 206: "Partial Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 411: "Length Required"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 422: "Unprocessable Content"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    case 507: "Insufficient Storage"
    default: "Unknown"
    }
  }
}

extension Response {
  /// Whether HTTP lets an answer of this status have a body (RFC 9110 section 6.4.1).
  var mayHaveBody: Bool { status >= 200 && status != 204 && status != 304 }

  /// Whether the status is one that ends an exchange.
  var isValid: Bool { (200...599).contains(status) }

  /// Whether the handler asks for the connection to be closed.
  var asksToClose: Bool {
    headers.contains { $0.0.utf8.count == 10 && $0.0.lowercased() == "connection" && $0.1.lowercased() == "close" }
  }

  /// The status line and the header fields, with the empty line behind them.
  ///
  /// - Parameters:
  ///   - date: Unix time in seconds.
  ///   - connection: the value of `Connection`; nil leaves it out.
  ///   - further: what every answer has.
  func head(date: Int, connection: String?, further: FurtherHeaders? = nil) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(256)
    bytes.append(contentsOf: "HTTP/1.1 \(status) \(Response.reason(status))\r\nDate: \(HTTPDate.text(date))\r\n".utf8)
    if mayHaveBody, stream == nil { bytes.append(contentsOf: "Content-Length: \(bodyLength)\r\n".utf8) }
    let replacing = further?.replacing ?? []
    for (name, value) in headers where !Response.isServersOwn(name) && !Response.has(name, replacing) {
      Response.append(name, value, to: &bytes)
    }
    for (name, value) in further?.defaults ?? [] where !Response.has(name, headers) && !Response.has(name, replacing) {
      Response.append(name, value, to: &bytes)
    }
    for (name, value) in replacing { Response.append(name, value, to: &bytes) }
    if let connection { bytes.append(contentsOf: "Connection: \(connection)\r\n".utf8) }
    bytes.append(contentsOf: "\r\n".utf8)
    return bytes
  }

  private static func isServersOwn(_ name: String) -> Bool {
    // Most names are of another length, and making them lower case costs more than all else here.
    switch name.utf8.count {
    case 4, 10, 14, 17: ["date", "connection", "content-length", "transfer-encoding"].contains(name.lowercased())
    default: false
    }
  }

  private static func has(_ name: String, _ headers: [(String, String)]) -> Bool {
    headers.contains { $0.0 == name || $0.0.utf8.count == name.utf8.count && $0.0.lowercased() == name.lowercased() }
  }

  // A value may stem from outside: a line feed in it must not become a header line of its own.
  private static func append(_ name: String, _ value: String, to bytes: inout [UInt8]) {
    guard !name.isEmpty, name.utf8.allSatisfy(ASCII.isToken) else { return }
    bytes.append(contentsOf: name.utf8)
    bytes.append(contentsOf: ": ".utf8)
    for byte in value.utf8 { bytes.append(ASCII.isFieldValue(byte) ? byte : ASCII.space) }
    bytes.append(contentsOf: "\r\n".utf8)
  }
}

/// `IMF-fixdate` of RFC 9110 section 5.6.7, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
  static func text(_ time: Int) -> String {
    let shown = CalendarTime(Double(time))
    let (day, month) = (days[shown.weekday % 7], months[shown.month % 12])
    return "\(day), \(CalendarTime.padded(shown.day)) \(month) \(shown.year) \(shown.clock) GMT"
  }

  private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
