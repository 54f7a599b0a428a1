internal import Glibc
internal import POSIX

/// What is piped into the tool.
enum StandardInput {
  /// Reads all of it.
  ///
  /// - Parameter limit: more bytes are `EFBIG`.
  static func read(into bytes: inout [UInt8], limit: Int) throws(Errno) {
    let raw = dup(STDIN_FILENO)
    guard raw >= 0 else { throw Errno.last }
    try FileDescriptor(owning: raw).readToEnd(appendingTo: &bytes, limit: limit)
  }
}
