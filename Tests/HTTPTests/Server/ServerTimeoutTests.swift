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
    let body = [UInt8](repeating: 1, count: 8_000_000)
    let server = try TestServer(
      configure: {
        $0.timeouts.write = 0.2
        $0.minimumBytesPerWriteTimeout = 1
      }, handler: { _, responder in responder.send(Response(status: 200, body: body)) })
    let client = try server.connect(receiveBuffer: 65_536)
    client.send(get)
    #expect(client.receive()?.body.count == body.count)
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
