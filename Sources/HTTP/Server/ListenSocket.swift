/// A socket to listen on that is no TCP address: a Unix socket, or one that somebody else opened.
public struct ListenSocket: Sendable {
  /// What kind of socket it is.
  public enum Kind: Sendable {
    /// A Unix socket that the server makes.
    case unix(UnixSocket)
    /// A listening socket that the service manager opened, as `InheritedSockets` gives it.
    case inherited(InheritedSocket)
  }

  /// The socket.
  public var kind: Kind
  /// What the handler finds in `Request.listener`.
  public var name: String

  /// Names a socket.
  public init(_ kind: Kind, name: String) {
    self.kind = kind
    self.name = name
  }

  /// The name that the addresses of `ServerConfiguration.listen` have.
  public static let web = "web"
}

/// A Unix socket in the file system (`unix(7)`), and who may connect to it.
public struct UnixSocket: Sendable, Hashable, CustomStringConvertible {
  /// Its path. A socket there to which nobody listens any more is replaced; any other file is an error.
  public var path: String
  /// Its permission bits, whatever the umask says: connecting needs the right to write.
  public var mode: UInt32
  /// The id of its group; nil leaves it as the kernel gives it.
  public var group: UInt32?

  /// Describes a socket.
  public init(path: String, mode: UInt32 = 0o660, group: UInt32? = nil) {
    self.path = path
    self.mode = mode
    self.group = group
  }

  /// The longest path in bytes: `sun_path` of `unix(7)`, with room for the zero byte.
  public static let longestPath = 107

  /// Such as `unix:/run/heartbeat/push.sock`.
  public var description: String { "unix:\(path)" }
}
