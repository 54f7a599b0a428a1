import COpenSSL
import POSIX
import Testing

@testable import HTTP

@Suite("Clients that come to no encrypted connection")
struct HandshakeTests {
  /// How a client that has begun a handshake leaves.
  enum Leaving: CaseIterable { case inOrder, byReset }

  /// What a client sends first, as OpenSSL makes it.
  private static func hello() throws -> [UInt8] {
    let context = try #require(SSL_CTX_new(TLS_client_method()))
    defer { SSL_CTX_free(context) }
    let client = try #require(SSL_new(context))
    defer { SSL_free(client) }
    let output = BIO_new(BIO_s_mem())
    SSL_set_bio(client, BIO_new(BIO_s_mem()), output)
    SSL_set_connect_state(client)
    _ = SSL_do_handshake(client)
    var bytes = [UInt8](repeating: 0, count: 16 << 10)
    let count = BIO_read(output, &bytes, Int32(bytes.count))
    return Array(bytes.prefix(Int(count)))
  }

  private static func server(_ configure: (inout ServerConfiguration) -> Void = { _ in }) throws -> TestServer {
    let context = try TLSContext(
      TLSSettings(certificate: Array(Credentials.certificate.utf8), key: Array(Credentials.key.utf8)))
    return try TestServer {
      $0.tls = { context }
      configure(&$0)
    }
  }

  @Test(
    "A client that leaves during the handshake is counted and told",
    arguments: Leaving.allCases, [(share: 2, reads: false), (1, false), (1, true)])
  func leaves(_ leaving: Leaving, _ sent: (share: Int, reads: Bool)) throws {
    let server = try Self.server()
    let hello = try Self.hello()
    do {
      let client = try server.connect()
      client.send(Array(hello.prefix(hello.count / sent.share)))
      // Up to its certificate and beyond.
      if sent.reads { client.take(600) }
      if leaving == .byReset { client.reset() }
    }
    #expect(server.waits { $0.problems == [.noUnderstanding] })
    #expect(server.details == ["the client left during the handshake"])
    #expect(server.server.statistics.handshakeErrors == [.other: 1])
    #expect(server.accessRecords.isEmpty)
  }

  @Test("A client that comes and goes without a byte is nothing to tell", arguments: Leaving.allCases)
  func healthCheck(_ leaving: Leaving) throws {
    let server = try Self.server()
    do {
      let client = try server.connect()
      if leaving == .byReset { client.reset() }
    }
    // Its end is seen before what another one sends later.
    let other = try server.connect()
    other.send("GET / HTTP/1.1\r\n\r\n")
    #expect(server.waits { !$0.problems.isEmpty })
    #expect(server.server.statistics.handshakeErrors == [.notTLS: 1])
    #expect(server.details.count == 1)
  }

  @Test("A handshake that does not end in time is counted and told")
  func timeout() throws {
    let server = try Self.server { $0.timeouts.header = 0.05 }
    let client = try server.connect()
    client.send(try Self.hello())
    #expect(server.waits { $0.problems == [.noUnderstanding] })
    #expect(server.details == ["the handshake did not end in time"])
    #expect(server.server.statistics.handshakeErrors == [.timeout: 1])
    #expect(server.server.statistics.timeouts == 1)
  }
}
