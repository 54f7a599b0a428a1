/// What `/proc/PID/status` says beyond `stat`, see `proc_pid_status(5)`.
///
/// The kernel counts context switches by thread, and this file is that of the main thread.
struct ProcessStatus: Equatable {
  /// The number of the process; a thread that is not its first one has another number than this.
  var threadGroup: UInt64?
  var voluntarySwitches: UInt64?
  var involuntarySwitches: UInt64?
  private var isMalformed = false

  /// Whether what is needed of it is there and can be read. There are kernels without the lines of switches (gVisor), but none with one
  /// of them.
  var isWhole: Bool {
    threadGroup != nil && (voluntarySwitches == nil) == (involuntarySwitches == nil) && !isMalformed
  }

  /// The switches, if all are there.
  var switches: SwitchCounts? {
    guard let voluntarySwitches, let involuntarySwitches else { return nil }
    return SwitchCounts(voluntary: voluntarySwitches, involuntary: involuntarySwitches)
  }

  init(parsing bytes: UnsafeRawBufferPointer) {
    var lines = ByteFields(bytes)
    while let line = lines.line() {
      // A look at the first letter passes over the other sixty lines.
      guard let first = line.first,
        first == UInt8(ascii: "v") || first == UInt8(ascii: "n") || first == UInt8(ascii: "T")
      else { continue }
      var fields = ByteFields(line)
      guard let key = fields.field() else { continue }
      if key.equals("voluntary_ctxt_switches:") {
        voluntarySwitches = number(&fields)
      } else if key.equals("nonvoluntary_ctxt_switches:") {
        involuntarySwitches = number(&fields)
      } else if key.equals("Tgid:") {
        threadGroup = number(&fields)
      }
    }
  }

  private mutating func number(_ fields: inout ByteFields) -> UInt64? {
    let value = fields.unsigned()
    if value == nil { isMalformed = true }
    return value
  }
}

extension Procfs {
  /// Whether the number is a process's and not that of one of its further threads, by `Tgid` of its status.
  func isProcess(_ pid: Int32) -> Bool {
    guard pid > 0 else { return false }
    return withFile("status", of: pid) { ProcessStatus(parsing: $0) }?.threadGroup == UInt64(clamping: pid)
  }
}
