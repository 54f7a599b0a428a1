import Glibc
import POSIX
import Testing

@testable import HTTP

@Suite struct ServerTests {
  private let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

  @Test("A connection carries one request after another")
  func keepAlive() throws {
    let server = try TestServer()
    let client = try server.connect()
    for number in 0..<20 {
      client.send("GET /\(number)?x HTTP/1.1\r\nHost: a\r\n\r\n")
      let answer = try #require(client.receive())
      #expect(answer.status == 200)
      #expect(answer.text == "GET /\(number)?x []\n")
      #expect(answer.headers["connection"] == nil)
      #expect(answer.headers["date"]?.hasSuffix(" GMT") == true)
    }
    #expect(server.server.statistics.acceptedConnections == 1)
  }

  @Test("Connection and version decide whether the connection stays open")
  func persistence() throws {
    let server = try TestServer()
    for (request, stays) in [
      ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false),
      ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n", false),
      ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close, keep-alive\r\n\r\n", false),
      ("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", true),
      ("GET / HTTP/1.0\r\n\r\n", false),
      ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
    ] {
      let client = try server.connect()
      client.send(request)
      let answer = try #require(client.receive())
      #expect((answer.headers["connection"] == "close") != stays, "\(request)")
      if stays {
        #expect(request.contains("1.0") == (answer.headers["connection"] == "keep-alive"))
        client.send(get)
        #expect(client.receive()?.status == 200)
      } else {
        #expect(client.isClosedByServer())
      }
    }
  }

  @Test("A hundred pipelined requests are answered in order, though later ones are answered by another thread")
  func pipelining() throws {
    let server = try TestServer(handler: { request, responder in
      guard request.path.hasSuffix("3") else { return TestServer.echo(request, responder) }
      _ = try? Thread.startDetached(named: "answer") { TestServer.echo(request, responder) }
    })
    let client = try server.connect()
    client.send((0..<100).map { "POST /\($0) HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" }.joined())
    for number in 0..<100 { #expect(client.receive()?.text == "POST /\(number)? [hi]\n") }
  }

  @Test("HEAD gets the head that GET gets, and no body")
  func head() throws {
    let server = try TestServer()
    let client = try server.connect()
    client.send(get)
    let whole = try #require(client.receive())
    client.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n" + get)
    let head = try #require(client.receive(withBody: false))
    #expect(head.headers["content-length"] == "12")
    #expect(whole.headers["content-length"] == "11")
    #expect(client.receive()?.body == whole.body, "what follows the head is the next answer")
  }

  @Test("A body in pieces arrives as one, however many and large they are", arguments: [0, 1, 15, 16, 17, 100])
  func pieces(count: Int) throws {
    // Some empty, some larger than a socket takes at once.
    var pieces: [[UInt8]] = []
    for number in 0..<count {
      let length = number % 3 == 0 ? 0 : number % 5 == 0 ? 400_000 : number
      pieces.append([UInt8](repeating: UInt8(number), count: length))
    }
    let body = pieces.flatMap { $0 }
    let server = try TestServer(handler: { [pieces] _, responder in
      responder.send(Response(status: 200, pieces: pieces))
    })
    let client = try server.connect()
    for _ in 0..<2 {
      client.send(get)
      #expect(client.receive()?.body == body)
    }
  }

  @Test("204 and 304 have no body even if the handler gives one", arguments: [204, 304])
  func bodiless(status: Int) throws {
    let server = try TestServer(handler: { request, responder in
      responder.send(request.path == "/a" ? .text(status, "no") : .text(200, "yes"))
    })
    let client = try server.connect()
    client.send(get + "GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(client.receive()?.status == status)
    #expect(client.receive()?.text == "yes\n")
  }

  @Test("A request that comes byte by byte is answered like any other")
  func byteByByte() throws {
    let server = try TestServer()
    let client = try server.connect()
    for byte in Array("PUT /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".utf8) {
      client.send([byte])
    }
    #expect(client.receive()?.text == "PUT /p? [abc]\n")
  }

  @Test("100 Continue is sent when the body is awaited")
  func expectation() throws {
    let server = try TestServer()
    let client = try server.connect()
    client.send("PUT /p HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    #expect(client.receive()?.status == 100)
    client.send("abc")
    #expect(client.receive()?.text == "PUT /p? [abc]\n")
    client.send(get)
    #expect(client.receive()?.status == 200)
  }

  @Test("Who waits for 100 Continue is told at once when the body is of no use, and nothing follows on the connection")
  func refusedExpectation() throws {
    let server = try TestServer(configure: {
      $0.expectation = { request, responder in
        // As a password is checked: on another thread, some time later.
        _ = try? Thread.startDetached(named: "expectation") {
          usleep(10_000)
          responder.send(request.path == "/no" && request.method == .put ? .text(415, "no use") : .goAhead)
        }
      }
    })
    let client = try server.connect()
    let head = " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    client.send("PUT /yes" + head)
    #expect(client.receive()?.status == 100)
    client.send("abc")
    #expect(client.receive()?.text == "PUT /yes? [abc]\n")
    client.send("PUT /no" + head)
    let answer = try #require(client.receive())
    #expect(answer.status == 415 && answer.text == "no use\n" && answer.headers["connection"] == "close")
    client.send("abc" + get)
    #expect(client.receive() == nil)
    #expect(server.waits { $0.access.map(\.status) == [200, 415] && $0.access.last?.path == "/no" })
    // Who sends the body unasked is answered by the handler.
    let other = try server.connect()
    other.send("PUT /no" + head + "abc")
    #expect(other.receive()?.text == "PUT /no? [abc]\n")
  }

  @Test("OPTIONS * is answered by the server itself")
  func optionsAsterisk() throws {
    let server = try TestServer()
    let client = try server.connect()
    client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n" + get)
    #expect(client.receive()?.status == 204)
    #expect(client.receive()?.status == 200)
    #expect(server.waits { $0.access.first?.isServersOwn == true && $0.access.count == 2 })
  }

  @Test("A client that closes its sending half still gets its answers")
  func halfClosed() throws {
    let server = try TestServer()
    let client = try server.connect()
    client.send(get + get)
    client.finishSending()
    #expect(client.receive()?.status == 200)
    #expect(client.receive()?.status == 200)
    #expect(client.isClosedByServer())
  }

  @Test("An answer may come from another thread; without any it is 500; of several the first counts")
  func responder() throws {
    let server = try TestServer(handler: { request, responder in
      switch request.path {
      case "/thread":
        _ = try? Thread.startDetached(named: "answer") { responder.send(.text(200, "from afar")) }
      case "/twice":
        responder.send(.text(200, "first"))
        responder.send(.text(200, "second"))
      case "/status": responder.send(.text(99, "x"))
      default: break
      }
    })
    let client = try server.connect()
    for (path, status, text) in [
      ("/thread", 200, "from afar\n"), ("/none", 500, "500 Internal Server Error: no answer was given\n"),
      ("/twice", 200, "first\n"), ("/status", 500, "500 Internal Server Error: no such status\n"),
      ("/thread", 200, "from afar\n"),
    ] {
      client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
      let answer = client.receive()
      #expect(answer?.status == status)
      #expect(answer?.text == text)
    }
  }

  @Test("A large body arrives whole")
  func largeBody() throws {
    let body = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
    let server = try TestServer(handler: { _, responder in responder.send(Response(status: 200, body: body)) })
    let client = try server.connect(receiveBuffer: 4096)
    client.send(get)
    #expect(client.receive()?.body == body)
  }

  @Test("Each answer is reported, the server's own too")
  func reports() throws {
    let server = try TestServer()
    let client = try server.connect()
    client.send("GET /a%20b?c HTTP/1.1\r\nHost: a\r\n\r\n" + "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: z\r\n\r\n")
    #expect(client.receive()?.status == 200)
    #expect(client.receive()?.status == 400)
    let other = try server.connect()
    other.send("\u{1}")
    #expect(other.receive()?.status == 400)
    #expect(
      server.waits { reports in
        guard reports.access.count == 3 else { return false }
        let (first, second, third) = (reports.access[0], reports.access[1], reports.access[2])
        return first.method == .get && first.path == "/a b" && first.status == 200 && !first.isServersOwn
          && first.bodyBytes == "GET /a b?c []\n".utf8.count && first.isComplete && first.peer.host == "127.0.0.1"
          && second.method == .post && second.path == "/x" && second.status == 400 && second.isServersOwn
          && third.method == nil && third.path.isEmpty && third.status == 400 && third.isServersOwn
      })
  }

  @Test("A client that breaks off in the middle of a request is reported and forgotten")
  func brokenOff() throws {
    let server = try TestServer()
    let client = try server.connect()
    client.send("GET / HT")
    client.finishSending()
    #expect(client.isClosedByServer())
    #expect(server.waits { $0.problems == [.brokenByClient] && $0.access.isEmpty })
  }
}
