import Testing

@testable import HTTP

@Suite("The client")
struct HTTPClientTests {
  @Test(
    "reads URLs",
    arguments: [
      ("http://localhost:9464", "localhost", 9464, "/"), ("http://host", "host", 80, "/"),
      ("http://[::1]:9464/metrics?x=1#y", "::1", 9464, "/metrics?x=1"), ("HTTP://h/a", "h", 80, "/a"),
      ("http://h?q", "h", 80, "/?q"), ("tcp://127.0.0.1:5432", "127.0.0.1", 5432, "/"),
    ])
  func urls(text: String, host: String, port: Int, path: String) throws {
    let endpoint = try #require(Endpoint(text))
    #expect(endpoint.host == host && Int(endpoint.port) == port && endpoint.path == path)
  }

  @Test(
    "refuses what is no URL of ours",
    arguments: [
      "", "localhost:9464", "http://", "http://h:0", "http://h:70000", "tcp://h", "tcp://h:1/x",
      "http://h/a b", "http://h/\r\nX: y", "http://user@h", "http:/h",
    ])
  func badURLs(text: String) {
    #expect(Endpoint(text) == nil)
  }

  @Test("reads a head only when it is whole")
  func head() {
    let text = "HTTP/1.1 204 No Content\r\nContent-Length: 12\r\n\r\nbody"
    for count in 0..<47 { #expect(HTTPClient.parseHead(Array(text.utf8.prefix(count))) == nil, "\(count)") }
    #expect(HTTPClient.parseHead(Array(text.utf8)) == .init(status: 204, size: text.utf8.count - 4, length: 12))
    #expect(HTTPClient.parseHead(Array("SSH-2.0\r\n\r\n".utf8))?.status == -1)
  }

  @Test(
    "a length or a status that no number holds is none",
    arguments: [
      ("200", "9223372036854775807", 200, .max), ("200", "9223372036854775808", 200, nil), ("200", "-1", 200, nil),
      ("200", "1e3", 200, nil), ("200", "", 200, nil), ("9223372036854775808", "1", -1, 1), ("-5", "1", -5, 1),
    ] as [(String, String, Int, Int?)])
  func lengths(code: String, length: String, status: Int, expected: Int?) {
    let head = HTTPClient.parseHead(Array("HTTP/1.1 \(code) X\r\nContent-Length: \(length)\r\n\r\n".utf8))
    #expect(head?.status == status && head?.length == expected)
  }

  @Test(
    "says after how many seconds it is to be asked again; a date it does not read",
    arguments: [
      ("60", 60), ("0", 0), (" 7", 7), ("-1", nil), ("1.5", nil), ("Fri, 27 Nov 2026 16:37:09 GMT", nil), ("", nil),
      ("99999999999", nil),
    ] as [(String, Double?)])
  func retryAfter(value: String, expected: Double?) {
    let head = HTTPClient.parseHead(Array("HTTP/1.1 429 X\r\nRetry-After: \(value)\r\n\r\n".utf8))
    #expect(head?.retryAfter == expected)
  }

  @Test(
    "joins chunks",
    arguments: [
      ("3\r\nabc\r\n0\r\n\r\n", "abc"), ("1;x=y\r\na\r\nA\r\n0123456789\r\n0\r\n\r\n", "a0123456789"),
      ("0\r\n\r\n", ""),
    ])
  func chunks(text: String, expected: String) {
    #expect(HTTPClient.joinChunks(Array(text.utf8)) == Array(expected.utf8))
  }

  @Test(
    "broken chunks are none",
    arguments: [
      "", "5\r\nabc", "-1\r\n\r\n", "zz\r\n", "ffffffffffffffffff\r\n", "3\r\nabc", "7fffffffffffffff\r\nabc\r\n",
    ])
  func brokenChunks(text: String) {
    #expect(HTTPClient.joinChunks(Array(text.utf8)) == nil)
  }
}
