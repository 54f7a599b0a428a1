internal import Glibc
internal import POSIX

/// Puts new content in a file's place in one step: a temporary file beside it, then `rename(2)`. A reader sees the old
/// content or the new, and a writer that dies half-way leaves the old.
///
/// Only for the holder of the file's lock: that is why every temporary file it meets is a dead writer's.
enum AtomicReplace {
  /// Replaces the file's content, or makes the file.
  ///
  /// - Parameters:
  ///   - old: what `stat(2)` says of the file it replaces, whose mode and owner the new one gets as far as this user
  ///     may give them; nil for a new file, which gets 0644 under the umask.
  ///   - synchronise: whether the content is on the disk before the name is (`fsync(2)`), and the name before this
  ///     returns.
  ///
  /// - Returns: what `fstat(2)` said of the new file when it was written.
  @discardableResult
  static func replace(
    _ file: String, with content: [UInt8], like old: stat?, synchronise: Bool
  ) throws(Errno) -> stat {
    let status: stat
    let temporary = "\(file).tmp-\(hexadecimal(UInt64.random(in: .min ... .max)))"
    do throws(Errno) {
      status = try write(content, to: temporary, like: old, synchronise: synchronise)
      _ = try retryingOnInterrupt { rename(temporary, file) }
    } catch {
      unlink(temporary)
      throw error
    }
    if synchronise {
      let folder = try FileDescriptor.open(Path.folder(of: file), O_RDONLY | O_DIRECTORY)
      let number = folder.rawValue
      _ = try retryingOnInterrupt { fsync(number) }
    }
    return status
  }

  private static func write(
    _ content: [UInt8], to path: String, like old: stat?, synchronise: Bool
  ) throws(Errno) -> stat {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
    let descriptor = try FileDescriptor.open(path, flags, mode: old == nil ? 0o644 : 0o600)
    let number = descriptor.rawValue
    if let old {
      if old.st_uid != geteuid() || old.st_gid != getegid() {
        // As far as the user may: root gives both, others at most a group they are in.
        if fchown(number, old.st_uid, old.st_gid) != 0 { _ = fchown(number, uid_t.max, old.st_gid) }
      }
      _ = try retryingOnInterrupt { fchmod(number, old.st_mode & 0o7777) }
    }
    try descriptor.writeAll(content)
    if synchronise { _ = try retryingOnInterrupt { fsync(number) } }
    let status = try descriptor.status()
    // Some file systems tell only here that there was no room (close(2)). It is not called again after EINTR: the
    // descriptor is gone then.
    if close(descriptor.take()) != 0, errno != EINTR { throw Errno.last }
    return status
  }

  /// Removes the temporary files of writers that died between making and renaming one.
  static func removeLeftovers(of file: String) {
    guard let folder = opendir(Path.folder(of: file)) else { return }
    defer { closedir(folder) }
    let prefix = Array((Path.name(of: file) + ".tmp-").utf8)
    while let entry = readdir(folder) {
      // Sound: `d_name` ends with a zero byte within the entry, and the entry lives until the next `readdir`.
      let isLeftover = withUnsafeBytes(of: &entry.pointee.d_name) { name in
        isTemporary(UnsafeRawBufferPointer(rebasing: name.prefix { $0 != 0 }), prefix)
      }
      guard isLeftover else { continue }
      withUnsafePointer(to: &entry.pointee.d_name) {
        _ = $0.withMemoryRebound(to: CChar.self, capacity: 256) { unlinkat(dirfd(folder), $0, 0) }
      }
    }
  }

  /// Whether a name is the prefix with 16 hexadecimal digits: nothing else is ever removed.
  static func isTemporary(_ name: some Collection<UInt8>, _ prefix: [UInt8]) -> Bool {
    name.count == prefix.count + 16 && name.starts(with: prefix)
      && name.dropFirst(prefix.count).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  private static func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, 16 - digits.utf8.count)) + digits
  }
}
