import Testing

@testable import Exporter
@testable import HTTP

@Suite("Limits of a rate")
struct RateLimiterTests {
  private typealias Peer = RateLimiter.Peer
  private let second: UInt64 = 1_000_000_000

  /// The peer of a Unix socket whose user has this number.
  private func user(_ number: UInt32) -> Peer {
    Peer(nil, PeerCredentials(pid: 1, user: number))
  }

  @Test("Each peer has its own allowance, which comes back with time")
  func rate() {
    let limiter = RateLimiter(rate: 2)
    #expect((0..<3).map { _ in limiter.seconds(user(1), now: 0) } == [nil, nil, 1])
    #expect(limiter.seconds(user(2), now: 0) == nil)
    #expect(limiter.seconds(user(1), now: second / 2) == nil)
    #expect(limiter.seconds(user(1), now: second / 2) == 1)
    #expect((0..<99).allSatisfy { _ in RateLimiter(rate: 0).seconds(user(1), now: 0) == nil })
  }

  @Test("however long a peer was quiet, it may send no more at once than the burst")
  func burst() {
    let limiter = RateLimiter(rate: 10, burst: 2)
    func atOnce(_ now: UInt64) -> Int { (0..<100).count { _ in limiter.seconds(user(1), now: now) == nil } }
    #expect(atOnce(0) == 2)
    #expect(atOnce(1000 * second) == 2)
    #expect(atOnce(1000 * second + second / 10) == 1)
  }

  @Test("the wait is until the next whole request, and at least a second")
  func wait() {
    let limiter = RateLimiter(rate: 0.125, burst: 1)
    #expect(limiter.seconds(user(1), now: 0) == nil)
    #expect(limiter.seconds(user(1), now: 0) == 8)
    #expect(limiter.seconds(user(1), now: 3 * second + second / 2) == 5)
    #expect(limiter.seconds(user(1), now: 7 * second + second / 2) == 1)
    #expect(limiter.seconds(user(1), now: 8 * second) == nil)
  }

  @Test("a clock that stands still or goes back gives nothing")
  func backwards() {
    let limiter = RateLimiter(rate: 1, burst: 1)
    #expect(limiter.seconds(user(1), now: 5 * second) == nil)
    #expect(limiter.seconds(user(1), now: 0) == 1)
    #expect(limiter.seconds(user(1), now: second) == nil, "time goes on from where it went back to")
  }

  @Test("what is given back is there again, but never more than the burst")
  func givenBack() {
    let limiter = RateLimiter(rate: 0.5, burst: 2)
    limiter.giveBack(user(1))
    #expect((0..<3).map { _ in limiter.seconds(user(1), now: 0) } == [nil, nil, 2])
    limiter.giveBack(user(1))
    #expect(limiter.seconds(user(1), now: 0) == nil)
    for _ in 0..<9 { limiter.giveBack(user(1)) }
    #expect((0..<3).map { _ in limiter.seconds(user(1), now: 0) } == [nil, nil, 2])
    #expect(limiter.seconds(user(1), now: second) == 1)
  }

  @Test("where the others are not to suffer, peers that are not told apart have no bound")
  func manyPeersWithoutBound() {
    let limiter = RateLimiter(rate: 1, burst: 1, boundsOthers: false)
    for number in 0..<UInt32(RateLimiter.mostPeers) { _ = limiter.seconds(user(number), now: 0) }
    #expect((0..<5).map { _ in limiter.seconds(user(10_000), now: 0) } == [nil, nil, nil, nil, nil])
    #expect(limiter.seconds(user(1), now: 0) == 1)
  }

  @Test("of more peers than are told apart, the rest share one allowance, until the others are full again")
  func manyPeers() {
    let limiter = RateLimiter(rate: 1, burst: 2)
    for number in 0..<UInt32(RateLimiter.mostPeers) { #expect(limiter.seconds(user(number), now: 0) == nil) }
    #expect(limiter.seconds(user(1), now: 0) == nil, "who is known keeps its own")
    let strangers = (10_000..<10_003).map { limiter.seconds(user($0), now: 0) }
    #expect(strangers == [nil, nil, 1])
    // All but user 1 are full after a second: a full bucket is as good as none.
    #expect((0..<3).map { _ in limiter.seconds(user(30_000), now: second) } == [nil, nil, 1])
    #expect((0..<3).map { _ in limiter.seconds(user(1), now: second) } == [nil, 1, 1])
  }

  /// The first half of an IPv6 address.
  private static func network(_ number: UInt8) -> [UInt8] { [0x20, 1, 0x0d, 0xb8, 0, 0, 0, number] }

  @Test(
    "a peer is a user, an IPv4 address, or the first half of an IPv6 one",
    arguments: [
      ([192, 0, 2, 1], [192, 0, 2, 1], true), ([192, 0, 2, 1], [192, 0, 2, 2], false),
      (network(1) + [0, 0, 0, 0, 0, 0, 0, 1], network(1) + [9, 9, 9, 9, 9, 9, 9, 9], true),
      (network(1) + [0, 0, 0, 0, 0, 0, 0, 1], network(2) + [0, 0, 0, 0, 0, 0, 0, 1], false),
      ([127, 0, 0, 1], network(0) + [0, 0, 0, 0, 0, 0, 0, 1], false),
    ] as [([UInt8], [UInt8], Bool)])
  func peers(one: [UInt8], other: [UInt8], areSame: Bool) {
    let (one, other) = (SocketAddress(bytes: one, port: 1), SocketAddress(bytes: other, port: 2))
    #expect((Peer(one, nil) == Peer(other, nil)) == areSame)
    #expect(Peer(one, nil) != user(0) && Peer(one, nil) != .everybody)
    #expect(user(0) != user(1) && user(0) != .everybody)
  }
}
