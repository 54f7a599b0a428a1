internal import HTTP
internal import POSIX

/// So many requests each second from each peer, and so many at once: a token bucket for each.
final class RateLimiter: Sendable {
  /// Whom a bucket is for: an IPv4 address, the first half of an IPv6 one, or the user behind a Unix socket.
  struct Peer: Hashable {
    var bytes: [UInt8]

    init(_ address: SocketAddress?, _ credentials: PeerCredentials?) {
      if let credentials {
        bytes = [0] + withUnsafeBytes(of: credentials.user) { Array($0) }
      } else {
        // A host has a whole /64 at its disposal.
        bytes = Array((address?.bytes ?? []).prefix(address?.isIPv6 == true ? 8 : 4))
      }
    }

    /// One for all.
    static let everybody = Peer(nil, nil)
  }

  private struct Bucket {
    var tokens: Double
    var time: UInt64
  }

  /// The most peers that are told apart; all others share what is left for one.
  static let mostPeers = 4096

  private let rate: Double
  private let burst: Double
  private let boundsOthers: Bool
  private let buckets = Lock<[Peer: Bucket]>([:])
  /// When those that are full were last looked for, by the monotonic clock.
  private let lastSweep = Lock<UInt64?>(nil)

  /// As many at once as in one second.
  ///
  /// - Parameter rate: requests in a second; 0 is no limit.
  convenience init(rate: Int) {
    self.init(rate: Double(rate), burst: Double(rate))
  }

  /// - Parameters:
  ///   - rate: requests in a second; 0 is no limit.
  ///   - burst: how many may come at once, at least 1.
  ///   - boundsOthers: whether peers beyond those that are told apart share what is left for one; else nothing bounds them.
  init(rate: Double, burst: Double, boundsOthers: Bool = true) {
    self.boundsOthers = boundsOthers
    self.rate = rate
    self.burst = burst
  }

  /// Takes a request into account; the seconds to wait when it is one too many, else nil.
  func seconds(_ peer: Peer, now: UInt64) -> Int? {
    guard rate > 0 else { return nil }
    return buckets.withLock { buckets in
      var peer = peer
      if buckets[peer] == nil, buckets.count >= RateLimiter.mostPeers {
        sweep(&buckets, now)
        if buckets.count >= RateLimiter.mostPeers {
          guard boundsOthers else { return nil }
          peer = .everybody
        }
      }
      var tokens = buckets[peer].map { refilled($0, now) } ?? burst
      let isAllowed = tokens >= 1
      if isAllowed { tokens -= 1 }
      buckets[peer] = Bucket(tokens: tokens, time: now)
      return isAllowed ? nil : wait(tokens)
    }
  }

  /// A full bucket is as good as none. All are looked at, so not for each of many that come at once.
  private func sweep(_ buckets: inout [Peer: Bucket], _ now: UInt64) {
    let isDue = lastSweep.withLock { last in
      if let last, now >= last, now - last < RateLimiter.sweepPause { return false }
      last = now
      return true
    }
    if isDue { buckets = buckets.filter { refilled($0.value, now) < burst } }
  }

  /// Nanoseconds between two looks for full buckets.
  private static let sweepPause: UInt64 = 1_000_000_000

  private func wait(_ tokens: Double) -> Int { max(1, Int(clamping: ((1 - tokens) / rate).rounded(.up))) }

  /// How many requests of a peer count at present.
  func used(_ peer: Peer, now: UInt64) -> Double {
    buckets.withLock { buckets in buckets[peer].map { burst - refilled($0, now) } ?? 0 }
  }

  /// Forgets one request that was taken into account.
  func giveBack(_ peer: Peer) {
    buckets.withLock { buckets in
      if let bucket = buckets[peer] { buckets[peer]?.tokens = min(burst, bucket.tokens + 1) }
    }
  }

  private func refilled(_ bucket: Bucket, _ now: UInt64) -> Double {
    let passed = now > bucket.time ? Double(now - bucket.time) / 1e9 : 0
    return min(burst, bucket.tokens + passed * rate)
  }
}
