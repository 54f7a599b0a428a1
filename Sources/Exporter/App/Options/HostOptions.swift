public import Flags
internal import Procfs

extension ExporterOptions {
  /// What is shown of the host. The expressions are regular ones; what they are found in is left out.
  public struct Host: FlagOptions, Equatable {
    /// What stands above them in the help.
    public static let heading = "Collectors"

    /// Of mount points.
    @Flagged(
      "collector.filesystem.mount-points-exclude", .expression,
      help: "Mount points in which this regular expression is found are left out. An empty one leaves out none.")
    public var mountPointsExclude = HostFilter.standardMountPoints

    /// Of types of file systems.
    @Flagged("collector.filesystem.fs-types-exclude", .expression, help: "Types of file systems that are left out.")
    public var filesystemTypesExclude = HostFilter.standardFilesystemTypes

    /// Of network devices.
    @Flagged("collector.netdev.device-exclude", .expression, help: "Network devices that are left out.")
    public var networkDevicesExclude = HostFilter.standardNetworkDevices

    /// Of disks.
    @Flagged("collector.diskstats.device-exclude", .expression, help: "Disks that are left out.")
    public var disksExclude = HostFilter.standardDisks

    /// How long a scrape waits for mounts that do not answer.
    @Flagged(
      "collector.filesystem.mount-timeout", .duration(0.001...2),
      help: "Maximum time that a scrape waits for mounts that do not answer. Then it goes on without them.")
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
}
