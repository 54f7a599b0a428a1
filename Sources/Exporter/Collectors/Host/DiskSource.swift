internal import Exposition
internal import POSIX
internal import Procfs

/// The disks: `/proc/diskstats`.
struct DiskSource: HostSource {
  static let file: StaticString = "diskstats"

  private static let families: [(MetricFamily, @Sendable (DiskStats) -> Double)] = [
    (family("read_bytes", "Bytes read from the disk."), { Double($0.readBytes) }),
    (family("written_bytes", "Bytes written to the disk."), { Double($0.writtenBytes) }),
    (family("reads_completed", "Reads that the disk has done."), { Double($0.reads) }),
    (family("writes_completed", "Writes that the disk has done."), { Double($0.writes) }),
    (family("read_time_seconds", "Seconds that all reads took together."), { Double($0.readMilliseconds) / 1e3 }),
    (family("write_time_seconds", "Seconds that all writes took together."), { Double($0.writeMilliseconds) / 1e3 }),
    (family("io_time_seconds", "Seconds in which the disk was busy."), { Double($0.busyMilliseconds) / 1e3 }),
  ]

  private static func family(_ name: String, _ help: String) -> MetricFamily {
    MetricFamily("system_disk_\(name)_total", .counter, help)
  }

  private var labels = KeptLabels<ExactText>()

  mutating func collect(_ reading: inout HostReading) throws(ProcfsError) {
    let disks = try reading.procfs.diskStats { reading.fail($0) }
    let series = labels.series(of: disks.map { ExactText($0.device) }) { Labels(["device": $0.text]) }
    for (family, value) in Self.families { reading.family(family, disks, series) { value($0) } }
  }
}
