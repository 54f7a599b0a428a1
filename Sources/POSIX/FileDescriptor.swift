public import Glibc

/// An open file that is closed when its owner goes out of scope: one owner, so it is closed exactly once.
public struct FileDescriptor: ~Copyable, Sendable {
  /// The descriptor's number, valid while this value lives.
  public let rawValue: Int32

  /// Takes over an open descriptor; nobody else may close it from now on.
  public init(owning rawValue: Int32) {
    self.rawValue = rawValue
  }

  deinit {
    _ = Glibc.close(rawValue)
  }

  /// Gives the number away without closing it; the caller closes it.
  public consuming func take() -> Int32 {
    let number = rawValue
    discard self
    return number
  }

  /// Opens a file with `O_CLOEXEC`. The corresponding C function is `open(2)`.
  ///
  /// - Parameter mode: permission bits of a file that `O_CREAT` makes, before the umask.
  public static func open(
    _ path: String, _ flags: Int32, mode: mode_t = 0o644
  ) throws(Errno) -> FileDescriptor {
    // By `withCString`, here and elsewhere: a string handed to C directly is copied into an array of its own.
    FileDescriptor(owning: try retryingOnInterrupt { path.withCString { Glibc.open($0, flags | O_CLOEXEC, mode) } })
  }

  /// Opens a file relative to this directory. The corresponding C function is `openat(2)`.
  public borrowing func open(at path: String, _ flags: Int32) throws(Errno) -> FileDescriptor {
    let directory = rawValue
    return FileDescriptor(
      owning: try retryingOnInterrupt { path.withCString { Glibc.openat(directory, $0, flags | O_CLOEXEC) } })
  }

  /// Reads at most `buffer.count` bytes; 0 is the end of the file. The corresponding C function is `read(2)`.
  public borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    let descriptor = rawValue
    return try retryingOnInterrupt { Glibc.read(descriptor, buffer.baseAddress, buffer.count) }
  }

  /// Writes at most `buffer.count` bytes and says how many. The corresponding C function is `write(2)`.
  public borrowing func write(_ buffer: UnsafeRawBufferPointer) throws(Errno) -> Int {
    let descriptor = rawValue
    return try retryingOnInterrupt { Glibc.write(descriptor, buffer.baseAddress, buffer.count) }
  }

  /// Writes every byte, however many calls of `write(2)` it takes.
  public borrowing func writeAll(_ bytes: borrowing [UInt8]) throws(Errno) {
    var written = 0
    while written < bytes.count {
      let descriptor = rawValue
      written += try retryingOnInterrupt {
        bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written) }
      }
    }
  }

  /// Reads to the end of the file and appends to `bytes`.
  ///
  /// - Parameters:
  ///   - limit: the most bytes it appends; a longer file gives `EFBIG`, and `bytes` then holds one byte more than that of its
  ///     beginning.
  ///   - size: so long a regular file was just now: when so many bytes have come and there was room for more, that is its end. The kernel
  ///     is asked neither for the size nor for more bytes; whoever gives it looks afterwards whether the file is still so long.
  public borrowing func readToEnd(appendingTo bytes: inout [UInt8], limit: Int, expecting size: Int? = nil)
    throws(Errno)
  {
    var room = 16_384
    // Not mutated: how much is read at once shows nowhere.
    if let size = size ?? (try? status()).map({ Int(widening: $0.st_size) }), size > 0 { room = min(size, limit) + 1 }
    let start = bytes.count
    while true {
      let step = min(room, limit - (bytes.count - start) + 1)
      let count = bytes.count
      Self.appendZeros(step, to: &bytes)
      let descriptor = rawValue
      let got: Int
      do throws(Errno) {
        got = try retryingOnInterrupt {
          bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress?.advanced(by: count), step) }
        }
      } catch {
        bytes.removeLast(step)
        throw error
      }
      bytes.removeLast(max(0, step - got))
      if got == 0 { return }
      if bytes.count - start > limit { throw Errno(EFBIG) }
      // There was room for more, and no more came.
      if bytes.count - start == size { return }
    }
  }

  private static let zeros = [UInt8](repeating: 0, count: 16_384)

  /// By the block: `repeatElement` is a call for each byte where nothing is optimised, which was half the time of many tests.
  private static func appendZeros(_ count: Int, to bytes: inout [UInt8]) {
    let end = bytes.count + count
    // No more room than asked for in an empty array, and in others so much that they need not grow at each turn.
    if bytes.capacity < end { bytes.reserveCapacity(max(end, 2 * bytes.count)) }
    while bytes.count < end { bytes.append(contentsOf: zeros[..<min(end - bytes.count, zeros.count)]) }
  }

  /// What the kernel says of the open file. The corresponding C function is `fstat(2)`.
  public borrowing func status() throws(Errno) -> stat {
    var result = stat()
    let descriptor = rawValue
    _ = try retryingOnInterrupt { fstat(descriptor, &result) }
    return result
  }
}
