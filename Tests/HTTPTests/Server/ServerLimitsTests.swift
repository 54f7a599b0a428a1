import Glibc
import POSIX
import Testing

@testable import HTTP

/// What happens when there are too many clients, or too few descriptors.
@Suite struct ServerLimitsTests {
  private let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

  @Test("At the limit the longest idle connection makes room for the new one")
  func eviction() throws {
    let server = try TestServer { $0.maximumConnections = 3 }
    let clients = try (0..<3).map { _ in
      let client = try server.connect()
      client.send(get)
      #expect(client.receive()?.status == 200)
      return client
    }
    let fresh = try server.connect()
    fresh.send(get)
    #expect(fresh.receive()?.status == 200)
    #expect(clients[0].isClosedByServer())
    clients[2].send(get)
    #expect(clients[2].receive()?.status == 200)
    #expect(server.server.statistics.evictedConnections == 1)
    #expect(server.server.statistics.refusedConnections == 0)
  }

  @Test("Who has got the last answer makes room before anybody else, which is no eviction")
  func lingering() throws {
    let server = try TestServer {
      $0.maximumConnections = 2
      $0.timeouts.linger = 3_600
    }
    let idle = try server.connect()
    idle.send(get)
    #expect(idle.receive()?.status == 200)
    let lingering = try server.connect()
    lingering.send("\u{1}")
    #expect(lingering.receive()?.status == 400)
    #expect(lingering.isClosedByServer())
    let fresh = try server.connect()
    for client in [fresh, idle] {
      client.send(get)
      #expect(client.receive()?.status == 200)
    }
    #expect(server.server.statistics.openConnections == 2 && server.server.statistics.evictedConnections == 0)
  }

  @Test("Who does not take an answer and makes room for another is reset, so that the kernel keeps none of it")
  func evictionResets() throws {
    let body = [UInt8](repeating: 0, count: 20_000_000)
    let server = try TestServer(
      configure: { $0.maximumConnections = 1 },
      handler: { request, responder in
        if request.path == "/big" { return responder.send(Response(status: 200, body: body)) }
        TestServer.echo(request, responder)
      })
    let greedy = try server.connect(receiveBuffer: 4096)
    greedy.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(greedy.receive(withBody: false)?.status == 200)
    let fresh = try server.connect()
    fresh.send(get)
    #expect(fresh.receive()?.status == 200)
    #expect(greedy.endsInReset())
  }

  @Test("A crowd of clients that dribble does not shut others out")
  func dribblers() throws {
    let server = try TestServer { $0.maximumConnections = 5 }
    let crowd = try (0..<20).map { _ in
      let client = try server.connect()
      client.send("GET / HT")
      return client
    }
    for _ in 0..<10 {
      let client = try server.connect()
      client.send(get)
      #expect(client.receive()?.status == 200)
    }
    // Which of the crowd are left depends on whose bytes came before the others connected; how many does not.
    #expect(server.server.statistics.evictedConnections >= crowd.count - 5)
    #expect(server.server.statistics.refusedConnections == 0)
  }

  @Test("Nor does a crowd whose bodies never come, or that does not take its answers", arguments: [true, false])
  func halfDone(isBody: Bool) throws {
    let body = [UInt8](repeating: 0, count: 20_000_000)
    let server = try TestServer(
      configure: { $0.maximumConnections = 5 },
      handler: { request, responder in
        if request.path == "/big" { return responder.send(Response(status: 200, body: body)) }
        TestServer.echo(request, responder)
      })
    let first =
      isBody
      ? "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1" : "GET /big HTTP/1.1\r\nHost: a\r\n\r\n"
    let crowd = try (0..<20).map { _ in
      let client = try server.connect(receiveBuffer: 4096)
      client.send(first)
      return client
    }
    for _ in 0..<10 {
      let client = try server.connect()
      client.send(get)
      #expect(client.receive()?.status == 200)
    }
    #expect(server.server.statistics.evictedConnections >= crowd.count - 5)
    #expect(server.server.statistics.refusedConnections == 0)
  }

  @Test("Bodies that are not finished are kept within a bound for all of them, those that take longest go")
  func bodies() throws {
    let server = try TestServer {
      $0.limits.bodyBytes = 100_000
      $0.allBodyBytes = 300_000
    }
    let post = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
    let crowd = try (0..<20).map { _ in
      let client = try server.connect()
      client.send(post + String(repeating: "x", count: 99_999))
      return client
    }
    #expect(server.waits { $0.problems.count { $0 == .tooManyBodies } >= crowd.count - 3 })
    // The report comes before the end of the last one.
    for _ in 0..<3000 where server.server.statistics.openConnections > 3 { usleepMilliseconds(10) }
    #expect(server.server.statistics.openConnections <= 3)
    // Another one comes through.
    let client = try server.connect()
    client.send(post + String(repeating: "x", count: 100_000))
    #expect(client.receive()?.status == 200)
  }

  @Test("The bound of all bodies is never less than what one may have")
  func oneBody() throws {
    let server = try TestServer { $0.allBodyBytes = 0 }
    let client = try server.connect()
    // More than is read at a time.
    client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n")
    for _ in 0..<3 { client.send(String(repeating: "x", count: 100_000)) }
    #expect(client.receive()?.status == 200)
    #expect(server.server.statistics.evictedConnections == 0)
  }

  @Test("Answers that nobody takes are kept within a bound for all of them, those that wait for longest go")
  func answers() throws {
    let size = 6_000_000
    let server = try TestServer(
      configure: { $0.allAnswerBytes = size / 2 },
      handler: { _, responder in responder.send(Response(status: 200, body: [UInt8](repeating: 7, count: size))) })
    // These are kept in any case.
    let kept = 2
    let crowd = try (0..<12).map { _ in
      let client = try server.connect()
      client.send(get)
      return client
    }
    #expect(server.waits { $0.problems.count { $0 == .tooManyAnswers } == crowd.count - kept })
    // The report comes before the end of the last one.
    for _ in 0..<3000 where server.server.statistics.openConnections > kept { usleepMilliseconds(10) }
    #expect(server.server.statistics.openConnections == kept)
    #expect(server.server.statistics.evictedConnections == crowd.count - kept)
    // Another one gets its own, and one of those that are left is still served.
    let client = try server.connect()
    client.send(get)
    #expect(client.receive(withBody: false)?.status == 200)
    #expect(crowd.contains { $0.receive()?.body.count == size })
  }

  @Test("Who takes an answer steadily is not closed for those who came later and take nothing")
  func steadyClient() throws {
    let size = 40_000_000
    let server = try TestServer(
      configure: { $0.allAnswerBytes = size / 2 },
      handler: { _, responder in responder.send(Response(status: 200, body: [UInt8](repeating: 7, count: size))) })
    let steady = try server.connect(receiveBuffer: 65_536)
    steady.send(get)
    steady.take(1_000)
    var taken = 0
    let idle = try (0..<4).map { _ in
      let client = try server.connect(receiveBuffer: 65_536)
      client.send(get)
      // It has begun before the next one comes, and more than any buffer holds goes to the steady one meanwhile.
      client.take(1_000)
      taken += 8_000_000
      steady.take(taken)
      return client
    }
    #expect(server.waits { $0.problems.count { $0 == .tooManyAnswers } == idle.count - 1 })
    #expect(steady.receive()?.body.count == size)
  }

  @Test("What they share counts once")
  func sharedAnswers() throws {
    let body = [UInt8](repeating: 7, count: 6_000_000)
    let server = try TestServer(
      configure: { $0.allAnswerBytes = body.count + 100_000 },
      handler: { _, responder in responder.send(Response(status: 200, body: body)) })
    let crowd = try (0..<8).map { _ in
      let client = try server.connect()
      client.send(get)
      return client
    }
    for client in crowd { #expect(client.receive(withBody: false)?.status == 200) }
    #expect(server.server.statistics.openConnections == crowd.count)
    #expect(server.server.statistics.evictedConnections == 0)
  }

  @Test("At the limit, with every connection busy, a new one gets 503; it recovers")
  func refusal() throws {
    let waiting = ConditionLock<[Responder]>([])
    let server = try TestServer(
      configure: {
        $0.maximumConnections = 2
        $0.maximumRefusals = 1
      }, handler: { _, responder in waiting.withLock { $0.append(responder) } })
    let busy = try (0..<2).map { _ in
      let client = try server.connect()
      client.send(get)
      return client
    }
    #expect(waiting.wait(timeout: 30) { $0.count == 2 ? true : nil } == true)
    let refused = try server.connect()
    let answer = refused.receive()
    #expect(answer?.status == 503)
    #expect(answer?.headers["connection"] == "close")
    // It still counts as a refusal, so the next one is not even told.
    let dropped = try server.connect()
    #expect(dropped.isGone())
    #expect(server.waits { $0.problems == [.refused, .refused] && $0.access.map { $0.status } == [503] })
    for responder in waiting.withLock({ $0 }) { responder.send(.text(200, "at last")) }
    for client in busy { #expect(client.receive()?.text == "at last\n") }
    let next = try server.connect()
    next.send(get)
    #expect(waiting.wait(timeout: 30) { $0.count == 3 ? true : nil } == true)
    waiting.withLock { $0 }.last?.send(.text(200, "served"))
    #expect(next.receive()?.text == "served\n")
  }

  @Test("Without descriptors it refuses or waits, and serves again as soon as there are some")
  func noDescriptors() throws {
    let failures = Lock(0)
    let server = try TestServer(accept: { (listener: Int32) throws(Errno) -> AcceptedSocket in
      let mustFail = failures.withLock { count in
        count -= 1
        return count >= 0
      }
      if mustFail { throw Errno(EMFILE) }
      return try Socket.accept(from: listener)
    })
    // One failure: the spare descriptor lets the client be accepted and closed, each time.
    for count in 1...2 {
      failures.withLock { $0 = 1 }
      let refused = try server.connect()
      #expect(refused.isGone())
      #expect(server.waits { $0.problems == Array(repeating: .cannotAccept, count: count) })
    }
    // Many failures: clients wait in the backlog, and get their answers later.
    failures.withLock { $0 = 6 }
    let patient = try server.connect()
    patient.send(get)
    #expect(patient.receive()?.status == 200)
    #expect(server.server.statistics.acceptErrors >= 3)
    // An idle connection gives its descriptor to a new one.
    failures.withLock { $0 = 1 }
    let fresh = try server.connect()
    fresh.send(get)
    #expect(fresh.receive()?.status == 200)
    #expect(patient.isClosedByServer())
  }

  @Test("Two thousand idle connections do not keep a client waiting")
  func manyIdle() throws {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let count = min(2000, (Int(clamping: limit.rlim_cur) - 200) / 2)
    let server = try TestServer { $0.maximumConnections = 5000 }
    let idle = try (0..<count).map { _ in
      let client = try server.connect()
      client.send(get)
      return client
    }
    for client in idle { #expect(client.receive()?.status == 200) }
    #expect(server.server.statistics.openConnections == count)
    let fresh = try server.connect()
    fresh.send(get)
    #expect(fresh.receive()?.status == 200)
    for client in idle { client.send(get) }
    for client in idle { #expect(client.receive()?.status == 200) }
  }

  @Test("The descriptor limit bounds the connections, with some left for the rest of the program")
  func capacity() {
    var configuration = ServerConfiguration(listen: [])
    configuration.maximumConnections = .max
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let capacity = Capacity(configuration)
    let most = max(8, Int(clamping: limit.rlim_cur) - configuration.reservedDescriptors)
    #expect(capacity.connections + capacity.refusals <= most)
    configuration.maximumConnections = 0
    #expect(Capacity(configuration).connections == 1)
  }
}

func usleepMilliseconds(_ milliseconds: UInt32) {
  usleep(milliseconds * 1000)
}
