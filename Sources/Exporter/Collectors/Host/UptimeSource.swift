internal import Exposition
internal import Procfs

/// For how long the host has been up: `/proc/uptime`, see `proc_uptime(5)`. In a container it may be the container's own.
struct UptimeSource: HostSource {
  static let file: StaticString = "uptime"

  private static let uptime = MetricFamily(
    "system_uptime_seconds", .gauge, "Time since the host booted, in seconds, without a step of its clock.")

  /// Reads the content of the file, of which the second number is the time that the CPUs were idle.
  static func uptime(parsing bytes: UnsafeRawBufferPointer) -> Double? {
    var fields = ByteFields(bytes)
    return fields.decimal()
  }

  func collect(_ reading: inout HostReading) throws(ProcfsError) {
    let seconds = try reading.procfs.readIfPresent(Self.file, expecting: "a number of seconds", { reading.fail($0) }) {
      bytes, _ in
      Self.uptime(parsing: bytes)
    }
    if let seconds { reading.exposition.family(Self.uptime, seconds) }
  }
}
