internal import CLinux
internal import Glibc

/// A process's limits by `/proc/PID/limits`, see `proc_pid_limits(5)`.
struct ProcessLimits: Equatable {
  /// The soft limit of open files; infinite when the file says `unlimited`.
  var openFiles: Double?

  init(parsing bytes: UnsafeRawBufferPointer) {
    var lines = ByteFields(bytes)
    while let line = lines.line() {
      guard line.hasPrefix("Max open files ") else { continue }
      var fields = ByteFields(line)
      guard fields.skip(3), let soft = fields.field() else { return }
      openFiles = soft.equals("unlimited") ? .infinity : soft.unsigned.map { Double($0) }
      return
    }
  }
}

extension Procfs {
  /// The soft limit of open files of the process whose directory is open; nil when the kernel does not tell.
  ///
  /// `prlimit(2)` is asked first, for processes that one may ask it of: it costs a tenth of the file, which the kernel
  /// writes as a table of all limits.
  func openFileLimit(of stat: ProcessStat, in directory: Int32) -> Double? {
    var limit = rlimit()
    // A number that another process got meanwhile is noticed by whoever reads on in the directory.
    if sharesNumbering, prlimit(stat.pid, RLIMIT_NOFILE.rawValue, nil, &limit) == 0 {
      return limit.rlim_cur == rlim_t(bitPattern: -1) ? .infinity : Double(limit.rlim_cur)
    }
    let limits = readLines("limits", of: stat, in: directory) { lines in
      let limits = ProcessLimits(parsing: lines)
      return (limits, limits.openFiles != nil)
    }
    return limits?.openFiles
  }
}
