internal import CLinux
internal import Glibc

extension FileDescriptor {
  /// Calls `body` with the name of each entry of this directory but `.` and `..`, from the place of the last call on.
  ///
  /// The names are bytes without the final NUL and valid only inside `body`. No `String` and no `DIR` is made, so
  /// `/proc` and `/proc/PID/fd` are cheap to list. The corresponding C function is `getdents64(2)`.
  ///
  /// - Parameters:
  ///   - buffer: room for a part of the listing, at least 1 KiB; its size decides only how many calls it takes.
  ///   - goesOn: is asked in front of each part; false ends the listing.
  public borrowing func forEachEntry(
    using buffer: UnsafeMutableRawBufferPointer, while goesOn: () -> Bool = { true },
    _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(Errno) {
    let descriptor = rawValue
    // struct linux_dirent64: u64 inode, s64 offset, u16 record length, u8 type, then the name with its NUL.
    let lengthOffset = 16
    let nameOffset = 19
    while goesOn() {
      let filled = try retryingOnInterrupt { getdents64(descriptor, buffer.baseAddress, buffer.count) }
      guard filled > 0 else { return }
      var position = 0
      while position + nameOffset < filled {
        let record = UnsafeRawBufferPointer(rebasing: buffer[position..<filled])
        let length = Int(widening: record.loadUnaligned(fromByteOffset: lengthOffset, as: UInt16.self))
        guard length > nameOffset, length <= record.count else { return }
        let padded = record[nameOffset..<length]
        let end = padded.firstIndex(of: 0) ?? padded.endIndex
        let name = UnsafeRawBufferPointer(rebasing: padded[nameOffset..<end])
        if !name.isDotOrDotDot { body(name) }
        position += length
      }
    }
  }
}

extension FileDescriptor {
  /// Whether the file is one that the kernel makes up under `/proc`, by the file system's magic number.
  /// The corresponding C function is `fstatfs(2)`.
  public var isInProcfs: Bool {
    var system = statfs()
    // PROC_SUPER_MAGIC of linux/magic.h.
    return fstatfs(rawValue, &system) == 0 && system.f_type == 0x9fa0
  }
}

extension UnsafeRawBufferPointer {
  fileprivate var isDotOrDotDot: Bool {
    (count == 1 || count == 2) && allSatisfy { $0 == UInt8(ascii: ".") }
  }
}
