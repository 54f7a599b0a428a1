import Testing

@testable import HTTP

@Suite struct RequestParserTests {
  /// What a parser made of a stream of bytes, in a form that can be compared.
  private static func outcomes(of bytes: [UInt8], piece: Int, limits: RequestLimits = RequestLimits()) -> [String] {
    var parser = RequestParser(limits: limits)
    var result: [String] = []
    var index = 0
    while true {
      switch parser.next() {
      case .needsMore:
        if index == bytes.count { return result }
        let end = min(index + piece, bytes.count)
        bytes[index..<end].withUnsafeBytes { parser.append($0) }
        index = end
      case .expectsContinue: break  // whether it is asked for depends on how much of the body is there already
      case .request(let request, let keepsAlive):
        let headers = request.headers.all.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        let target = request.rawQuery.isEmpty ? request.rawPath : "\(request.rawPath)?\(request.rawQuery)"
        result.append(
          "\(request.method.rawValue) \(target) \(headers) \(String(decoding: request.body, as: UTF8.self)) \(keepsAlive)"
        )
      case .failure(let failure):
        result.append("\(failure.status)")
        return result
      }
    }
  }

  private static func outcomes(of text: String, limits: RequestLimits = RequestLimits()) -> [String] {
    outcomes(of: Array(text.utf8), piece: .max, limits: limits)
  }

  static let wellFormed: [(String, [String])] = [
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", ["GET / Host=a  true"]),
    ("GET / HTTP/1.1\r\nHost:\r\n\r\n", ["GET / Host=  true"]),
    ("GET / HTTP/1.1\r\nhOST:\t a:80 \t\r\n\r\n", ["GET / hOST=a:80  true"]),
    ("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", ["GET / Host=[::1]:80  true"]),
    ("GET /?a=b?c HTTP/1.1\r\nHost: a\r\n\r\n", ["GET /?a=b?c Host=a  true"]),
    ("GET /?collect[]=a HTTP/1.1\r\nHost: a\r\n\r\n", ["GET /?collect[]=a Host=a  true"]),
    ("GET http://x:1/p?q HTTP/1.1\r\nHost: a\r\n\r\n", ["GET /p?q Host=a  true"]),
    ("GET HTTP://x HTTP/1.1\r\nHost: a\r\n\r\n", ["GET / Host=a  true"]),
    ("GET https://x?q HTTP/1.1\r\nHost: a\r\n\r\n", ["GET /?q Host=a  true"]),
    ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", ["OPTIONS * Host=a  true"]),
    ("GET / HTTP/1.0\r\n\r\n", ["GET /   false"]),
    ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", ["GET / Connection=Keep-Alive  true"]),
    ("GET / HTTP/1.7\r\nHost: a\r\n\r\n", ["GET / Host=a  true"]),
    ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\n", ["GET / Host=a&Connection=x, CLOSE  false"]),
    ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", ["GET / Host=a  true"]),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{e4}\r\n\r\n", ["GET / Host=a&X=\u{e4}  true"]),
    ("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", ["PUT /a Host=a&Content-Length=3 abc true"]),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 003\r\n\r\nabc", ["POST / Host=a&Content-Length=003 abc true"]),
    (
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0a;x=\"y\"\r\n0123456789\r\n0\r\n\r\n",
      ["POST / Host=a&Transfer-Encoding=Chunked abc0123456789 true"]
    ),
    (
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1 ;x\r\na\r\n000\r\nTrailer: 1\r\n\r\n",
      ["POST / Host=a&Transfer-Encoding=chunked a true"]
    ),
    (
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
      ["POST / Host=a&Expect=100-Continue&Content-Length=1 x true"]
    ),
    (
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi\r\nGET /3 HTTP/1.0\r\n\r\n",
      ["GET /1 Host=a  true", "POST /2 Host=a&Content-Length=2 hi true", "GET /3   false"]
    ),
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n", ["GET / Host=a  true", "400"]),
  ]

  @Test("A well-formed stream gives its requests", arguments: wellFormed)
  func parses(text: String, expected: [String]) {
    #expect(Self.outcomes(of: text) == expected)
  }

  @Test("The same bytes give the same requests, however they are cut", arguments: [1, 2, 3, 7, 16])
  func pieces(piece: Int) {
    for (text, expected) in Self.wellFormed {
      #expect(Self.outcomes(of: Array(text.utf8), piece: piece) == expected, "\(text)")
    }
    for malformed in MalformedRequestTests.table where malformed.status != 200 {
      let whole = Self.outcomes(of: malformed.request, piece: .max)
      #expect(Self.outcomes(of: malformed.request, piece: piece) == whole, "\(malformed)")
      #expect(whole.last == "\(malformed.status)", "\(malformed)")
    }
  }

  @Test("Each limit lets exactly its own size through")
  func limits() {
    var limits = RequestLimits()
    limits.requestLineBytes = 20
    limits.headerBytes = 30
    limits.headerCount = 3
    limits.bodyBytes = 4
    func status(_ text: String) -> String { String(Self.outcomes(of: text, limits: limits).last?.prefix(3) ?? "none") }
    let get = "GET / HTTP/1.1\r\n"
    #expect(status("GET /1234567 HTTP/1.1\r\nHost: a\r\n\r\n") == "414")
    #expect(status("GET /123456 HTTP/1.1\r\nHost: a\r\n\r\n") == "GET")
    #expect(status("GET /12345678901234567890") == "414", "even before the line's end")
    #expect(status(get + "Host: a\r\nX: 4567890123456789\r\n\r\n") == "GET", "9 + 21 bytes")
    #expect(status(get + "Host: a\r\nX: 45678901234567890\r\n\r\n") == "431", "9 + 22 bytes")
    #expect(status(get + "Host: a\r\nX: 456789012345678901234567890") == "431", "even before the line's end")
    #expect(status(get + "Host: a\r\nX: 1\r\nY: 1\r\n\r\n") == "GET")
    #expect(status(get + "Host: a\r\nX:1\r\nY:1\r\nZ:1\r\n\r\n") == "431")
    let full = get + "Host: a\r\nX: 4567890123456789\r\n\r\n"
    #expect(Self.outcomes(of: full + full, limits: limits).count == 2, "each request has its own 30 bytes")
    #expect(status(full + full) == "GET")
    limits.headerBytes = 100
    #expect(status("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n1234") == "PUT")
    #expect(status("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n") == "413")
    let chunked = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    #expect(status(chunked + "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n") == "PUT")
    #expect(status(chunked + "2\r\nab\r\n3\r\n") == "413")
    limits.chunkOverheadBytes = 10
    #expect(status(chunked + "1;\(String(repeating: "x", count: 24))\r\na\r\n0\r\n\r\n") == "PUT", "26 = 16 + 10 bytes")
    #expect(status(chunked + "1;\(String(repeating: "x", count: 25))\r\na\r\n0\r\n\r\n") == "400")
    #expect(status(chunked + "0\r\n" + String(repeating: "a: 1\r\n", count: 4) + "\r\n") == "431", "trailers")
    limits.headerBytes = 40
    for (length, expected) in [(12, "PUT"), (13, "431")] {
      let trailers = "a: 4567890\r\nb: 4567890\r\nc:" + String(repeating: "x", count: length) + "\r\n\r\n"
      #expect(status(chunked + "0\r\n" + trailers) == expected, "trailers of \(28 + length) bytes")
    }
  }

  @Test(
    "A chunk that is not as long as it says is told so, whatever follows it",
    arguments: ["1\r\nab\r\n0\r\n\r\n", "1\r\na0\r\n\r\n", "1\r\nabc"])
  func chunkEnd(body: String) {
    var parser = RequestParser(limits: RequestLimits())
    let text = Array(("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body).utf8)
    text.withUnsafeBytes { parser.append($0) }
    guard case .failure(let failure) = parser.next() else {
      Issue.record("it was let through")
      return
    }
    #expect(failure.status == 400 && failure.reason == "a chunk does not end with CR LF where its size says")
  }

  @Test("Empty lines before a request are let through up to their limit")
  func emptyLines() {
    let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    let most = String(repeating: "\r\n", count: RequestParser.maximumLeadingEmptyLines)
    #expect(Self.outcomes(of: most + request + most + request).count == 2)
    #expect(Self.outcomes(of: most + "\r\n" + request) == ["400"])
  }

  @Test("100 Continue is asked for only while the body has not begun")
  func expectation() {
    let head = "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    var parser = RequestParser(limits: RequestLimits())
    Array(head.utf8).withUnsafeBytes { parser.append($0) }
    guard case .expectsContinue = parser.next() else { return #expect(Bool(false), "not asked for") }
    guard case .needsMore = parser.next() else { return #expect(Bool(false), "asked for twice") }

    parser = RequestParser(limits: RequestLimits())
    Array((head + "x").utf8).withUnsafeBytes { parser.append($0) }
    guard case .needsMore = parser.next() else { return #expect(Bool(false), "asked for needlessly") }
    guard case .needsMore = parser.next() else { return #expect(Bool(false), "asked for needlessly") }
  }

  @Test(
    "An expectation is a list: the same one in one line or in two, and an empty one is none",
    arguments: [
      ("Expect: 100-continue, 100-continue\r\n", true), ("Expect: 100-continue\r\nExpect: 100-Continue\r\n", true),
      ("Expect: ,\t100-continue ,\r\n", true), ("Expect:\r\n", false), ("Expect: , ,\r\n", false),
      ("Expect:\r\nExpect: 100-continue\r\n", true),
    ])
  func expectations(lines: String, isAsked: Bool) {
    var parser = RequestParser(limits: RequestLimits())
    Array("PUT / HTTP/1.1\r\nHost: a\r\n\(lines)Content-Length: 2\r\n\r\n".utf8).withUnsafeBytes { parser.append($0) }
    switch (parser.next(), isAsked) {
    case (.expectsContinue, true), (.needsMore, false): break
    case (let step, _): Issue.record("\(step)")
    }
  }

  @Test("Random bytes and mutated requests give requests or failures, the same ones in every cut")
  func random() {
    var generator = SystemRandomNumberGenerator()
    let pool = Self.wellFormed.map { Array($0.0.utf8) }
    for _ in 0..<3000 {
      var bytes = pool.randomElement(using: &generator)!
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0...2, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.insert(Array("\r\n :;0,".utf8).randomElement(using: &generator)!, at: index)
        default: if bytes.count > 1 { bytes.remove(at: index) }
        }
      }
      let whole = Self.outcomes(of: bytes, piece: .max)
      #expect(Self.outcomes(of: bytes, piece: 1) == whole, "\(bytes)")
      #expect(Self.outcomes(of: bytes, piece: 5) == whole, "\(bytes)")
    }
  }
}
