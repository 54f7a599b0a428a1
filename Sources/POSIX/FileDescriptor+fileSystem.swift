internal import CLinux
internal import Glibc

extension FileDescriptor {
  /// The kind of file system that the file lies on, a constant such as `EXT4_SUPER_MAGIC`, see `statfs(2)`.
  public borrowing func fileSystemType() throws(Errno) -> UInt32 {
    var result = statfs()
    let descriptor = rawValue
    _ = try retryingOnInterrupt { fstatfs(descriptor, &result) }
    return UInt32(truncatingIfNeeded: result.f_type)
  }
}
