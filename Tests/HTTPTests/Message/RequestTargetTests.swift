import Testing

@testable import HTTP

@Suite("The target of a request")
struct RequestTargetTests {
  @Test(
    "a host is a name or an address, with or without a port",
    arguments: [
      ("a", true), ("a.example:80", true), ("127.0.0.1", true), ("[::1]", true), ("[::1]:80", true), ("[a]", true),
      ("a:", true), ("", false), (":80", false), ("a:b", false), ("a b", false), ("[::1", false), ("[]", false),
      ("[@::1]", false), ("[::1]a", false), ("[::1]:b", false), ("a@b", false), ("::1", false),
    ])
  func authority(text: String, expected: Bool) {
    // In the middle of more, as the parser has it.
    let bytes = Array("xx\(text)".utf8)[2...]
    #expect(RequestTarget.isAuthority(bytes) == expected)
  }
}
