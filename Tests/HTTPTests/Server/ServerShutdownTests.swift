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

  @Test("A body that comes in as the shutdown begins is taken to its end; half a header is not waited for")
  func comingIn() throws {
    let server = try TestServer()
    let body = try server.connect()
    body.send("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
    let header = try server.connect()
    header.send("GET /a HT")
    let thread = try Thread.start(named: "shutdown") { server.server.shutdown(grace: 60) }
    #expect(header.isClosedByServer())
    body.send("cd")
    let answer = body.receive()
    #expect(answer?.text == "PUT /a? [abcd]\n" && answer?.headers["connection"] == "close")
    #expect(body.isClosedByServer())
    header.finishSending()
    body.finishSending()
    thread.join()
  }

  @Test(
    "An answer that goes out as the shutdown begins is sent to its end, and then nobody is waited for",
    arguments: [true, false], [true, false])
  func goingOut(elsewhere: Bool, isFollowed: Bool) throws {
    let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: 20_000_000)
    let server = try TestServer(
      configure: { $0.mayReportLate = elsewhere },
      handler: { request, responder in
        let answer: @Sendable () -> Void = {
          responder.send(request.path == "/big" ? Response(status: 200, body: bytes) : .text(200, "small"))
        }
        if elsewhere { _ = try? Thread.startDetached(named: "answer", answer) } else { answer() }
      })
    let idle = try server.connect()
    idle.send(get)
    #expect(idle.receive()?.status == 200)
    let client = try server.connect(receiveBuffer: 4096)
    client.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(client.receive(withBody: false)?.status == 200)
    if isFollowed { client.send(get) }
    let hasEnded = ConditionLock(false)
    let thread = try Thread.start(named: "shutdown") {
      server.server.shutdown(grace: 60)
      hasEnded.withLock { $0 = true }
    }
    #expect(idle.isClosedByServer())
    #expect(client.receive(count: bytes.count) != nil)
    if isFollowed { #expect(client.receive()?.text == "small\n") }
    #expect(client.isClosedByServer())
    idle.finishSending()
    client.finishSending()
    #expect(hasEnded.wait(timeout: 30) { $0 ? true : nil } == true)
    thread.join()
  }

  @Test("A further shutdown does not lengthen the grace of the first")
  func secondGrace() throws {
    let waiting = ConditionLock<Responder?>(nil)
    let server = try TestServer(handler: { request, responder in
      if request.path == "/slow" { waiting.withLock { $0 = responder } } else { TestServer.echo(request, responder) }
    })
    let idle = try server.connect()
    idle.send(get)
    #expect(idle.receive()?.status == 200)
    let slow = try server.connect()
    slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    let responder = waiting.wait(timeout: 30) { $0 }
    let threads = try [1, 3_600].map { grace in
      let thread = try Thread.start(named: "shutdown") { server.server.shutdown(grace: grace) }
      // From then on the first one is under way.
      if grace == 1 { #expect(idle.isClosedByServer()) }
      return thread
    }
    #expect(slow.isGone())
    // Not before: an answer would end it too.
    responder?.send(.text(200, "too late"))
    slow.finishSending()
    for thread in threads { thread.join() }
  }
}
