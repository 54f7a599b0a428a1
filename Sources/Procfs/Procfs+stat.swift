internal import POSIX

/// `/proc/stat`: when the host booted, and what its CPUs did.
extension Procfs {
  /// Unix time in seconds at which the host booted, by `btime` of `/proc/stat`.
  ///
  /// It does not waver, see `KernelHistory.steady`. Where the file hangs it is what it was.
  public func bootTime() -> Double? {
    pendingStat = nil
    if !avoided.contains(.hostFile), let read = try? readStat() {
      pendingStat = (read, Clock.monotonicNanoseconds)
      if read.bootTime != nil { return read.bootTime }
    }
    return history.steady(bootTime: nil)
  }

  /// How long `/proc/stat` may have been read for the boot time and still serve for the rest of it, in nanoseconds: both
  /// are asked for in one scrape, one right after the other.
  private static let statAge: UInt64 = 100_000_000

  /// What `/proc/stat` says: as it was just read for `bootTime`, or read now.
  ///
  /// - Throws: why it cannot be read.
  public func systemStat(_ complain: Complain = { _ in }) throws(ProcfsError) -> SystemStat {
    defer { pendingStat = nil }
    var stat: SystemStat
    if let pending = pendingStat, Clock.monotonicNanoseconds &- pending.time < Self.statAge {
      stat = pending.stat
    } else {
      stat = try readStat(complain)
      if stat.bootTime == nil { complain(missing("btime", in: "stat")) }
    }
    guard stat.onlineCPUs > 0 else { throw ProcfsError("\(path)/stat", "expected lines of CPUs") }
    stat.cpus = history.rising(stat.cpus)
    return stat
  }

  private func readStat(_ complain: Complain = { _ in }) throws(ProcfsError) -> SystemStat {
    var stat = try read("stat", expecting: "lines of CPUs", complain) { bytes, odd in
      let stat = SystemStat(parsing: bytes, odd: odd)
      return stat.cpus.isEmpty && stat.bootTime == nil ? nil : stat
    }
    if let bootTime = stat.bootTime { stat.bootTime = history.steady(bootTime: bootTime) }
    return stat
  }
}
