public import Flags

extension ExporterOptions {
  /// Which collectors run.
  public struct Collectors: FlagOptions, Equatable {
    /// What stands above them in the help.
    public static let heading = "Collectors"

    /// `heartbeat_*`.
    @Flagged("collector.heartbeat", help: "The heartbeat_* metrics.")
    public var heartbeat = true

    /// `process_*`.
    @Flagged("collector.process", help: "The process_* metrics.")
    public var process = true

    /// Whether the lines of `smaps_rollup` are among `process_*`.
    @Flagged(
      "collector.process.smaps",
      help:
        "Adds what only /proc/PID/smaps_rollup tells, such as process_proportional_memory_bytes. For each scrape the kernel "
        + "walks the memory of each process, which takes about a millisecond for a gigabyte.")
    public var smaps = false

    /// `system_*`.
    @Flagged("collector.system", help: "The system_* metrics.")
    public var system = true

    /// The defaults.
    public init() {}

    /// Whether a collector is wanted.
    subscript(name: CollectorName) -> Bool {
      switch name {
      case .heartbeat: heartbeat
      case .process: process
      case .system: system
      }
    }
  }
}
