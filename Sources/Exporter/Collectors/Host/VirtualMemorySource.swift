internal import Exposition
internal import Procfs

/// What memory ran short for: `/proc/vmstat`, see `proc_vmstat(5)`.
struct VirtualMemorySource: HostSource {
  static let file: StaticString = "vmstat"

  private static let oomKills = MetricFamily(
    "system_oom_kills_total", .counter, "Processes that the kernel killed because memory ran out.")
  private static let majorFaults = MetricFamily(
    "system_major_page_faults_total", .counter, "Page faults of all processes that needed a read from disk.")

  /// Counts since the host booted; nil where this kernel does not count it (`oom_kill`: before 4.13).
  struct Counts: Equatable {
    var oomKills: UInt64?
    var majorFaults: UInt64?

    /// Reads the content of the file; nil when there is nothing of it in it.
    ///
    /// - Parameter odd: gets the names of the lines that are not well-formed.
    init?(parsing bytes: UnsafeRawBufferPointer, odd: Procfs.OddLine = { _ in }) {
      var lines = ByteFields(bytes)
      while let line = lines.line() {
        // Of the file's hundred lines and more two are wanted.
        guard line.hasPrefix("oom_kill") || line.hasPrefix("pgmajfault") else { continue }
        var fields = ByteFields(line)
        guard let key = fields.field() else { continue }
        let (isKills, isFaults) = (key.equals("oom_kill"), key.equals("pgmajfault"))
        guard isKills || isFaults else { continue }
        let count = fields.unsigned()
        if count == nil { odd(key) }
        if isKills { oomKills = count } else { majorFaults = count }
      }
      if oomKills == nil, majorFaults == nil { return nil }
    }
  }

  func collect(_ reading: inout HostReading) throws(ProcfsError) {
    let counts = try reading.procfs.readIfPresent(Self.file, expecting: "a line pgmajfault", { reading.fail($0) }) {
      bytes, odd in
      Counts(parsing: bytes, odd: odd)
    }
    // Not every sandbox has these files; it is no failure that lasts for ever.
    guard let counts else { return }
    if counts.majorFaults == nil { reading.fail(reading.procfs.missing("pgmajfault", in: Self.file)) }
    if counts.oomKills == nil, SystemInfo.isKernel(atLeast: 4, 13) {
      reading.fail(reading.procfs.missing("oom_kill", in: Self.file))
    }
    if let count = counts.oomKills { reading.exposition.family(Self.oomKills, Double(count)) }
    if let count = counts.majorFaults { reading.exposition.family(Self.majorFaults, Double(count)) }
  }
}
