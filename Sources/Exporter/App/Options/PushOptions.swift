public import Flags

extension ExporterOptions {
  /// What is taken of heartbeats that come over HTTP.
  public struct Push: FlagOptions, Equatable {
    /// What stands above them in the help.
    public static let heading = "Push"

    /// Whether they are taken on the addresses of `Web`.
    @Flagged(
      "web.enable-push",
      help: "Takes heartbeats by POST on the web addresses. Needs authentication in the web configuration, or "
        + "--push.allow-unauthenticated.")
    public var isOnWeb = false

    /// Whether they are taken there from anybody.
    @Flagged(
      "push.allow-unauthenticated",
      help: "Lets everybody who reaches the web addresses push, when there is no authentication.")
    public var allowsUnauthenticated = false

    /// The path of a Unix socket on which they are taken, or nil.
    @Flagged(
      "push.socket", .file,
      help: "Unix socket on which heartbeats are taken by POST, from whoever may write to it.")
    public var socket: String?

    /// The socket's permission bits.
    @Flagged("push.socket-mode", .fileMode, help: "Permission bits of the socket.")
    public var socketMode = 0o660

    /// The name or number of the socket's group, or nil.
    @Flagged("push.socket-group", .string.named("GROUP"), help: "Group of the socket, by name or number.")
    public var socketGroup: String?

    /// The most bytes of a body.
    @Flagged("push.max-body", .size(1...(64 << 20)), help: "Maximum size of the body of a push.")
    public var maxBody = 1 << 20

    /// The most processes in the file: a push does not make it more.
    @Flagged(
      "push.max-processes", .integer(0...1_000_000),
      help: "Maximum number of processes in the file. Pushes of further ones are refused.")
    public var maxProcesses = 20_000

    /// The most requests in a second from one peer; 0 is no limit.
    @Flagged(
      "push.rate-limit", .integer(0...1_000_000),
      help: "Maximum number of pushes per second from one address, or from one user of the socket. 0 means no limit.")
    public var rateLimit = 1000

    /// The most requests that wait for the file.
    @Flagged(
      "push.queue-limit", .integer(1...1_000_000),
      help:
        "Maximum number of pushes that wait for the file, at most half of --web.max-connections. Further ones get 503."
    )
    public var queueLimit = 1024

    /// How long a request waits for the file.
    @Flagged(
      "push.timeout", .duration(0.1...300),
      help: "Maximum time that a push waits for the file. Then it gets 503.")
    public var timeout = 5.0

    /// Entries whose last beat is older are removed with each write; 0 keeps all.
    @Flagged(
      "push.retention", .duration,
      help: "Entries older than this are removed from the file when a push is written. 0 keeps all.")
    public var retention = 86_400.0

    /// Whether a beat is on the disk before it is answered.
    @Flagged(
      "push.fsync",
      help: "Answers a push only after it is on the disk (fsync), so that it survives a power failure.")
    public var synchronise = false

    /// The defaults.
    public init() {}

    /// Whether they are taken anywhere.
    var isOn: Bool { isOnWeb || socket != nil }
  }
}
