import Testing

@testable import HTTP

@Suite struct RequestTests {
  @Test(
    "The query is taken apart and decoded",
    arguments: [
      ("/", []), ("/?", []), ("/?a", ["a="]), ("/?a=1&b=2", ["a=1", "b=2"]), ("/?a=1&a=2", ["a=1", "a=2"]),
      ("/?a=b=c", ["a=b=c"]), ("/?&&a=1&", ["a=1"]), ("/?a+b=c+d", ["a b=c d"]), ("/?a%20b=%2B%26", ["a b=+&"]),
      ("/?collect[]=x", ["collect[]=x"]), ("/?a=%zz%4", ["a=%zz%4"]), ("/?%C3%A4=%e2%82%ac", ["\u{e4}=\u{20ac}"]),
      ("/?a=%ff", ["a=\u{fffd}"]), ("/?=1", ["=1"]), ("/?a?b=1", ["a?b=1"]),
    ])
  func query(target: String, items: [String]) {
    #expect(Request(.get, target).query.map { "\($0.0)=\($0.1)" } == items)
  }

  @Test("All values of a name are found in order")
  func queryValues() {
    #expect(Request(.get, "/?a=1&b=2&a=3").queryValues("a") == ["1", "3"])
    #expect(Request(.get, "/").queryValues("a") == [])
  }

  @Test(
    "The path is decoded, the raw one is kept",
    arguments: [
      ("/a%20b?c", "/a b", "/a%20b"), ("/a+b", "/a+b", "/a+b"), ("/%C3%A4", "/\u{e4}", "/%C3%A4"),
      ("/%61%62", "/ab", "/%61%62"), ("/a%2fb", "/a%2Fb", "/a%2fb"), ("/a%252Fb", "/a%252Fb", "/a%252Fb"),
      ("/100%25", "/100%25", "/100%25"), ("//%2F/", "//%2F/", "//%2F/"), ("/a%zz", "/a%zz", "/a%zz"),
    ])
  func path(target: String, path: String, rawPath: String) {
    let request = Request(.get, target)
    #expect(request.path == path)
    #expect(request.rawPath == rawPath)
  }

  @Test(
    "A segment of the path has its slashes and percent signs again",
    arguments: [("a b", "a b"), ("a%2Fb", "a/b"), ("a%252Fb", "a%2Fb"), ("100%25", "100%"), ("%", "%"), ("", "")])
  func segment(segment: String, text: String) {
    #expect(Request.text(ofSegment: segment) == text)
  }

  @Test("Headers are found in any case, and several lines are joined")
  func headers() {
    let request = Request(.get, "/", headers: Headers([("Accept", "a"), ("X", "1"), ("ACCEPT", "b, c")]))
    #expect(request.header("accept") == "a, b, c")
    #expect(request.header("x") == "1")
    #expect(request.header("y") == nil)
    #expect(request.headers.count == 3)
  }
}
