internal import Exposition
internal import JSON
internal import POSIX
internal import Procfs

/// The CPUs' times, and the boot time: `/proc/stat`.
struct CPUSource: HostSource {
  static let file: StaticString = "stat"

  private static let cpu = MetricFamily(
    "system_cpu_seconds_total", .counter, "Seconds that each CPU spent in each mode.")
  private static let bootTime = MetricFamily(
    "system_boot_time_seconds", .gauge, "Unix time at which the host booted.")

  /// For each CPU number the labels of its modes, ready-made: a large host has a thousand such series.
  private var labels: [Int: [Labels]] = [:]
  private let remembered: Int

  init(limits: ScrapeLimits) {
    remembered = limits.cpus
  }

  mutating func collect(_ reading: inout HostReading) throws(ProcfsError) {
    let stat = try reading.procfs.systemStat { reading.fail($0) }
    if labels.count > remembered { labels = [:] }
    for cpu in stat.cpus where labels[cpu.cpu] == nil {
      labels[cpu.cpu] = CPUTimes.modes.map { Labels(["cpu": String(cpu.cpu), "mode": $0]) }
    }
    reading.exposition.family(Self.cpu) { family in
      for cpu in stat.cpus {
        for (labels, seconds) in zip(labels[cpu.cpu, default: []], cpu.seconds) { family.add(labels, seconds) }
      }
    }
    if let boot = stat.bootTime { reading.exposition.family(Self.bootTime, boot) }
  }

  func facts(_ procfs: Procfs) throws(ProcfsError) -> JSONObject {
    let stat = try procfs.systemStat()
    var facts: JSONObject = [
      "cpus": .integer(Int64(widening: stat.onlineCPUs)), "cpu_seconds": .number(stat.totalSeconds),
      "cpu_busy_seconds": .number(stat.busySeconds),
    ]
    if let boot = stat.bootTime { facts["boot_time"] = .number(boot) }
    return facts
  }
}
