import COpenSSL
import Glibc
import POSIX
import Testing

@testable import HTTP

@Suite("A client's records without anything for HTTP")
struct TLSSessionTests {
  /// A client of OpenSSL's own on one end of a pair of sockets, and a session on the other one, in one thread.
  private final class Pair {
    let session: TLSSession
    private let context: OpaquePointer
    private let client: OpaquePointer
    private let sockets: [Int32]

    /// - Parameter goesOn: whether OpenSSL is to go on within a call, as it does by itself.
    init(goesOn: Bool) throws {
      var sockets: [Int32] = [0, 0]
      try #require(
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &sockets) == 0)
      self.sockets = sockets
      let server = try TLSContext(
        TLSSettings(certificate: Array(Credentials.certificate.utf8), key: Array(Credentials.key.utf8)))
      if goesOn { _ = SSL_CTX_ctrl(server.pointer, SSL_CTRL_MODE, Int(SSL_MODE_AUTO_RETRY), nil) }
      session = try TLSSession(server, sockets[0])
      context = try #require(SSL_CTX_new(TLS_client_method()))
      client = try #require(SSL_new(context))
      try #require(SSL_set_fd(client, sockets[1]) == 1)
      SSL_set_connect_state(client)
      while SSL_do_handshake(client) != 1 { try #require(receive().isEmpty) }
      try #require(receive().isEmpty)
    }

    deinit {
      SSL_free(client)
      SSL_CTX_free(context)
      for socket in sockets { close(socket) }
    }

    /// What one call of the session gives.
    func receive() throws -> [UInt8] {
      var buffer = [UInt8](repeating: 0, count: 16 << 10)
      let outcome = buffer.withUnsafeMutableBytes { session.receive(into: $0) }
      switch outcome {
      case .moved(let count): return Array(buffer.prefix(count))
      case .blocked(.untilReadable): return []
      default: throw Unexpected()
      }
    }

    func send(_ text: String) throws {
      let bytes = Array(text.utf8)
      try #require(SSL_write(client, bytes, Int32(bytes.count)) == Int32(bytes.count))
    }

    /// Says that the client takes new keys, which needs no answer.
    func updateKeys() throws {
      try #require(SSL_key_update(client, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 && SSL_do_handshake(client) == 1)
    }

    private struct Unexpected: Error {}
  }

  @Test(
    "are looked at a few in a call, and what comes behind them is read", arguments: [(false, 200), (true, 20)])
  func keyUpdates(goesOn: Bool, leastCalls: Int) throws {
    let pair = try Pair(goesOn: goesOn)
    for _ in 0..<200 { try pair.updateKeys() }
    try pair.send("GET / ")
    var calls = 0
    var text: [UInt8] = []
    while text.isEmpty {
      text = try pair.receive()
      calls += 1
      try #require(calls <= 1000)
    }
    #expect(text == Array("GET / ".utf8))
    #expect(calls > leastCalls)
    try pair.send("HTTP/1.1")
    #expect(try pair.receive() == Array("HTTP/1.1".utf8), "the next call has its turn anew")
  }
}
