public import POSIX

/// One answered request, for logs and counters.
public struct AccessRecord: Sendable {
  /// The method; nil when the request broke before it was known.
  public var method: Request.Method?
  /// The path, as in `Request.path`: it may hold any character. Empty when the request broke before it was known.
  public var path: String
  /// The status of the answer.
  public var status: Int
  /// The body's bytes that were handed to the kernel.
  public var bodyBytes: Int
  /// From the first byte of the request to the last one of the answer, in nanoseconds.
  public var durationNanoseconds: UInt64
  /// The client.
  public var peer: SocketAddress
  /// Whether the server gave the answer itself (400, 408, 413, ...), without the handler.
  public var isServersOwn: Bool
  /// Whether the whole answer went out; false when the connection broke or was too slow.
  public var isComplete: Bool
}

/// What went wrong with a connection, or kept one from coming.
public struct ConnectionProblem: Sendable, CustomStringConvertible {
  /// The kinds of trouble.
  public enum Kind: String, Sendable, CaseIterable {
    /// The client broke the connection, or closed it in the middle of a request.
    case brokenByClient = "the client broke the connection"
    /// Header or body did not come in time.
    case requestTimeout = "the request did not come in time"
    /// The client did not take its answer in time.
    case writeTimeout = "the client did not take the answer in time"
    /// There were too many connections.
    case refused = "too many connections"
    /// It was closed to make room for another connection.
    case evicted = "closed for another connection"
    /// The bodies of all unfinished requests took too much, and this one's has been coming in for longest.
    case tooManyBodies = "too many unfinished bodies"
    /// The answers that clients have not taken take too much, and this one has been left untaken for longest.
    case tooManyAnswers = "too many answers that nobody takes"
    /// The process or the system ran out of descriptors or memory.
    case cannotAccept = "cannot accept a connection"
    /// TLS came to no agreement, or to none in time, or what arrived was no TLS.
    case noUnderstanding = "no encrypted connection"
  }

  /// What it was.
  public var kind: Kind
  /// The client; nil when it is not known.
  public var peer: SocketAddress?
  /// What the kernel said, if anything.
  public var error: Errno?
  /// Why there is no encrypted connection: what OpenSSL said, or the server itself.
  public var detail: String?

  /// One line for the log.
  public var description: String {
    kind.rawValue + (peer.map { ", \($0)" } ?? "") + ((error?.description ?? detail).map { ": \($0)" } ?? "")
  }
}

/// What the server has done so far. All but `openConnections` only grow.
public struct ServerStatistics: Sendable {
  /// Connections that are open now.
  public var openConnections = 0
  /// Connections that were accepted.
  public var acceptedConnections = 0
  /// Connections that got 503 or no answer at all because there were too many.
  public var refusedConnections = 0
  /// Connections that were closed to make room for others.
  public var evictedConnections = 0
  /// Requests and answers that took too long.
  public var timeouts = 0
  /// Connections that were to be encrypted and on which keys were not agreed on, by the reason.
  public var handshakeErrors: [HandshakeError: Int] = [:]
  /// Times that the kernel had no descriptor for a new connection.
  public var acceptErrors = 0
}
