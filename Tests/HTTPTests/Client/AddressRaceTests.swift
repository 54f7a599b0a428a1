import Glibc
import POSIX
import Testing

@testable import HTTP

@Suite("Several addresses of a name")
struct AddressRaceTests {
  private func address(_ text: String) throws -> SocketAddress {
    let endpoint = try #require(Endpoint("http://\(text)"))
    return try #require(SocketAddress.all(of: endpoint.host, port: endpoint.port).first)
  }

  /// A socket of the loopback interface and its port; with a queue it takes connections.
  private func bound(queue: Int32?) throws -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var inet = sockaddr_in()
    inet.sin_family = sa_family_t(AF_INET)
    inet.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &inet) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, size) == 0 ? getsockname(descriptor, address, &size) : -1
      }
    }
    try #require(result == 0)
    if let queue { try #require(listen(descriptor, queue) == 0) }
    return (descriptor, UInt16(bigEndian: inet.sin_port))
  }

  @Test("families take turns, in the resolver's order")
  func turns() throws {
    let four = try (1...3).map { try address("127.0.0.\($0):1") }
    let six = try (1...3).map { try address("[fd00::\($0)]:1") }
    let (a, b) = (four, six)
    let cases: [([SocketAddress], [SocketAddress])] = [
      ([], []), (a, a), (b + a, [b[0], a[0], b[1], a[1], b[2], a[2]]), (a + [b[0]], [a[0], b[0], a[1], a[2]]),
      ([b[0]] + a, [b[0], a[0], a[1], a[2]]),
    ]
    for (given, expected) in cases { #expect(SocketAddress.alternating(given) == expected) }
  }

  @Test("whichever answers wins, wherever it stands", arguments: 0..<4)
  func anyPlace(place: Int) throws {
    let (listener, port) = try bound(queue: 8)
    let (nobody, closed) = try bound(queue: nil)
    defer { _ = (close(listener), close(nobody)) }
    var addresses = Array(repeating: try address("127.0.0.1:\(closed)"), count: 3)
    addresses.insert(try address("127.0.0.1:\(port)"), at: place)
    var race = AddressRace(addresses)
    let winner = try race.winner(by: Deadline(after: 60))
    var peer = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let raw = winner.rawValue
    withUnsafeMutablePointer(to: &peer) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getpeername(raw, $0, &size) }
    }
    #expect(UInt16(bigEndian: peer.sin_port) == port)
  }

  @Test("where none answers, the reason is told")
  func nobody() throws {
    let (nobody, closed) = try bound(queue: nil)
    defer { close(nobody) }
    let refusing = try address("127.0.0.1:\(closed)")
    for addresses in [[refusing], [refusing, refusing]] {
      #expect(throws: NetworkError.system(Errno(ECONNREFUSED))) {
        var race = AddressRace(addresses)
        _ = try race.winner(by: Deadline(after: 60))
      }
    }
    #expect(throws: NetworkError.unknownHost("no address")) {
      var race = AddressRace([])
      _ = try race.winner(by: Deadline(after: 60))
    }
  }

  @Test("silence ends with the deadline")
  func silence() throws {
    let (listener, port) = try bound(queue: 0)
    let silent = try address("127.0.0.1:\(port)")
    var filling: [Int32] = []
    defer { for descriptor in filling + [listener] { close(descriptor) } }
    // A full queue is neither a yes nor a no.
    for _ in 0..<8 {
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      _ = silent.connect(descriptor)
      filling.append(descriptor)
    }
    #expect(throws: NetworkError.timeout) {
      var race = AddressRace([silent, silent])
      _ = try race.winner(by: Deadline(after: 0.3))
    }
  }
}
