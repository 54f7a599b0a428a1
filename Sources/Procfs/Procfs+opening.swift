internal import Glibc
internal import POSIX

/// Opening what is in the tree, without a `String` on the way.
extension Procfs {
  func openFile(
    _ file: StaticString, in directory: Int32, _ flags: Int32 = O_RDONLY
  ) throws(Errno) -> FileDescriptor {
    progress.noteFurther()
    let number = try retryingOnInterrupt {
      // Sound: the bytes of a StaticString end with NUL.
      openat(directory, UnsafeRawPointer(file.utf8Start).assumingMemoryBound(to: CChar.self), flags | O_CLOEXEC)
    }
    return FileDescriptor(owning: number)
  }

  /// - Parameter place: what is avoided when it hangs; nil for the whole process.
  func openFile(
    _ file: StaticString, of pid: Int32, _ flags: Int32, at place: ReadingProgress.Place? = nil
  ) throws(Errno) -> FileDescriptor {
    guard !avoided.contains(.process(pid)) else { throw Errno(EBUSY) }
    progress.note(place ?? .process(pid))
    return try openFile(file, of: pid, in: try root(), flags)
  }

  /// Asks whether a file of a process is there, and opens nothing.
  func lookUp(_ file: StaticString, of pid: Int32) throws(Errno) {
    guard !avoided.contains(.process(pid)) else { throw Errno(EBUSY) }
    progress.note(.process(pid))
    let directory = try root()
    setName(pid, file)
    var status = Glibc.stat()
    _ = try retryingOnInterrupt { name.baseAddress.map { fstatat(directory, $0, &status, 0) } ?? -1 }
  }

  func openFile(
    _ file: StaticString, of pid: Int32, in directory: Int32, _ flags: Int32
  ) throws(Errno) -> FileDescriptor {
    setName(pid, file)
    let number = try retryingOnInterrupt {
      // Sound: `name` was allocated with room, so it has an address.
      name.baseAddress.map { openat(directory, $0, flags | O_CLOEXEC) } ?? -1
    }
    return FileDescriptor(owning: number)
  }

  /// Writes `PID/file` and a NUL into `name`, which has room for ten digits and the longest name used here.
  private func setName(_ pid: Int32, _ file: StaticString) {
    var rest = UInt32(clamping: pid)
    var power: UInt32 = 1
    while rest / power >= 10 { power *= 10 }
    var position = 0
    while power > 0 {
      name[position] = CChar(truncatingIfNeeded: UInt32(UInt8(ascii: "0")) + rest / power)
      rest %= power
      power /= 10
      position += 1
    }
    name[position] = CChar(UInt8(ascii: "/"))
    position += 1
    file.withUTF8Buffer { text in
      for byte in text.prefix(max(0, Self.nameSize - position - 1)) {
        name[position] = CChar(bitPattern: byte)
        position += 1
      }
    }
    name[position] = 0
  }
}
