internal import Procfs

/// What the command line and the environment tell the exporter. Durations are seconds, sizes bytes.
///
/// The values here are the defaults; `ExporterOptions+flags.swift` has the flag for each.
public struct ExporterOptions: Sendable, Equatable {
  /// How it is served.
  public struct Web: Sendable, Equatable {
    /// `host:port`, `[v6]:port` or `:port`, at least one.
    public var listenAddresses = [":9464"]
    /// The path of the metrics; begins with a slash.
    public var telemetryPath = "/metrics"
    /// The most scrapes at once; 0 is no limit.
    public var maxRequests = 40
    /// The most open connections.
    public var maxConnections = 512
    /// How many may watch the status page live.
    public var maxWatchers = 50
    /// How long a client may take for a request.
    public var headerTimeout = 10.0
    /// How long a connection may stay open without a request.
    public var idleTimeout = 75.0
    /// How long a client may take to read a response.
    public var writeTimeout = 30.0
    /// How long requests in flight may take after SIGTERM.
    public var shutdownTimeout = 10.0
    /// Whether the service manager's sockets take the place of the addresses.
    public var systemdSocket = false

    /// The defaults.
    public init() {}
  }

  /// What is read of the heartbeat file.
  public struct Heartbeats: Sendable, Equatable {
    /// Where heartbeats are: files, folders of own files, patterns.
    public var files = [Heartbeats.defaultFile]
    /// Whether nobody named any file, so that sources of the configuration take the default's place.
    public var filesAreDefault = true
    /// The heartbeat file where none is named.
    public static let defaultFile = "heartbeat_status.json"
    /// The age at which a process counts as dead.
    public var timeout = 60.0
    /// The age at which a process is no longer shown; 0 shows every one.
    public var retention = 0.0
    /// How long an entry is remembered that has vanished without a good-bye; 0 is not at all.
    public var remember = 86_400.0
    /// The dotted key paths of strings to show in `heartbeat_data_info`.
    public var stringKeys: [String] = []
    /// The most data series of all processes.
    public var maxSeries = 200_000
    /// The most data series of one process.
    public var maxSeriesPerProcess = 1000
    /// The largest heartbeat file that is read.
    public var maxFileSize = 64 << 20
    /// The most files of all sources.
    public var maxFiles = 1_000
    /// The most bytes of all files together.
    public var maxTotalSize = 256 << 20
    /// How long a scrape waits for a file's file system, in seconds.
    public var readTimeout = 2.0

    /// The defaults.
    public init() {}
  }

  /// What is taken of heartbeats that come over HTTP.
  public struct Push: Sendable, Equatable {
    /// Whether they are taken on the addresses of `Web`.
    public var isOnWeb = false
    /// Whether they are taken there from anybody.
    public var allowsUnauthenticated = false
    /// The path of a Unix socket on which they are taken, or nil.
    public var socket: String?
    /// The socket's permission bits.
    public var socketMode = 0o660
    /// The name or number of the socket's group, or nil.
    public var socketGroup: String?
    /// The most bytes of a body.
    public var maxBody = 1 << 20
    /// The most processes in the file: a push does not make it more.
    public var maxProcesses = 20_000
    /// The most requests in a second from one peer; 0 is no limit.
    public var rateLimit = 1000
    /// The most requests that wait for the file.
    public var queueLimit = 1024
    /// How long a request waits for the file.
    public var timeout = 5.0
    /// Entries whose last beat is older are removed with each write; 0 keeps all.
    public var retention = 86_400.0
    /// Whether a beat is on the disk before it is answered.
    public var synchronise = false

    /// The defaults.
    public init() {}

    /// Whether they are taken anywhere.
    var isOn: Bool { isOnWeb || socket != nil }
  }

  /// Which collectors run.
  public struct Collectors: Sendable, Equatable {
    /// `heartbeat_*`.
    public var heartbeat = true
    /// `process_*`.
    public var process = true
    /// `system_*`.
    public var system = true

    /// The defaults.
    public init() {}
  }

  /// What is shown of the host. The expressions are regular ones; what they are found in is left out.
  public struct Host: Sendable, Equatable {
    /// Of mount points.
    public var mountPointsExclude = HostFilter.standardMountPoints
    /// Of types of file systems.
    public var filesystemTypesExclude = HostFilter.standardFilesystemTypes
    /// Of network devices.
    public var networkDevicesExclude = HostFilter.standardNetworkDevices
    /// Of disks.
    public var disksExclude = HostFilter.standardDisks
    /// How long a scrape waits for mounts that do not answer.
    public var mountTimeout = 2.0

    /// The defaults.
    public init() {}

    /// As the readers take it; the flags' reader has refused what is no expression.
    var filter: HostFilter {
      var filter = HostFilter()
      filter.mountPoints = expression(mountPointsExclude)
      filter.filesystemTypes = expression(filesystemTypesExclude)
      filter.networkDevices = expression(networkDevicesExclude)
      filter.disks = expression(disksExclude)
      return filter
    }

    /// None leaves out nothing, where an empty expression would be found in everything.
    private func expression(_ text: String) -> RegularExpression? {
      text.isEmpty ? nil : try? RegularExpression(text)
    }
  }

  /// Where the kernel's view of the host is.
  public struct Paths: Sendable, Equatable {
    /// Where procfs is mounted.
    public var procfs = "/proc"
    /// Where the host's root is mounted.
    public var rootfs = "/"

    /// The defaults.
    public init() {}
  }

  /// What is logged.
  public struct Log: Sendable, Equatable {
    /// Less important lines are not written.
    public var level = Logger.Level.info
    /// How lines are written.
    public var format = Logger.Format.logfmt

    /// The defaults.
    public init() {}
  }

  /// How it is served.
  public var web = Web()
  /// What is read of the heartbeat file.
  public var heartbeat = Heartbeats()
  /// What is taken of heartbeats that come over HTTP.
  public var push = Push()
  /// The YAML file of `WebConfiguration`, or nil.
  public var webConfigFile: String?
  /// The YAML file of `Configuration`, or nil.
  public var configFile: String?
  /// Whether only to check the configuration: exit 0 when it is right, else 1.
  public var checkConfig = false
  /// Whether only to ask the exporter that runs with these options: exit 0 when it works, else 1.
  public var healthCheck = false
  /// Which collectors run.
  public var collectors = Collectors()
  /// What is shown of the host.
  public var host = Host()
  /// Where the kernel's view of the host is.
  public var paths = Paths()
  /// What is logged.
  public var log = Log()
  /// Sentences to log at the start: values that have no effect, misspelt environment variables.
  public var warnings: [String] = []

  /// The defaults.
  public init() {}
}
