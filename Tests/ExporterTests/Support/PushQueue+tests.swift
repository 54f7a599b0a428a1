@testable import Exporter
@testable import HTTP

extension PushQueue {
  /// Adds what is known already.
  ///
  /// - Parameters:
  ///   - size: what its body has, in bytes.
  ///   - isLong: whether it must be read first all the same.
  func add(
    _ task: Task, size: Int = 0, isLong: Bool = false, by peer: UInt8 = 1, _ responder: Responder, now: UInt64 = 0
  ) -> Bool {
    let unread = Unread(size: size, isLong: isLong, peer: .numbered(peer)) { (task, size) }
    return add(unread, responder, now: now)
  }

  /// Reads what must be read first, and takes and finishes what the writer may have then; nothing when nothing waits.
  func takeReadable() -> [Job] {
    readNext()
    guard count > 0 else { return [] }
    defer { finished() }
    return take() ?? []
  }
}

extension RateLimiter.Peer {
  /// One of several clients.
  static func numbered(_ number: UInt8) -> RateLimiter.Peer {
    RateLimiter.Peer(SocketAddress(bytes: [192, 0, 2, number], port: 1), nil)
  }
}
