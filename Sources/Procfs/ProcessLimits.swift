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
