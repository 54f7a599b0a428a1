import POSIX
import Testing

@testable import HTTP

/// What happens to clients that keep the server waiting. The times are short; what is asserted is what happens.
@Suite struct ServerTimeoutTests {
  private let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

  @Test("An idle connection is closed without a word, a fresh one and one that was used")
  func idle() throws {
    let server = try TestServer { $0.timeouts.idle = 0.05 }
    let fresh = try server.connect()
    #expect(fresh.isClosedByServer())
    let used = try server.connect()
    used.send(get)
    #expect(used.receive()?.status == 200)
    #expect(used.isClosedByServer())
    #expect(server.waits { $0.access.count == 1 && $0.problems.isEmpty })
  }

  @Test("A header that dribbles in gets 408, each byte does not buy more time")
  func header() throws {
    let server = try TestServer { $0.timeouts.header = 0.3 }
    let client = try server.connect()
    client.send("GET / HTTP/1.1\r\n")
    for _ in 0..<1000 {
      client.send("X")
      usleepMilliseconds(2)
    }
    let answer = client.receive()
    #expect(answer?.status == 408)
    #expect(answer?.headers["connection"] == "close")
    #expect(server.waits { $0.problems == [.requestTimeout] && $0.access.map { $0.status } == [408] })
    #expect(server.server.statistics.timeouts == 1)
  }

  @Test("A body that does not come gets 408")
  func body() throws {
    let server = try TestServer { $0.timeouts.body = 0.05 }
    let client = try server.connect()
    client.send("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
    #expect(client.receive()?.status == 408)
    #expect(client.isClosedByServer())
    #expect(server.waits { $0.access.first?.method == .put && $0.access.first?.path == "/a" })
  }

  @Test("A client that never reads is cut off, and others get their answers meanwhile")
  func neverReads() throws {
    let body = [UInt8](repeating: 0, count: 20_000_000)
    let server = try TestServer(
      configure: { $0.timeouts.write = 0.5 },
      handler: { request, responder in
        if request.path == "/big" { return responder.send(Response(status: 200, body: body)) }
        TestServer.echo(request, responder)
      })
    let greedy = try (0..<5).map { _ in try server.connect(receiveBuffer: 4096) }
    for client in greedy { client.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n") }
    for _ in 0..<50 {
      let client = try server.connect()
      client.send(get)
      #expect(client.receive()?.status == 200)
    }
    #expect(server.waits { $0.problems.filter { $0 == .writeTimeout }.count == 5 })
    #expect(server.waits { $0.access.filter { $0.path == "/big" && !$0.isComplete }.count == 5 })
    for client in greedy { #expect(client.receive() == nil) }
  }

  @Test("A client that reads slowly, but enough, gets everything")
  func readsSlowly() throws {
    let body = [UInt8](repeating: 1, count: 16_000_000)
    let server = try TestServer(
      configure: {
        $0.timeouts.write = 1
        $0.minimumBytesPerWriteTimeout = 1
      }, handler: { _, responder in responder.send(Response(status: 200, body: body)) })
    let client = try server.connect(receiveBuffer: 65_536)
    client.send(get)
    #expect(client.receive(withBody: false)?.status == 200)
    // At most 10 MB a second, so that the answer takes longer than what the client has for each part of it.
    for _ in 0..<160 {
      #expect(client.receive(count: body.count / 160) != nil)
      usleepMilliseconds(10)
    }
    #expect(server.waits { $0.access.first?.isComplete == true && $0.problems.isEmpty })
  }

  @Test("A client that goes on reading, but too slowly, is cut off: what it takes buys no more time")
  func readsTooSlowly() throws {
    let body = [UInt8](repeating: 1, count: 64_000_000)
    let server = try TestServer(
      configure: {
        $0.timeouts.write = 1
        $0.minimumBytesPerWriteTimeout = .max
      }, handler: { _, responder in responder.send(Response(status: 200, body: body)) })
    let client = try server.connect(receiveBuffer: 65_536)
    client.send(get)
    // At most 16 MB a second, so that the answer would take four of them.
    var taken = 0
    while taken < body.count, client.receive(count: 16_000) != nil {
      taken += 16_000
      usleepMilliseconds(1)
    }
    #expect(taken < body.count)
    #expect(server.waits { $0.problems == [.writeTimeout] })
  }

  @Test("An encrypted connection on which nothing is said is closed as one without keys, counted and told")
  func handshake() throws {
    let context = try TLSContext(
      TLSSettings(certificate: Array(Credentials.certificate.utf8), key: Array(Credentials.key.utf8)))
    let server = try TestServer {
      $0.tls = { context }
      $0.timeouts.header = 0.05
    }
    let client = try server.connect()
    #expect(client.isClosedByServer())
    #expect(server.waits { $0.problems == [.noUnderstanding] && $0.access.isEmpty })
    #expect(server.details == ["the handshake did not end in time"])
    #expect(server.server.statistics.timeouts == 1)
    #expect(server.server.statistics.handshakeErrors == [.timeout: 1])
  }

  @Test("The time of a request begins with its first byte, not with the answer before")
  func duration() throws {
    let server = try TestServer()
    let client = try server.connect()
    for count in 1...2 {
      // What the connection waits before does not count, so whatever the request takes, the client has waited longer for it.
      usleepMilliseconds(300)
      let start = Clock.monotonicNanoseconds
      client.send(get)
      #expect(client.receive()?.status == 200)
      #expect(server.waits { $0.access.count == count })
      let waited = Clock.monotonicNanoseconds - start
      #expect(server.accessRecords.last.map { $0.durationNanoseconds <= waited } == true)
    }
  }

  @Test("What lingers may send no more than a bound, however long it may linger")
  func lingerBytes() throws {
    let server = try TestServer { $0.timeouts.linger = 3_600 }
    let client = try server.connect()
    client.send("\u{1}")
    #expect(client.receive()?.status == 400)
    client.send([UInt8](repeating: 0, count: 4 * Connection.maximumLingerBytes))
    #expect(becomesEmpty(server))
  }

  @Test("What lingers after the last answer is closed in the end")
  func linger() throws {
    let server = try TestServer { $0.timeouts.linger = 0.05 }
    let client = try server.connect()
    client.send("\u{1}")
    #expect(client.receive()?.status == 400)
    #expect(client.isClosedByServer())
    #expect(becomesEmpty(server))
  }

  private func becomesEmpty(_ server: TestServer) -> Bool {
    for _ in 0..<3000 where server.server.statistics.openConnections > 0 { usleepMilliseconds(10) }
    return server.server.statistics.openConnections == 0
  }
}
