internal import Exposition
internal import JSON
internal import Procfs

/// Which kernel runs on which machine, and the host's name.
struct SystemInfoSource: HostSource {
  static let file: StaticString = "sys/kernel/hostname"

  private static let info = MetricFamily("system_info", .gauge, "Always 1: what the host runs.")

  func collect(_ reading: inout HostReading) throws(ProcfsError) {
    // Asked for each time: the name of a host can change.
    let info = reading.procfs.systemInfo { reading.fail($0) }
    reading.exposition.family(
      Self.info,
      labels: Labels([
        "sysname": info.systemName, "release": info.release, "version": info.version, "machine": info.machine,
        "nodename": info.nodeName,
      ]), 1)
  }

  func facts(_ procfs: Procfs) throws(ProcfsError) -> JSONObject { ["name": .string(procfs.systemInfo().nodeName)] }
}
