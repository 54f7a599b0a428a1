import POSIX
import Testing

@testable import HTTP

/// Answers without an end, as they go through real sockets.
@Suite("An answer without an end")
struct ServerStreamTests {
  /// A server that answers every request by a stream, and keeps it.
  private final class Streaming: Sendable {
    private let streams = ConditionLock<[ResponseStream]>([])
    private let waiting = ConditionLock<Responder?>(nil)
    let server: TestServer

    /// - Parameter elsewhere: whether another thread gives the answers, past the event loop where it may.
    init(elsewhere: Bool = false) throws {
      let (streams, waiting) = (self.streams, self.waiting)
      server = try TestServer(
        configure: { $0.mayReportLate = elsewhere },
        handler: { request, responder in
          if request.path != "/a" { return TestServer.echo(request, responder) }
          if elsewhere { return waiting.withLock { $0 = responder } }
          streams.withLock { $0.append(Self.begin(responder)) }
        })
    }

    private static func begin(_ responder: Responder) -> ResponseStream {
      responder.stream(Response(status: 200, body: Array("begin\n".utf8)))
    }

    /// Answers the request that waits, on this thread, once the handler has returned: then somebody else is answered.
    func answer() throws {
      let responder = try #require(waiting.wait(timeout: 30) { $0 })
      waiting.withLock { $0 = nil }
      let other = try server.connect()
      other.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(other.receive()?.status == 200)
      streams.withLock { $0.append(Self.begin(responder)) }
    }

    func send(_ text: String, standsAlone: Bool) { send(Array(text.utf8), standsAlone: standsAlone) }
    func send(_ bytes: [UInt8], standsAlone: Bool) {
      streams.withLock { $0.last?.send(bytes, standsAlone: standsAlone) }
    }
    func letGo() { streams.withLock { $0 = [] } }

    /// Waits until the stream is such, for as long as no sane machine needs.
    func waits(until condition: (ResponseStream) -> Bool) -> Bool {
      for _ in 0..<3_000 {
        if streams.withLock({ $0.last.map(condition) ?? false }) { return true }
        usleepMilliseconds(10)
      }
      return false
    }
  }

  private func begin(
    _ streaming: Streaming, elsewhere: Bool = false, method: String = "GET", receiveBuffer: Int32? = nil
  ) throws -> RawClient {
    let client = try streaming.server.connect(receiveBuffer: receiveBuffer)
    client.send("\(method) /a HTTP/1.1\r\nHost: a\r\n\r\n")
    if elsewhere { try streaming.answer() }
    let head = try #require(client.receive(withBody: false))
    #expect(head.status == 200 && head.headers["content-length"] == nil && head.headers["connection"] == "close")
    return client
  }

  @Test("goes on piece by piece until it is let go, whichever thread began it", arguments: [false, true])
  func pieces(elsewhere: Bool) throws {
    let streaming = try Streaming(elsewhere: elsewhere)
    let client = try begin(streaming, elsewhere: elsewhere)
    #expect(client.receive(count: 6) == "begin\n")
    // What the client says meanwhile has no meaning.
    client.send("GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
    for (text, standsAlone) in [("one", true), ("two", false), ("three", true), ("four", false)] {
      streaming.send(text, standsAlone: standsAlone)
      #expect(client.receive(count: text.utf8.count) == text)
    }
    streaming.letGo()
    #expect(client.isClosedByServer())
    #expect(streaming.server.waits { $0.access.contains { $0.path == "/a" && $0.status == 200 } })
  }

  @Test("has no gap: who does not take a piece misses the next ones, until one stands alone")
  func gap() throws {
    let streaming = try Streaming()
    let client = try begin(streaming, receiveBuffer: 4096)
    #expect(client.receive(count: 6) == "begin\n")
    // More than the sockets hold, so that it is on its way until the client reads.
    let large = [UInt8](repeating: UInt8(ascii: "x"), count: 20_000_000)
    streaming.send(large, standsAlone: true)
    #expect(streaming.waits { !$0.isBehind })
    streaming.send("lost", standsAlone: true)
    #expect(streaming.waits { $0.isBehind })
    #expect(client.receive(count: large.count).map { Array($0.utf8) == large } == true)
    streaming.send("gap", standsAlone: false)
    streaming.send("whole", standsAlone: true)
    #expect(client.receive(count: 5) == "whole")
  }

  @Test("is its head alone for who asks for that, and nobody goes on with it")
  func head() throws {
    let streaming = try Streaming()
    let client = try begin(streaming, method: "HEAD")
    #expect(client.isClosedByServer())
    #expect(streaming.waits { !$0.isOpen })
  }

  @Test("ends when the client sends much, which nobody wants, or goes", arguments: [true, false])
  func client(sends: Bool) throws {
    let streaming = try Streaming()
    let client = try begin(streaming)
    #expect(client.receive(count: 6) == "begin\n")
    if sends {
      client.send([UInt8](repeating: 0, count: 4 * Connection.maximumLingerBytes))
    } else {
      client.finishSending()
    }
    #expect(streaming.waits { !$0.isOpen })
    #expect(client.isGone())
  }

  @Test("ends at once in a shutdown, which does not wait for it")
  func shutdown() throws {
    let streaming = try Streaming()
    let client = try begin(streaming)
    #expect(client.receive(count: 6) == "begin\n")
    let server = streaming.server.server
    let thread = try Thread.start(named: "shutdown") { server.shutdown(grace: 60) }
    #expect(client.isClosedByServer())
    #expect(streaming.waits { !$0.isOpen })
    thread.join()
  }
}
