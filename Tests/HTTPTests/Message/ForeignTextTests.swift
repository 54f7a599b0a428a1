import Testing

@testable import HTTP

/// What clients and servers may send that is no ASCII, where all that has a meaning is.
@Suite("Texts beyond ASCII")
struct ForeignTextTests {
  /// Accents without a letter between them, 200 kB: more than a server takes, so that to compare them once by `==` would take minutes.
  private static let accents =
    String(repeating: "\u{344}", count: 50_000) + String(repeating: "\u{316}", count: 50_000)

  @Test("a header's bytes beyond ASCII are question marks, and the others what they are")
  func headers() {
    let headers = Headers([("A", "caf\u{E9}"), ("B", "x"), ("b", "e\u{301}\u{1F600}")])
    #expect(headers["a"] == "caf??" && headers["B"] == "x, e??????" && headers["c"] == nil)
    #expect(headers.all[0].value.utf8.elementsEqual("caf\u{E9}".utf8))
  }

  @Test(
    "a value of accents names nothing, and costs its length", .timeLimit(.minutes(4)),
    arguments: ["K", "gzip;K=1", "gzip;a=\"K\"", "gzip;q=0.5, K"])
  func values(value: String) {
    let text = value.split(separator: "K", omittingEmptySubsequences: false).joined(separator: Self.accents)
    let request = Request(.get, "/", headers: Headers([("Accept-Encoding", text)]))
    let coding = ContentCoding.negotiate(acceptEncoding: request.header("accept-encoding"))
    #expect(coding == (value.utf8.starts(with: "gzip;q".utf8) ? .gzip : .identity))
  }

  @Test("a query's names are their bytes", .timeLimit(.minutes(4)))
  func query() {
    let request = Request(.get, "/?%C3%A9=1&e%CC%81=2&" + String(repeating: "%CD%84", count: 60_000) + "=3")
    #expect(request.queryValues("\u{E9}") == ["1"] && request.queryValues("a") == [])
  }

  @Test("a server's answer of accents costs its length", .timeLimit(.minutes(4)))
  func answer() {
    let text = "HTTP/1.1 200 \(Self.accents)\r\n\(Self.accents): 1\r\nContent-Length: 2\r\nX: \(Self.accents)\r\n\r\n"
    #expect(HTTPClient.parseHead(Array(text.utf8)) == .init(status: 200, size: text.utf8.count, length: 2))
    #expect(HTTPClient.parseHead(Array("\(Self.accents) 200 OK\r\n\r\n".utf8))?.status == -1)
  }
}
