import Testing

@testable import HeartbeatTool

struct PushTargetTests {
  @Test(
    "An exporter is named by http or a socket, and errors never show the password",
    arguments: [
      ("http://a:1", "http://a:1"), ("http://u:p%40w@a:1/", "http://a:1"), ("HTTP://[::1]:2/base", "http://[::1]:2"),
      ("http://u:p@w@a", "http://a:80"), ("unix:/s", "unix:/s"), ("/s", "unix:/s"), ("unix:s", nil), ("s", nil),
      ("https://u:p@a", "https://a:443"), ("a:1", nil),
      ("http://", nil), ("http://u:%zz@a", nil), ("http://a/?q=1", nil), ("", nil),
    ] as [(String, String?)])
  func urls(text: String, shown: String?) {
    #expect(PushTarget(text)?.description == shown)
  }

  @Test(
    "Base64 as in RFC 4648, section 10",
    arguments: zip(["", "f", "fo", "foo", "foob"], ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]))
  func base64(text: String, expected: String) {
    #expect(PushTarget.base64(Array(text.utf8)) == expected)
  }

  @Test("A name is one path segment")
  func names() {
    #expect(PushTarget.encoded("a/b é?#%") == "a%2Fb%20%C3%A9%3F%23%25")
  }
}
