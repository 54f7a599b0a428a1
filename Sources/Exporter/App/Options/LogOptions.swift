public import Flags

extension ExporterOptions {
  /// What is logged.
  public struct Log: FlagOptions, Equatable {
    /// What stands above them in the help.
    public static let heading = "Log"

    /// Less important lines are not written.
    @Flagged("log.level", .choice, help: "Lowest level of log lines that are written.")
    public var level = Logger.Level.info

    /// How lines are written.
    @Flagged("log.format", .choice, help: "Format of the log lines.")
    public var format = Logger.Format.logfmt

    /// The defaults.
    public init() {}
  }
}
