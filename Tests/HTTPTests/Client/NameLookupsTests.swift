import POSIX
import Testing

@testable import HTTP

@Suite("Lookups of names")
struct NameLookupsTests {
  private static let found = SocketAddress(bytes: [192, 0, 2, 7], port: 0)

  @Test("an address needs none, a name has its answer with the port")
  func answers() throws {
    let asked = Lock<[String]>([])
    let lookups = NameLookups { host in
      asked.withLock { $0.append(host) }
      return host == "web" ? .success([Self.found]) : .failure(ResolverError(description: "no such name"))
    }
    let deadline = Deadline(after: 60)
    for address in ["127.0.0.1", "::1"] {
      #expect(try lookups.addresses(of: address, port: 80, by: deadline).map(\.port) == [80])
    }
    #expect(asked.withLock { $0 }.isEmpty)
    #expect(
      try lookups.addresses(of: "web", port: 443, by: deadline) == [SocketAddress(bytes: [192, 0, 2, 7], port: 443)])
    #expect(throws: NetworkError.unknownHost("no such name")) {
      try lookups.addresses(of: "bew", port: 443, by: deadline)
    }
    // Nothing is remembered.
    _ = try lookups.addresses(of: "web", port: 443, by: deadline)
    #expect(asked.withLock { $0 } == ["web", "bew", "web"])
  }

  @Test("one that hangs is waited for until the deadline, and begun once however often it is asked for")
  func hangs() throws {
    let (gate, count) = (ConditionLock(false), Lock(0))
    let lookups = NameLookups { host in
      count.withLock { $0 += 1 }
      gate.wait { $0 ? () : nil }
      return .success([Self.found])
    }
    let begin = Clock.monotonicNanoseconds
    for _ in 0..<3 {
      #expect(throws: NetworkError.unknownHost("the lookup of its name timed out")) {
        try lookups.addresses(of: "web", port: 80, by: Deadline(after: 0.1))
      }
    }
    #expect(Clock.monotonicNanoseconds - begin < 5_000_000_000)
    #expect(count.withLock { $0 } == 1)
    gate.withLock { $0 = true }
    #expect(try lookups.addresses(of: "web", port: 80, by: Deadline(after: 60)).map(\.port) == [80])
  }
}
