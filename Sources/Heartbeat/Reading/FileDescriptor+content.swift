internal import Glibc
internal import POSIX

extension FileDescriptor {
  /// Reads a file to its end, and says whether that is one content. Of a file that is rewritten in place meanwhile, what was read may be
  /// half old and half new, and valid all the same; of one that only grows it is what it was.
  ///
  /// - Parameters:
  ///   - bytes: empty; what was read is put there.
  ///   - limit: as that of `readToEnd`.
  ///   - opened: what the kernel said of the file before, also before it was opened: of another one that has taken its place
  ///     meanwhile the content is read twice.
  ///   - afterReading: what happens before the file is looked at again, for tests.
  borrowing func readContent(
    into bytes: inout [UInt8], limit: Int, since opened: stat, afterReading: () -> Void = {}
  ) throws(Errno) -> Bool {
    try readToEnd(appendingTo: &bytes, limit: limit, expecting: Int(widening: opened.st_size))
    afterReading()
    return FileStamp(try status()).hasContent(of: FileStamp(opened)) ? true : try beginsStill(with: bytes)
  }

  private borrowing func beginsStill(with bytes: [UInt8]) throws(Errno) -> Bool {
    let descriptor = rawValue
    _ = try retryingOnInterrupt { lseek(descriptor, 0, SEEK_SET) }
    var again: [UInt8] = []
    do throws(Errno) {
      try readToEnd(appendingTo: &again, limit: bytes.count)
    } catch {
      guard error.rawValue == EFBIG else { throw error }
    }
    return again.starts(with: bytes)
  }
}
