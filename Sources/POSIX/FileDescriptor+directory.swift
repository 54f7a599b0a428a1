public import Glibc

// What is in a directory, named relative to its descriptor: whoever may write a folder on the way can swap the folder,
// not the descriptor. No call here follows a symbolic link in the name's own place, but where it says so.
extension FileDescriptor {
  /// `O_PATH` of asm-generic/fcntl.h, which the C library hides unless GNU extensions are asked for: enough to name what is in a directory,
  /// also where this user may not list it.
  public static let pathOnly: Int32 = 0o10000000

  /// Opens a file in this directory, or makes it. The corresponding C function is `openat(2)`.
  ///
  /// - Parameter mode: permission bits of a file that `O_CREAT` makes, before the umask.
  public borrowing func open(at name: String, _ flags: Int32, mode: mode_t) throws(Errno) -> FileDescriptor {
    let directory = rawValue
    return FileDescriptor(
      owning: try retryingOnInterrupt {
        name.withCString { Glibc.openat(directory, $0, flags | O_CLOEXEC | O_NOFOLLOW, mode) }
      })
  }

  /// What the kernel says of a file in this directory. The corresponding C function is `fstatat(2)`.
  ///
  /// - Parameter followingLinks: whether it is asked of what a symbolic link leads to.
  public borrowing func status(at name: String, followingLinks: Bool = false) throws(Errno) -> stat {
    var result = stat()
    let directory = rawValue
    let flags = followingLinks ? 0 : AT_SYMLINK_NOFOLLOW
    _ = try retryingOnInterrupt { name.withCString { fstatat(directory, $0, &result, flags) } }
    return result
  }

  /// Opens a folder in this one whose name may be no UTF-8. The corresponding C function is `openat(2)`.
  public borrowing func openFolder(at name: [UInt8], _ flags: Int32 = pathOnly) throws(Errno) -> FileDescriptor {
    let directory = rawValue
    return FileDescriptor(
      owning: try retryingOnInterrupt {
        name.withCString { Glibc.openat(directory, $0, flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
      })
  }

  /// What the kernel says of a file in this directory whose name may be no UTF-8. The corresponding C function is `fstatat(2)`.
  public borrowing func status(at name: [UInt8]) throws(Errno) -> stat {
    var result = stat()
    let directory = rawValue
    _ = try retryingOnInterrupt { name.withCString { fstatat(directory, $0, &result, AT_SYMLINK_NOFOLLOW) } }
    return result
  }

  /// The text of a symbolic link in this directory. The corresponding C function is `readlinkat(2)`.
  public borrowing func linkText(at name: String) throws(Errno) -> [UInt8] {
    try FileDescriptor.linkText(at: name, in: rawValue)
  }

  /// The text of a symbolic link in the directory of this number, or `AT_FDCWD`. The corresponding C function is `readlinkat(2)`.
  public static func linkText(at name: String, in directory: Int32) throws(Errno) -> [UInt8] {
    let size = Int(PATH_MAX)
    var text = [UInt8](repeating: 0, count: size)
    let count = try retryingOnInterrupt { Glibc.readlinkat(directory, name, &text, size) }
    return Array(text.prefix(count))
  }

  /// Renames a file within this directory. The corresponding C function is `renameat(2)`.
  public borrowing func rename(_ name: String, to other: String) throws(Errno) {
    let directory = rawValue
    _ = try retryingOnInterrupt { Glibc.renameat(directory, name, directory, other) }
  }

  /// Gives a file in this directory a second name, if that is free. The corresponding C function is `linkat(2)`.
  public borrowing func link(_ name: String, as other: String) throws(Errno) {
    let directory = rawValue
    _ = try retryingOnInterrupt { Glibc.linkat(directory, name, directory, other, 0) }
  }

  /// Removes a name from this directory. The corresponding C function is `unlinkat(2)`.
  public borrowing func unlink(_ name: String) throws(Errno) {
    let directory = rawValue
    _ = try retryingOnInterrupt { Glibc.unlinkat(directory, name, 0) }
  }

  /// Waits until the file's content is on the disk. The corresponding C function is `fsync(2)`.
  public borrowing func synchronise() throws(Errno) {
    let descriptor = rawValue
    _ = try retryingOnInterrupt { Glibc.fsync(descriptor) }
  }
}

extension [UInt8] {
  /// These bytes as a name for the kernel.
  fileprivate func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    let name = map { CChar(bitPattern: $0) } + [0]
    return name.withUnsafeBufferPointer { name in
      // Sound: at least the zero is there, so that there is an address.
      name.baseAddress.map(body) ?? body("")
    }
  }
}
