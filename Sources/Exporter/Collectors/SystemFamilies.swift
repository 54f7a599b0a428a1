internal import Exposition

/// What the kernel says of the host.
enum SystemFamilies {
  static let cpu = MetricFamily(
    "system_cpu_seconds_total", .counter, "Seconds that each CPU spent in each mode.")
  static let load1 = MetricFamily("system_load1", .gauge, "Load average of the last minute.")
  static let load5 = MetricFamily("system_load5", .gauge, "Load average of the last 5 minutes.")
  static let load15 = MetricFamily("system_load15", .gauge, "Load average of the last 15 minutes.")
  static let filesystemSize = MetricFamily(
    "system_filesystem_size_bytes", .gauge, "Size of the file system in bytes.")
  static let filesystemFree = MetricFamily(
    "system_filesystem_free_bytes", .gauge, "Free bytes of the file system.")
  static let filesystemAvailable = MetricFamily(
    "system_filesystem_avail_bytes", .gauge, "Bytes of the file system that ordinary users can still fill.")
  static let networkReceived = MetricFamily(
    "system_network_receive_bytes_total", .counter, "Bytes received by the network device.")
  static let networkTransmitted = MetricFamily(
    "system_network_transmit_bytes_total", .counter, "Bytes sent by the network device.")
  static let diskRead = MetricFamily("system_disk_read_bytes_total", .counter, "Bytes read from the disk.")
  static let diskWritten = MetricFamily("system_disk_written_bytes_total", .counter, "Bytes written to the disk.")
  static let bootTime = MetricFamily("system_boot_time_seconds", .gauge, "Unix time at which the host booted.")
  static let info = MetricFamily("system_info", .gauge, "Always 1: what the host runs.")

  /// A memory figure of `/proc/meminfo`.
  static func memory(_ name: String, _ help: String) -> MetricFamily {
    MetricFamily("system_\(name)_bytes", .gauge, help)
  }

  /// How long some or all tasks waited for a resource: `/proc/pressure`.
  static func pressure(_ resource: String, full: Bool) -> MetricFamily {
    MetricFamily(
      "system_pressure_\(resource)_\(full ? "stalled" : "waiting")_seconds_total", .counter,
      "Seconds in which \(full ? "all" : "some") tasks waited for \(resource).")
  }
}
