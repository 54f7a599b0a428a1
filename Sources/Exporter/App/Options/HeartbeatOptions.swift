public import Flags

extension ExporterOptions {
  /// What is read of the heartbeat file.
  public struct Heartbeats: FlagOptions, Equatable {
    /// What stands above them in the help.
    public static let heading = "Heartbeats"

    /// Where heartbeats are: files, folders of own files, patterns.
    @Flagged(
      "heartbeat.file", eachOf: .file, environment: ["HEARTBEAT_FILE"],
      help: "A file that programs beat into, a folder with a file for each, or a pattern such as "
        + "'/srv/bots/*/status.json'. May be given more than once. The kind of each is recognised.")
    public var files = [Heartbeats.defaultFile]
    /// Whether nobody named any file, so that sources of the configuration take the default's place.
    public var filesAreDefault = true
    /// The heartbeat file where none is named.
    public static let defaultFile = "heartbeat_status.json"

    /// The age at which a process counts as dead.
    @Flagged(
      "heartbeat.timeout", .positiveDuration,
      help: "Age from which a process counts as silent, unless the configuration file says otherwise.")
    public var timeout = 60.0

    /// The age at which a process is no longer shown; 0 shows every one.
    @Flagged(
      "heartbeat.retention", .duration,
      help: "Processes whose last beat is older than this are not shown. 0 shows all.")
    public var retention = 0.0

    /// How long an entry is remembered that has vanished without a good-bye; 0 is not at all.
    @Flagged(
      "heartbeat.remember", .duration,
      help: "How long a process is shown after its entry has vanished without a good-bye. A configured process is "
        + "shown for ever. 0 forgets it at once.")
    public var remember = 86_400.0

    /// The dotted key paths of strings to show in `heartbeat_data_info`.
    @Flagged(
      "heartbeat.string-keys", eachOf: .string.named("KEY"), commas: true,
      help: "Key path, such as profile.name, of strings to show in heartbeat_data_info. May be given more than once, "
        + "or with commas.")
    public var stringKeys: [String] = []

    /// The most data series of all processes.
    @Flagged(
      "heartbeat.max-series", .integer(0...100_000_000),
      help: "Maximum number of data series of all processes. Further ones are dropped and counted.")
    public var maxSeries = 200_000

    /// The most data series of one process.
    @Flagged(
      "heartbeat.max-series-per-process", .integer(0...100_000_000),
      help: "Maximum number of data series of one process.")
    public var maxSeriesPerProcess = 1000

    /// The most processes of all files together.
    @Flagged(
      "heartbeat.max-processes", .integer(1...1_000_000),
      help: "Maximum number of processes of all files. Further ones are left out and counted.")
    public var maxProcesses = 50_000

    /// The largest heartbeat file that is read.
    @Flagged(
      "heartbeat.max-file-size", .size(1...(1 << 31)),
      help: "Maximum size of a heartbeat file. A larger one is not read.")
    public var maxFileSize = 64 << 20

    /// The most files of all sources.
    @Flagged(
      "heartbeat.max-files", .integer(1...100_000),
      help: "Maximum number of files of all patterns. Further ones are left out and counted.")
    public var maxFiles = 1_000

    /// The most bytes of all files together.
    @Flagged("heartbeat.max-total-size", .size(1...(1 << 32)), help: "Maximum size of all heartbeat files together.")
    public var maxTotalSize = 64 << 20

    /// How long a scrape waits for a file's file system, and until when for large files, in seconds.
    @Flagged(
      "heartbeat.read-timeout", .duration(0.1...60),
      help:
        "Maximum time that a scrape waits for the file system of the heartbeat file, and for large files to be read.")
    public var readTimeout = 1.5

    /// The defaults.
    public init() {}
  }
}
