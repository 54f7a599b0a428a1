public import Flags

/// What the command line and the environment tell the exporter. Durations are seconds, sizes bytes.
///
/// Each flag is one property with its default, its type and its help, in the file of its group; those that say what to do at all are here.
public struct ExporterOptions: FlagOptions, Equatable {
  /// What stands above them in the help.
  public static let heading = "Configuration and host"

  /// How it is served.
  public var web = Web()
  /// What is taken of heartbeats that come over HTTP.
  public var push = Push()
  /// What is read of the heartbeat file.
  public var heartbeat = Heartbeats()
  /// Which collectors run.
  public var collectors = Collectors()
  /// What is shown of the host.
  public var host = Host()

  /// The YAML file of `Configuration`, or nil.
  @Flagged(
    "config.file", .file,
    help: "YAML file with names, timeouts and matches of processes. SIGHUP reads it again.")
  public var configFile: String?

  /// Whether only to check the configuration: exit 0 when it is right, else 1.
  @Flagged(
    "check-config", negatable: false,
    help: "Checks flags and configuration files, then exits: 0 when they are right, 1 when a file is not.")
  public var checkConfig = false

  /// Whether only to ask the exporter that runs with these options: exit 0 when it works, else 1.
  @Flagged(
    "health-check", negatable: false,
    help: "Asks the exporter that runs with these flags, then exits: 0 when it works, 1 when not.")
  public var healthCheck = false

  /// Where the kernel's view of the host is.
  public var paths = Paths()
  /// What is logged.
  public var log = Log()
  /// Sentences to log at the start: values that have no effect, misspelt environment variables.
  public var warnings: [String] = []

  /// The defaults.
  public init() {}

  /// Whether heartbeats may be taken over HTTP; systemd's sockets may be for that.
  var takesPushes: Bool { push.isOn || web.systemdSocket }
}
