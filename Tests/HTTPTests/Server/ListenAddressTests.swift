import Testing

@testable import HTTP

@Suite struct ListenAddressTests {
  @Test(
    "An address is read and spelt again",
    arguments: [
      (":9464", "", 9464), (":0", "", 0), ("127.0.0.1:80", "127.0.0.1", 80), ("[::1]:65535", "::1", 65535),
      ("localhost:9464", "localhost", 9464), ("[fe80::1%eth0]:1", "fe80::1%eth0", 1),
    ])
  func good(text: String, host: String, port: Int) throws {
    let address = try ListenAddress(text)
    #expect(address.host == host)
    #expect(address.port == UInt16(port))
    #expect(address.description == text)
  }

  @Test(
    "A bad address says what is wrong and what was expected",
    arguments: [
      ("", "has no port"), ("9464", "has no port"), ("localhost", "has no port"), ("localhost:", "has no port from 0"),
      ("localhost:http", "has no port from 0"), (":65536", "has no port from 0"), (":-1", "has no port from 0"),
      (":+1", "has no port from 0"), (":99999999999999999999", "has no port from 0"),
      ("::1:9464", "without brackets"), ("::1", "without brackets"), ("[::1]", "brackets"), ("[]:1", "brackets"),
      ("[::1:9464", "brackets"), ("a b:1", "characters"), ("http://a:1", "has a scheme"), ("a/b:1", "characters"),
    ])
  func bad(text: String, problem: String) {
    let error = #expect(throws: ListenAddressError.self) { try ListenAddress(text) }
    let sentence = error?.description ?? ""
    #expect(sentence.contains(problem), "\(sentence)")
    #expect(sentence.contains("\"\(text)\""))
    #expect(sentence.contains("expected host:port"))
  }

  @Test("Numeric addresses are resolved to themselves")
  func resolution() throws {
    #expect(try ListenAddress("127.0.0.1:80").resolved().map { $0.description } == ["127.0.0.1:80"])
    #expect(try ListenAddress("[::1]:80").resolved().map { $0.description } == ["[::1]:80"])
    #expect(try ListenAddress(":80").resolved().isEmpty)
  }

  @Test("An IPv4 address inside an IPv6 one is shown as IPv4")
  func mapped() {
    let bytes = [UInt8](repeating: 0, count: 10) + [0xff, 0xff, 10, 0, 0, 1]
    #expect(SocketAddress(bytes: bytes, port: 5).description == "10.0.0.1:5")
  }
}
