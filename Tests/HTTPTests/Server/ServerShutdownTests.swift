import Glibc
import POSIX
import Testing

@testable import HTTP

@Suite struct ServerShutdownTests {
  private let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

  @Test("Shutdown finishes what is in flight, closes what is idle, and lets nobody else in")
  func inFlight() throws {
    let waiting = ConditionLock<Responder?>(nil)
    let server = try TestServer(handler: { request, responder in
      guard request.path == "/slow" else { return TestServer.echo(request, responder) }
      waiting.withLock { $0 = responder }
    })
    let idle = try server.connect()
    idle.send(get)
    #expect(idle.receive()?.status == 200)
    let slow = try server.connect()
    slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    let responder = try #require(waiting.wait(timeout: 30) { $0 })

    let hasEnded = ConditionLock(false)
    let thread = try Thread.start(named: "shutdown") {
      server.server.shutdown(grace: 30)
      hasEnded.withLock { $0 = true }
    }
    #expect(idle.isClosedByServer())
    #expect(throws: Errno(ECONNREFUSED)) { try server.connect() }
    #expect(!hasEnded.withLock { $0 })
    responder.send(.text(200, "finished"))
    let answer = slow.receive()
    #expect(answer?.text == "finished\n")
    #expect(answer?.headers["connection"] == "close")
    #expect(slow.isClosedByServer())
    slow.finishSending()
    #expect(hasEnded.wait(timeout: 60) { $0 ? true : nil } == true)
    thread.join()
    #expect(server.server.statistics.openConnections == 0)
  }

  @Test("When the grace is over, shutdown does not wait for anybody")
  func noGrace() throws {
    let waiting = ConditionLock<Responder?>(nil)
    let server = try TestServer(handler: { _, responder in waiting.withLock { $0 = responder } })
    let client = try server.connect()
    client.send(get)
    let responder = waiting.wait(timeout: 30) { $0 }
    server.server.shutdown(grace: 0.05)
    #expect(client.isGone())
    responder?.send(.text(200, "too late"))
    server.server.shutdown(grace: 0)
    server.server.join()
  }

  @Test("A request that has arrived before the shutdown is answered")
  func arrived() throws {
    let blocking = ConditionLock(false)
    let server = try TestServer(handler: { request, responder in
      if request.path == "/block" { _ = blocking.wait(timeout: 30) { $0 ? true : nil } }
      TestServer.echo(request, responder)
    })
    let blocker = try server.connect()
    blocker.send("GET /block HTTP/1.1\r\nHost: a\r\n\r\n")
    let client = try server.connect()
    client.send(get)
    let thread = try Thread.start(named: "shutdown") { server.server.shutdown(grace: 30) }
    blocking.withLock { $0 = true }
    #expect(blocker.receive()?.status == 200)
    #expect(client.receive()?.status == 200)
    blocker.finishSending()
    client.finishSending()
    thread.join()
  }
}
