import Glibc
import POSIX
import Testing

@testable import HTTP

/// Answers that the threads which make them send themselves.
@Suite("Answers past the event loop")
struct DirectSenderTests {
  private static let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

  /// Answers each request on a thread of its own, once it is let.
  private final class Answering: Sendable {
    let isOpen = ConditionLock(true)
    let begun = ConditionLock(0)
    let server: TestServer

    init(
      isOpen: Bool = true, idle: Double = 75, body: @escaping @Sendable (Request) -> [UInt8] = { Array($0.path.utf8) }
    )
      throws
    {
      let (gate, begun) = (self.isOpen, self.begun)
      gate.withLock { $0 = isOpen }
      server = try TestServer(
        configure: {
          $0.mayReportLate = true
          $0.timeouts.idle = idle
        },
        handler: { request, responder in
          begun.withLock { $0 += 1 }
          _ = try? Thread.startDetached(named: "answer") {
            _ = gate.wait(timeout: 30) { $0 ? true : nil }
            responder.send(Response(status: 200, body: body(request)))
          }
        })
    }

    func open() { isOpen.withLock { $0 = true } }
    func waits(forRequests count: Int) -> Bool { begun.wait(timeout: 30) { $0 >= count ? true : nil } ?? false }
  }

  @Test("one after the other through one connection, each of them counted before the next")
  func sequence() throws {
    let answering = try Answering()
    let client = try answering.server.connect()
    for number in 1...300 {
      client.send("GET /\(number) HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(client.receive()?.text == "/\(number)")
    }
    // Of the last answer the loop hears when it wakes for anything else, which may have been before it was reported.
    let other = try answering.server.connect()
    var reported: [AccessRecord] = []
    for _ in 0..<1000 where reported.count < 300 {
      other.send(Self.get)
      #expect(other.receive()?.text == "/a")
      reported = answering.server.accessRecords.filter { $0.path != "/a" }
    }
    #expect(reported.map(\.path) == (1...300).map { "/\($0)" })
    #expect(reported.allSatisfy { $0.status == 200 && $0.isComplete })
  }

  @Test("requests that have come before the first answer are answered in order")
  func pipelined() throws {
    let answering = try Answering()
    let client = try answering.server.connect()
    client.send((1...50).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
    for number in 1...50 { #expect(client.receive()?.text == "/\(number)") }
  }

  @Test("a request that comes while the one before is in the making is answered too", arguments: 1...20)
  func early(number: Int) throws {
    let answering = try Answering(isOpen: false)
    let client = try answering.server.connect()
    client.send(Self.get)
    #expect(answering.waits(forRequests: 1))
    if number % 2 == 0 { answering.open() }
    client.send("GET /second HTTP/1.1\r\nHost: a\r\n\r\n")
    answering.open()
    #expect(client.receive()?.text == "/a")
    #expect(client.receive()?.text == "/second")
  }

  @Test(
    "who asks twice at once and then sends no more is answered twice, and the connection is closed", arguments: 1...10)
  func pipelinedAndHalfClosed(number: Int) throws {
    let answering = try Answering(isOpen: false)
    let client = try answering.server.connect()
    client.send(Self.get + "GET /second HTTP/1.1\r\nHost: a\r\n\r\n")
    client.finishSending()
    #expect(answering.waits(forRequests: 1))
    // The server may have seen the end by now, or not.
    usleep(UInt32(number) * 2_000)
    answering.open()
    #expect(client.receive()?.text == "/a")
    #expect(client.receive()?.text == "/second")
    #expect(client.isClosedByServer())
  }

  @Test("a body that does not fit into the socket at once arrives whole")
  func large() throws {
    let bytes = (0..<8_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    let answering = try Answering { _ in bytes }
    let client = try answering.server.connect(receiveBuffer: 4096)
    for _ in 0..<2 {
      client.send(Self.get)
      let isWhole = client.receive()?.body == bytes
      #expect(isWhole)
    }
  }

  @Test("HEAD gets no body, HTTP/1.0 and Connection: close get the end")
  func forms() throws {
    let answering = try Answering()
    let client = try answering.server.connect()
    client.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(client.receive(withBody: false)?.headers["content-length"] == "2")
    client.send("GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    let last = client.receive()
    #expect(last?.text == "/b")
    #expect(last?.headers["connection"] == "close")
    #expect(client.isClosedByServer())
    let old = try answering.server.connect()
    old.send("GET /c HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    #expect(old.receive()?.headers["connection"] == "keep-alive")
    old.send("GET /d HTTP/1.0\r\n\r\n")
    #expect(old.receive()?.text == "/d")
    #expect(old.isClosedByServer())
  }

  @Test(
    "what the loop alone can do is left to it: to close where the handler says so, and to replace an invalid answer",
    arguments: [(200, "Close", 200, "close"), (200, "keep-alive", 200, nil), (99, "x", 500, nil)]
      as [(
        Int, String, Int, String?
      )])
  func loopAlone(status: Int, asked: String, expected: Int, connection: String?) throws {
    let waiting = ConditionLock<Responder?>(nil)
    let server = try TestServer(
      configure: { $0.mayReportLate = true },
      handler: { request, responder in
        if request.path == "/a" { waiting.withLock { $0 = responder } } else { TestServer.echo(request, responder) }
      })
    let client = try server.connect()
    let other = try server.connect()
    for _ in 0..<(connection == nil ? 2 : 1) {
      client.send(Self.get)
      let responder = try #require(waiting.wait(timeout: 30) { $0 })
      waiting.withLock { $0 = nil }
      // Once another one is answered the handler has returned.
      other.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(other.receive()?.status == 200)
      responder.send(Response(status: status, headers: [("Connection", asked)], body: [1]))
      let answer = client.receive()
      #expect(answer?.status == expected && answer?.headers["connection"] == connection)
    }
    if connection != nil { #expect(client.isClosedByServer()) }
  }

  @Test("who has finished sending gets the answer and then the end", arguments: [true, false])
  func halfClosed(beforeAnswer: Bool) throws {
    let answering = try Answering(isOpen: !beforeAnswer)
    let client = try answering.server.connect()
    client.send(Self.get)
    #expect(answering.waits(forRequests: 1))
    if beforeAnswer {
      client.finishSending()
      answering.open()
    }
    #expect(client.receive()?.text == "/a")
    client.finishSending()
    #expect(client.isClosedByServer())
  }

  @Test("who has gone before the answer harms nobody")
  func gone() throws {
    let answering = try Answering(isOpen: false)
    for number in 1...20 {
      let client = try answering.server.connect()
      client.send(Self.get)
      #expect(answering.waits(forRequests: number))
      if number % 2 == 0 { client.reset() }
    }
    answering.open()
    let other = try answering.server.connect()
    other.send(Self.get)
    #expect(other.receive()?.text == "/a")
    other.finishSending()
    #expect(other.isClosedByServer())
    // The loop has seen the ends of all of them by then, or sees them now.
    answering.server.server.shutdown(grace: 30)
    #expect(answering.server.server.statistics.openConnections == 0)
  }

  @Test("who says nothing more is closed in time, though nothing else goes on")
  func idle() throws {
    let answering = try Answering(idle: 0.2)
    let client = try answering.server.connect()
    client.send(Self.get)
    #expect(client.receive()?.text == "/a")
    #expect(client.isClosedByServer())
  }

  @Test("an answer in the making outlives the idle timeout")
  func slow() throws {
    let answering = try Answering(isOpen: false, idle: 0.05)
    let client = try answering.server.connect()
    client.send(Self.get)
    #expect(answering.waits(forRequests: 1))
    // Longer than the time after which the loop looks for the answer.
    usleep(1_300_000)
    answering.open()
    #expect(client.receive()?.text == "/a")
  }

  @Test("shutdown finishes what is in the making and closes what was answered")
  func shutdown() throws {
    let answering = try Answering()
    let answered = try answering.server.connect()
    answered.send(Self.get)
    #expect(answered.receive()?.text == "/a")
    answering.isOpen.withLock { $0 = false }
    let waiting = try answering.server.connect()
    waiting.send("GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(answering.waits(forRequests: 2))
    let server = answering.server.server
    let thread = try Thread.start(named: "shutdown") { server.shutdown(grace: 30) }
    #expect(answered.isClosedByServer())
    answering.open()
    let answer = waiting.receive()
    #expect(answer?.text == "/b")
    #expect(answer?.headers["connection"] == "close")
    #expect(waiting.isClosedByServer())
    waiting.finishSending()
    thread.join()
    #expect(server.statistics.openConnections == 0)
  }
}
