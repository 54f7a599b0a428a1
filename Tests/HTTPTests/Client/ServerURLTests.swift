import Testing

@testable import HTTP

struct ServerURLTests {
  @Test(
    "A server's URL has a user and a path, and shows neither",
    arguments: [
      ("http://a:1/b", "http://a:1", "/b", nil), ("https://u@a", "https://a:443", "/", "Basic dTo="),
      ("HTTPS://u:p%40@[::1]:2/am/", "https://[::1]:2", "/am/", "Basic dTpwQA=="),
      ("http://u:p@w@a", "http://a:80", "/", nil),
    ] as [(String, String, String, String?)])
  func parts(text: String, shown: String, path: String, authorization: String?) throws {
    let server = try #require(ServerURL(text))
    #expect(server.description == shown && server.endpoint.path == path)
    if let authorization { #expect(server.authorization == authorization) }
  }

  @Test(
    "What is no such URL is none",
    arguments: ["", "a:1", "ftp://a", "http://", "http://u:%zz@a", "tcp://a:1", "http://a b"])
  func wrong(text: String) { #expect(ServerURL(text) == nil) }

  @Test("A password beside the URL counts more than one in it, and a page stands below the URL's path")
  func passwords() throws {
    let server = try #require(ServerURL("https://u:old@a/am", password: "p"))
    #expect(server.authorization == "Basic dTpw" && server.namesPassword)
    #expect(server.page("api/v2/alerts?filter=a")?.path == "/am/api/v2/alerts?filter=a")
    #expect(
      ServerURL("http://u@a")?.namesPassword == false && ServerURL("http://a", password: "p")?.authorization == nil)
  }

  @Test(
    "Base64 as in RFC 4648, section 10",
    arguments: zip(["", "f", "fo", "foo", "foob"], ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]))
  func base64(text: String, expected: String) {
    #expect(ServerURL.base64(Array(text.utf8)) == expected)
  }
}
