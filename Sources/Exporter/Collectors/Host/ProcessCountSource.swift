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
    /// The first of both lines that should be there and is not.
    var missing: String?

    /// Reads the content of the file.
    ///
    /// - Parameter odd: gets the names of the lines that are not well-formed.
    init(parsing bytes: UnsafeRawBufferPointer, odd: Procfs.OddLine = { _ in }) {
      var lines = ByteFields(bytes)
      var (hasRunning, hasBlocked) = (false, false)
      defer { missing = !hasRunning ? "procs_running" : !hasBlocked ? "procs_blocked" : nil }
      while let line = lines.line() {
        guard line.hasPrefix("procs_") else { continue }
        var fields = ByteFields(line)
        guard let key = fields.field() else { continue }
        let (isRunning, isBlocked) = (key.equals("procs_running"), key.equals("procs_blocked"))
        guard isRunning || isBlocked else { continue }
        hasRunning = hasRunning || isRunning
        hasBlocked = hasBlocked || isBlocked
        let count = fields.unsigned()
        if count == nil { odd(key) }
        if isRunning { running = count } else { blocked = count }
      }
    }
  }

  func collect(_ reading: inout HostReading) throws(ProcfsError) {
    let counts = try reading.procfs.read(Self.file, expecting: "lines", { reading.fail($0) }) { bytes, odd in
      Counts(parsing: bytes, odd: odd)
    }
    if let missing = counts.missing { reading.fail(reading.procfs.missing(missing, in: Self.file)) }
    if let count = counts.running { reading.exposition.family(Self.running, Double(count)) }
    if let count = counts.blocked { reading.exposition.family(Self.blocked, Double(count)) }
  }
}
