import POSIX
import Testing

@testable import HTTP

/// Who waits for whom, and for whom nobody works.
@Suite struct ServerFairnessTests {
  private static func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n" }

  @Test(
    "A client that sends many requests at once does not keep the others waiting for all of them", arguments: [1, 30])
  func pipelining(crowdCount: Int) throws {
    let gate = ConditionLock(false)
    let served = Lock<[String]>([])
    let server = try TestServer(handler: { request, responder in
      if request.path == "/first" { gate.wait { $0 ? () : nil } }
      served.withLock { $0.append(request.path) }
      responder.send(.text(200, "served"))
    })
    // The loop stands still until all have sent.
    let first = try server.connect()
    first.send(Self.get("/first"))
    let crowd = try (0..<crowdCount).map { _ in
      let client = try server.connect()
      client.send(String(repeating: Self.get("/many"), count: 200))
      return client
    }
    let other = try server.connect()
    other.send(Self.get("/other"))
    gate.withLock { $0 = true }
    #expect(other.receive()?.status == 200)
    for client in crowd { for _ in 0..<200 { #expect(client.receive()?.status == 200) } }
    let paths = served.withLock { $0 }
    #expect(paths.count == crowdCount * 200 + 2)
    let before = try #require(paths.firstIndex(of: "/other"))
    #expect(before <= crowdCount * 50, "\(before)")
  }

  @Test("What a client has sent is answered to the end, also where it has closed its half behind that")
  func pipeliningToTheEnd() throws {
    let server = try TestServer()
    let client = try server.connect()
    client.send(String(repeating: Self.get("/a"), count: 100))
    client.finishSending()
    for _ in 0..<100 { #expect(client.receive()?.status == 200) }
    #expect(client.isClosedByServer())
  }

  @Test("Many requests at once that other threads answer come in their order")
  func pipeliningElsewhere() throws {
    let waiting = ConditionLock<[(String, Responder)]>([])
    let server = try TestServer(handler: { request, responder in
      if request.path.hasPrefix("/slow") {
        waiting.withLock { $0.append((request.path, responder)) }
      } else {
        responder.send(.text(200, request.path))
      }
    })
    let client = try server.connect()
    let paths = (0..<60).map { $0 % 7 == 3 ? "/slow\($0)" : "/\($0)" }
    client.send(paths.map(Self.get).joined())
    for path in paths {
      if path.hasPrefix("/slow") {
        let next = waiting.wait(timeout: 30) { $0.isEmpty ? nil : $0.removeFirst() }
        next?.1.send(.text(200, next?.0 ?? ""))
      }
      #expect(client.receive()?.text == path + "\n")
    }
  }

  /// What a client does while its answer is made.
  enum Departure: CaseIterable {
    case stays, closesItsHalf, closes, resets
  }

  @Test("Whoever makes an answer may ask whether somebody waits for it", arguments: Departure.allCases, [1, 40])
  func presence(departure: Departure, requests: Int) throws {
    let waiting = ConditionLock<Responder?>(nil)
    let server = try TestServer(handler: { _, responder in waiting.withLock { if $0 == nil { $0 = responder } } })
    var client: RawClient? = try server.connect()
    client?.send(String(repeating: Self.get("/a"), count: requests))
    let responder = try #require(waiting.wait(timeout: 30) { $0 })
    #expect(!responder.isUnwanted && !responder.mayBeUnwanted)
    switch departure {
    case .stays: break
    case .closesItsHalf: client?.finishSending()
    case .closes: client = nil
    case .resets:
      client?.reset()
      client = nil
    }
    for _ in 0..<3_000 where departure != .stays && !responder.mayBeUnwanted { usleepMilliseconds(10) }
    #expect(responder.mayBeUnwanted == (departure != .stays))
    for _ in 0..<3_000 where departure == .resets && !responder.isUnwanted { usleepMilliseconds(10) }
    #expect(responder.isUnwanted == (departure == .resets))
    // Who has only closed its half still gets the answer.
    responder.send(.text(200, "served"))
    if let client { #expect(client.receive()?.text == "served\n") }
    waiting.withLock { $0 = nil }
  }
}
