internal import POSIX
internal import Synchronization

/// The counters behind `ServerStatistics`: the event loop adds, any thread reads.
final class Counters: Sendable {
  let open = Atomic<Int>(0)
  let accepted = Atomic<Int>(0)
  let refused = Atomic<Int>(0)
  let evicted = Atomic<Int>(0)
  let timeouts = Atomic<Int>(0)
  private let handshakeErrors = Lock<[HandshakeError: Int]>([:])
  let acceptErrors = Atomic<Int>(0)

  func add(_ error: HandshakeError) { handshakeErrors.withLock { $0[error, default: 0] += 1 } }

  var snapshot: ServerStatistics {
    var result = ServerStatistics()
    result.openConnections = open.load(ordering: .relaxed)
    result.acceptedConnections = accepted.load(ordering: .relaxed)
    result.refusedConnections = refused.load(ordering: .relaxed)
    result.evictedConnections = evicted.load(ordering: .relaxed)
    result.timeouts = timeouts.load(ordering: .relaxed)
    result.handshakeErrors = handshakeErrors.withLock { $0 }
    result.acceptErrors = acceptErrors.load(ordering: .relaxed)
    return result
  }
}
