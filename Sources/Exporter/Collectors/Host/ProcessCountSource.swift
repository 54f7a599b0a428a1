internal import Exposition
internal import Procfs

/// How many processes and threads run or wait for a disk: `/proc/stat`, see `proc_stat(5)`.
struct ProcessCountSource: HostSource {
  static let file: StaticString = "stat"

  private static let running = MetricFamily(
    "system_processes_running", .gauge, "Processes and threads that run or could run.")
  private static let blocked = MetricFamily(
    "system_processes_blocked", .gauge, "Processes and threads that wait for a disk.")

  /// The counts; nil where the kernel does not tell.
  struct Counts: Equatable {
    var running: UInt64?
    var blocked: UInt64?

    /// Reads the content of the file.
    init(parsing bytes: UnsafeRawBufferPointer) {
      var lines = ByteFields(bytes)
      while let line = lines.line() {
        guard line.hasPrefix("procs_") else { continue }
        var fields = ByteFields(line)
        guard let key = fields.field() else { continue }
        if key.equals("procs_running") { running = fields.unsigned() }
        if key.equals("procs_blocked") { blocked = fields.unsigned() }
      }
    }
  }

  func collect(_ reading: inout HostReading) throws(ProcfsError) {
    // Whether it is as it should be, the CPUs' source says.
    guard let counts = try? reading.procfs.read(Self.file, expecting: "lines", { Counts(parsing: $0) }) else { return }
    if let count = counts.running { reading.exposition.family(Self.running, Double(count)) }
    if let count = counts.blocked { reading.exposition.family(Self.blocked, Double(count)) }
  }
}
