import Testing

@testable import HTTP

/// Requests as no well-behaved client sends them, and the answer that each must get from a live server.
@Suite struct MalformedRequestTests {
  struct Case: Sendable, CustomTestStringConvertible, CustomStringConvertible {
    let name: String
    let request: [UInt8]
    let status: Int
    let closes: Bool

    init(_ name: String, _ request: String, _ status: Int, closes: Bool = true) {
      self.init(name, Array(request.utf8), status, closes: closes)
    }

    init(_ name: String, _ request: [UInt8], _ status: Int, closes: Bool = true) {
      self.name = name
      self.request = request
      self.status = status
      self.closes = closes
    }

    var testDescription: String { name }
    var description: String { name }
  }

  private static let host = "Host: a\r\n"
  private static let get = "GET / HTTP/1.1\r\n" + host
  private static let post = "POST / HTTP/1.1\r\n" + host
  private static let chunked = post + "Transfer-Encoding: chunked\r\n\r\n"

  static let table: [Case] =
    requestLines + targets + hosts + fields + lengths + codings + chunks + expectations + weights

  private static let requestLines = [
    Case("TLS client hello", [0x16, 0x03, 0x01, 0x02, 0x00, 0x01], 400),
    Case("NUL first", [0x00, 0x0d, 0x0a], 400),
    Case("SSH banner", "SSH-2.0-OpenSSH_9.2\r\n", 400),
    Case("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    Case("HTTP/0.9 request", "GET /\r\n", 400),
    Case("method alone", "GET\r\n\r\n", 400),
    Case("leading space", " GET / HTTP/1.1\r\n\(host)\r\n", 400),
    Case("trailing space", "GET / HTTP/1.1 \r\n\(host)\r\n", 400),
    Case("two spaces", "GET  / HTTP/1.1\r\n\(host)\r\n", 400),
    Case("tab between", "GET\t/\tHTTP/1.1\r\n\(host)\r\n", 400),
    Case("space in target", "GET /a b HTTP/1.1\r\n\(host)\r\n", 400),
    Case("method is no token", "G(T / HTTP/1.1\r\n\(host)\r\n", 400),
    Case("unknown method", "BREW / HTTP/1.1\r\n\(host)\r\n", 501),
    Case("lower-case method", "get / HTTP/1.1\r\n\(host)\r\n", 501),
    Case("CONNECT", "CONNECT a:80 HTTP/1.1\r\n\(host)\r\n", 501),
    Case("HTTP/2.0", "GET / HTTP/2.0\r\n\(host)\r\n", 505),
    Case("HTTP/0.9 named", "GET / HTTP/0.9\r\n\r\n", 505),
    Case("HTTP/1.10", "GET / HTTP/1.10\r\n\(host)\r\n", 400),
    Case("HTTP/11", "GET / HTTP/11\r\n\(host)\r\n", 400),
    Case("HTTP/1.", "GET / HTTP/1.\r\n\(host)\r\n", 400),
    Case("HTTP/a.b", "GET / HTTP/a.b\r\n\(host)\r\n", 400),
    Case("lower-case version", "GET / http/1.1\r\n\(host)\r\n", 400),
    Case("other protocol", "GET / ICAP/1.0\r\n\(host)\r\n", 400),
    Case("bare line feeds", "GET / HTTP/1.1\nHost: a\n\n", 400),
    Case("bare CR in the request line", "GET /\r HTTP/1.1\r\n\(host)\r\n", 400),
    Case("CR CR LF", "GET / HTTP/1.1\r\r\n\(host)\r\n", 400),
    Case("empty lines without end", String(repeating: "\r\n", count: 5), 400),
    Case("line feed first", "\nGET / HTTP/1.1\r\n\(host)\r\n", 400),
  ]

  private static let targets = [
    Case("relative target", "GET metrics HTTP/1.1\r\n\(host)\r\n", 400),
    Case("asterisk with GET", "GET * HTTP/1.1\r\n\(host)\r\n", 400),
    Case("fragment", "GET /#a HTTP/1.1\r\n\(host)\r\n", 400),
    Case("NUL in target", Array("GET /".utf8) + [0] + Array(" HTTP/1.1\r\n\(host)\r\n".utf8), 400),
    Case("byte beyond ASCII", "GET /\u{e4} HTTP/1.1\r\n\(host)\r\n", 400),
    Case("percent without digits", "GET /%zz HTTP/1.1\r\n\(host)\r\n", 400),
    Case("percent at the end", "GET /% HTTP/1.1\r\n\(host)\r\n", 400),
    Case("percent-encoded NUL", "GET /a%00b HTTP/1.1\r\n\(host)\r\n", 400),
    Case("other scheme", "GET ftp://a/ HTTP/1.1\r\n\(host)\r\n", 400),
    Case("URL without host", "GET http:/// HTTP/1.1\r\n\(host)\r\n", 400),
    Case("userinfo in URL", "GET http://u:p@a/ HTTP/1.1\r\n\(host)\r\n", 400),
    Case("bad port in URL", "GET http://a:b/ HTTP/1.1\r\n\(host)\r\n", 400),
    Case("dot segments stay", "GET /../../etc/passwd HTTP/1.1\r\n\(host)\r\n", 200, closes: false),
  ]

  private static let hosts = [
    Case("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
    Case("two Hosts", "GET / HTTP/1.1\r\n\(host)Host: b\r\n\r\n", 400),
    Case("the same Host twice", "GET / HTTP/1.1\r\n\(host)\(host)\r\n", 400),
    Case("two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\n\(host)\(host)\r\n", 400),
    Case("Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    Case("Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    Case("Host with userinfo", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
    Case("Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    Case("Host with a bad port", "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", 400),
    Case("Host with an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
    Case("Host of a port alone", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400),
    Case("HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 200),
  ]

  private static let fields = [
    Case("folded line", get + "X: 1\r\n 2\r\n\r\n", 400),
    Case("white space before the first field", "GET / HTTP/1.1\r\n \(host)\r\n", 400),
    Case("space before the colon", get + "X : 1\r\n\r\n", 400),
    Case("tab before the colon", get + "X\t: 1\r\n\r\n", 400),
    Case("no colon", get + "X\r\n\r\n", 400),
    Case("empty name", get + ": 1\r\n\r\n", 400),
    Case("space in the name", get + "X Y: 1\r\n\r\n", 400),
    Case("name beyond ASCII", get + "\u{e4}: 1\r\n\r\n", 400),
    Case("NUL in a value", Array((get + "X: a").utf8) + [0] + Array("\r\n\r\n".utf8), 400),
    Case("DEL in a value", get + "X: a\u{7f}\r\n\r\n", 400),
    Case("escape in a value", get + "X: \u{1b}[0m\r\n\r\n", 400),
    Case("bare CR in a value", get + "X: a\rb\r\n\r\n", 400),
    Case("bare LF after a field", get + "X: a\n\r\n", 400),
    Case("bare LF at the end", get + "\n", 400),
  ]

  private static let lengths = [
    Case("length with plus", post + "Content-Length: +1\r\n\r\na", 400),
    Case("negative length", post + "Content-Length: -1\r\n\r\n", 400),
    Case("empty length", post + "Content-Length:\r\n\r\n", 400),
    Case("hexadecimal length", post + "Content-Length: 0x1\r\n\r\na", 400),
    Case("fractional length", post + "Content-Length: 1.0\r\n\r\na", 400),
    Case("length list", post + "Content-Length: 1, 1\r\n\r\na", 400),
    Case("two different lengths", post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    Case("the same length twice", post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400),
    Case("length beyond 64 bits", post + "Content-Length: 99999999999999999999\r\n\r\n", 413),
    Case("length beyond the limit", post + "Content-Length: 1048577\r\n\r\n", 413),
  ]

  private static let codings = [
    Case("coding and length", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    Case("length and coding", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    Case("coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    Case("unknown coding", post + "Transfer-Encoding: br2\r\n\r\n", 501),
    Case("unknown coding before chunked", post + "Transfer-Encoding: x, chunked\r\n\r\n", 501),
    Case("gzip before chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
    Case("gzip alone", post + "Transfer-Encoding: gzip\r\n\r\n", 400),
    Case("chunked before gzip", post + "Transfer-Encoding: chunked, gzip\r\n\r\n", 400),
    Case("chunked twice", post + "Transfer-Encoding: chunked, chunked\r\n\r\n", 400),
    Case("chunked in two lines", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    Case("identity", post + "Transfer-Encoding: identity\r\n\r\n", 400),
    Case("no coding named", post + "Transfer-Encoding:\r\n\r\n", 400),
    Case("chunked with a parameter", post + "Transfer-Encoding: chunked;q=1\r\n\r\n", 501),
  ]

  private static let chunks = [
    Case("size is no number", chunked + "x\r\n", 400),
    Case("empty size", chunked + "\r\n", 400),
    Case("negative size", chunked + "-1\r\n", 400),
    Case("size with 0x", chunked + "0x1\r\na\r\n0\r\n\r\n", 400),
    Case("space before the size", chunked + " 1\r\na\r\n0\r\n\r\n", 400),
    Case("space after the size", chunked + "1 \r\na\r\n0\r\n\r\n", 400),
    Case("size beyond 64 bits", chunked + "10000000000000000\r\n", 413),
    Case("size of 2^63 - 1", chunked + "7fffffffffffffff\r\n", 413),
    Case("size beyond the limit", chunked + "100001\r\n", 413),
    Case("data longer than the size", chunked + "1\r\nab\r\n0\r\n\r\n", 400),
    Case("bare LF after a size", chunked + "1\na\r\n0\r\n\r\n", 400),
    Case("bare LF after data", chunked + "1\r\na\n0\r\n\r\n", 400),
    Case("bare CR in an extension", chunked + "1;a\rb\r\na\r\n0\r\n\r\n", 400),
    Case("bad trailer", chunked + "0\r\nX\r\n\r\n", 400),
    Case("folded trailer", chunked + "0\r\nX: 1\r\n 2\r\n\r\n", 400),
    Case("endless extension", chunked + "1;" + String(repeating: "x", count: 5000), 400),
    Case("extension and trailer", chunked + "1;a=b\r\nx\r\n0\r\nX: 1\r\n\r\n", 200, closes: false),
  ]

  private static let expectations = [
    Case("unknown expectation", post + "Expect: 200-ok\r\nContent-Length: 1\r\n\r\n", 417),
    Case("two expectations", post + "Expect: 100-continue\r\nExpect: x\r\nContent-Length: 1\r\n\r\n", 417),
    Case("two expectations in one line", post + "Expect: 100-continue, x\r\nContent-Length: 1\r\n\r\n", 417),
    Case("expectation in HTTP/1.0", "GET / HTTP/1.0\r\nExpect: x\r\n\r\n", 200),
    Case("expectation of too large a body", post + "Expect: 100-continue\r\nContent-Length: 9999999\r\n\r\n", 413),
  ]

  private static let weights = [
    Case("request line too long", "GET /" + String(repeating: "a", count: 9000) + " HTTP/1.1\r\n\(host)\r\n", 414),
    Case("request line without end", "GET /" + String(repeating: "a", count: 9000), 414),
    Case("header line too long", get + "X: " + String(repeating: "a", count: 17_000) + "\r\n\r\n", 431),
    Case("header line without end", get + "X: " + String(repeating: "a", count: 17_000), 431),
    Case("too many header lines", get + String(repeating: "X: 1\r\n", count: 100) + "\r\n", 431),
    Case(
      "many long header lines", get + String(repeating: "X: \(String(repeating: "a", count: 500))\r\n", count: 40), 431),
    Case(
      "as many header lines as allowed", get + String(repeating: "X: 1\r\n", count: 99) + "\r\n", 200, closes: false),
  ]

  private static let server = Result { try TestServer() }

  @Test("There are enough of them")
  func size() {
    #expect(Self.table.count >= 60)
    #expect(Set(Self.table.map { $0.name }).count == Self.table.count)
  }

  @Test("Each gets its answer, and the connection closes where it must", arguments: table)
  func answer(_ malformed: Case) throws {
    let client = try Self.server.get().connect()
    client.send(malformed.request)
    let answer = try #require(client.receive())
    #expect(answer.status == malformed.status, "\(answer.text)")
    #expect((answer.headers["connection"] == "close") == malformed.closes)
    if malformed.status != 200 {
      #expect(answer.text.hasPrefix("\(malformed.status) "))
      #expect(answer.body.filter { $0 == UInt8(ascii: "\n") }.count == 1)
    }
    if malformed.closes {
      #expect(client.isClosedByServer())
    } else {
      client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(client.receive()?.text == "GET /next? []\n")
    }
  }
}
