public import Flags

extension ExporterOptions {
  /// How it is served.
  public struct Web: FlagOptions, Equatable {
    /// What stands above them in the help.
    public static let heading = "Web"

    /// `host:port`, `[v6]:port` or `:port`, at least one.
    @Flagged(
      "web.listen-address", eachOf: .listenAddress,
      help: "Address to listen on: host:port, [v6]:port, or :port for all addresses. May be given more than once.")
    public var listenAddresses = [":9464"]

    /// The path of the metrics; begins with a slash.
    @Flagged("web.telemetry-path", .telemetryPath, help: "Path of the metrics.")
    public var telemetryPath = "/metrics"

    /// The most scrapes at once; 0 is no limit.
    @Flagged(
      "web.max-requests", .integer(0...1_000_000),
      help: "Maximum number of scrapes at the same time, and of API requests. Further ones get 503. 0 means no limit.")
    public var maxRequests = 40

    /// The most open connections.
    @Flagged("web.max-connections", .integer(1...1_000_000), help: "Maximum number of open connections.")
    public var maxConnections = 512

    /// How many may watch the status page live.
    @Flagged(
      "web.max-watchers", .integer(0...10_000),
      help: "Maximum number of live status pages at the same time, at most a quarter of --web.max-connections. "
        + "Further ones poll every few seconds.")
    public var maxWatchers = 50

    /// How long a client may take for a request.
    @Flagged(
      "web.header-timeout", .positiveDuration,
      help: "Maximum time for a client to send a request.")
    public var headerTimeout = 10.0

    /// How long a connection may stay open without a request.
    @Flagged(
      "web.idle-timeout", .positiveDuration,
      help: "Maximum time that a connection stays open without a request.")
    public var idleTimeout = 75.0

    /// How long a client may take to read a response.
    @Flagged(
      "web.write-timeout", .positiveDuration,
      help: "Maximum time for a client to read a response.")
    public var writeTimeout = 30.0

    /// How long requests in flight may take after SIGTERM.
    @Flagged("web.shutdown-timeout", .duration, help: "Maximum time for requests in flight after SIGTERM.")
    public var shutdownTimeout = 10.0

    /// Whether the service manager's sockets take the place of the addresses.
    @Flagged(
      "web.systemd-socket",
      help: "Uses the sockets of systemd's socket activation instead of the addresses. The one named push is "
        + "the push socket.")
    public var systemdSocket = false

    /// The YAML file of `WebConfiguration`, or nil.
    @Flagged(
      "web.config.file", .file,
      help: "YAML file with TLS, users and headers, in the format of all Prometheus exporters. It is read again "
        + "when it changes.")
    public var configFile: String?

    /// The defaults.
    public init() {}
  }
}
