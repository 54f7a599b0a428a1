/// Bytes that a process made the kernel fetch from and send to storage: `/proc/PID/io`, see `proc_pid_io(5)`.
///
/// The kernel adds the figures of a child to those of the parent that waits for it.
struct ProcessIO: Equatable {
  var readBytes: UInt64?
  var writtenBytes: UInt64?

  /// Whether all of it is there: no kernel writes the file without.
  var isWhole: Bool { readBytes != nil && writtenBytes != nil }

  init(parsing bytes: UnsafeRawBufferPointer) {
    var lines = ByteFields(bytes)
    while let line = lines.line() {
      var fields = ByteFields(line)
      guard let key = fields.field() else { continue }
      if key.equals("read_bytes:") {
        readBytes = fields.unsigned()
      } else if key.equals("write_bytes:") {
        writtenBytes = fields.unsigned()
      }
    }
  }
}
