import HTTP
import Testing

@testable import Exporter

@Suite("From whose page a request comes")
struct RequestOriginTests {
  private func request(_ headers: [(String, String)]) -> Request { Request(.post, "/", headers: Headers(headers)) }

  @Test("a browser says so by Origin or Sec-Fetch-Site")
  func browsers() {
    #expect(!RequestOrigin.isBrowser(request([("Host", "a"), ("User-Agent", "curl")])))
    #expect(RequestOrigin.isBrowser(request([("Origin", "null")])))
    #expect(RequestOrigin.isBrowser(request([("Sec-Fetch-Site", "none")])))
  }

  @Test(
    "another site is what the browser calls so, or whose origin is not this host",
    arguments: [
      ([], false), ([("Sec-Fetch-Site", "same-origin")], false), ([("Sec-Fetch-Site", "none")], false),
      ([("Sec-Fetch-Site", "same-site")], true), ([("Sec-Fetch-Site", "cross-site")], true),
      ([("Sec-Fetch-Site", "same-origin"), ("Origin", "http://evil"), ("Host", "a:1")], false),
      ([("Origin", "http://a:1"), ("Host", "a:1")], false), ([("Origin", "https://a:1"), ("Host", "a:1")], false),
      ([("Origin", "http://a:2"), ("Host", "a:1")], true), ([("Origin", "null"), ("Host", "a:1")], true),
      ([("Origin", "http://a:1")], true), ([("Origin", "ftp://a:1"), ("Host", "a:1")], true),
    ] as [([(String, String)], Bool)])
  func anotherSite(headers: [(String, String)], expected: Bool) {
    #expect(RequestOrigin.isAnotherSite(request(headers)) == expected)
  }

  @Test(
    "an address or localhost can be no other site's name",
    arguments: [
      ("localhost", true), ("LOCALHOST:9464", true), ("a.localhost:1", true), ("127.0.0.1", true),
      ("192.0.2.7:9464", true), ("[::1]", true), ("[2001:db8::1]:9464", true), ("example.org", false),
      ("example.org:9464", false), ("localhost.example.org", false), ("notlocalhost", false), ("", false),
      ("127.0.0.1.example.org", false), ("[example.org]", false),
    ])
  func ownNames(host: String, expected: Bool) {
    #expect(RequestOrigin.isOwnName(host) == expected)
  }
}
