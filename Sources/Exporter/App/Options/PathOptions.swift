public import Flags

extension ExporterOptions {
  /// Where the kernel's view of the host is.
  public struct Paths: FlagOptions, Equatable {
    /// What stands above them in the help.
    public static let heading = "Configuration and host"

    /// Where procfs is mounted.
    @Flagged("path.procfs", .directory, help: "Where procfs is mounted.")
    public var procfs = "/proc"

    /// Where the host's root is mounted.
    @Flagged("path.rootfs", .directory, help: "Where the host's root is mounted.")
    public var rootfs = "/"

    /// The host's name; nil for what the kernel says, which in a container may be another one.
    @Flagged(
      "host.name", .string.named("NAME"),
      help:
        "Name of this host, as heartbeats carry it. Without it, the kernel is asked, which in a container may say another "
        + "one.")
    public var hostName: String?

    /// The defaults.
    public init() {}
  }
}
