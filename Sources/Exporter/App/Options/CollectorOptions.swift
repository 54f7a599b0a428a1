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

    /// `system_*`.
    @Flagged("collector.system", help: "The system_* metrics.")
    public var system = true

    /// The defaults.
    public init() {}
  }
}
