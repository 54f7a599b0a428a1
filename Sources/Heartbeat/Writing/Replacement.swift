internal import Glibc
internal import POSIX

/// Puts new content in a file's place so that whoever could write the file before can write it after.
///
/// In one step where that is possible: a temporary file beside it, then `rename(2)`. A reader sees the old content or the
/// new, and a writer that dies half-way leaves the old. Where a new file would take the place from its owner, or the
/// folder does not let this user rename, the file is rewritten in place, if this user may write it: the caller holds the
/// lock, and readers look again.
struct Replacement {
  /// What the names of temporary files begin with.
  let temporaryPrefix: String
  /// Whether the content is on the disk before the name is (`fsync(2)`), and the name before `replace` returns.
  let synchronises: Bool
  /// Who may write a new file, where the folder is not sticky.
  let newFilesAreOf: Sharing

  /// Who may write a new file.
  enum Sharing {
    /// Who makes it.
    case maker
    /// If root makes it, the folder's owner too.
    case owner
    /// Everybody who may write the folder.
    case writers
  }

  /// Replaces the file's content, or makes the file.
  ///
  /// - Parameters:
  ///   - old: what `fstat(2)` said of the file it replaces, whose owner, group and mode the new one gets; nil for a new file,
  ///     which gets 0644 under the umask, and what `newFilesAreOf` says.
  ///   - copy: the name under which the old file is kept; nil to keep it not.
  /// - Returns: what `fstat(2)` said of the file when it was written.
  @discardableResult
  func replace(
    _ place: borrowing Place, with content: [UInt8], like old: stat?, keepingAs copy: String? = nil
  ) throws(HeartbeatError) -> stat {
    guard Replacement.mayWrite(content.count) else { throw .cannotWrite(file: place.path, Errno(EFBIG)) }
    let problem: ReplacementError
    do throws(ReplacementError) {
      return try renameNew(place, content, like: old, keepingAs: copy)
    } catch {
      problem = error
    }
    if let old, problem.isRightsProblem {
      do throws(Errno) {
        if let status = try rewrite(place, content, old, keepingAs: copy) { return status }
      } catch {
        if error == .stale { throw .beingWritten(file: place.path) }
        throw .cannotWrite(file: place.path, error)
      }
    }
    switch problem {
    case .system(let error): throw .cannotWrite(file: place.path, error)
    case .ownership(let reason): throw .ownership(file: place.path, reason: reason)
    }
  }

  private func renameNew(
    _ place: borrowing Place, _ content: [UInt8], like old: stat?, keepingAs copy: String?
  ) throws(ReplacementError) -> stat {
    let temporary = Replacement.temporaryName(temporaryPrefix)
    var isMade = false
    do throws(ReplacementError) {
      let descriptor: FileDescriptor
      do throws(Errno) {
        descriptor = try place.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: old == nil ? 0o644 : 0o600)
      } catch {
        throw .system(error)
      }
      isMade = true
      if let old {
        try Ownership(of: old, accessList(of: old, at: place)).handOver(descriptor)
      } else {
        Ownership.share(descriptor, in: place.folder, with: newFilesAreOf)
      }
      do throws(Errno) {
        let status = try write(content, descriptor)
        if let copy { try place.folder.rename(place.name, to: copy) }
        do throws(Errno) {
          try place.folder.rename(temporary, to: place.name)
        } catch {
          if let copy { try? place.folder.rename(copy, to: place.name) }
          throw error
        }
        if synchronises { try place.synchronise() }
        return status
      } catch {
        throw .system(error)
      }
    } catch {
      if isMade { place.remove(temporary) }
      throw error
    }
  }

  /// Whom the old file names beside its owner and group; nil when that is nobody, or when this user may not look.
  private func accessList(of old: stat, at place: borrowing Place) throws(ReplacementError) -> AccessList? {
    do throws(Errno) {
      let file = try place.open(place.name, O_RDONLY)
      guard try file.status().isSameFile(as: old) else { return nil }
      return try AccessList.of(file)
    } catch {
      if [EACCES, EPERM, ENOENT].contains(error.rawValue) { return nil }
      throw .system(error)
    }
  }

  private func write(_ content: [UInt8], _ descriptor: consuming FileDescriptor) throws(Errno) -> stat {
    try descriptor.writeAll(content)
    if synchronises { try descriptor.synchronise() }
    let status = try descriptor.status()
    // Some file systems tell only here that there was no room (close(2)). It is not called again after EINTR: the
    // descriptor is gone then.
    if close(descriptor.take()) != 0, errno != EINTR { throw Errno.last }
    return status
  }

  /// Writes the file in place, so that it stays its owner's; nil when this user may not, or when the file has a second
  /// name (hard link), which may lie where it means something else.
  private func rewrite(
    _ place: borrowing Place, _ content: [UInt8], _ old: stat, keepingAs copy: String?
  ) throws(Errno) -> stat? {
    let descriptor: FileDescriptor
    do throws(Errno) {
      descriptor = try place.open(place.name, O_RDWR)
    } catch {
      if [EACCES, EPERM, EROFS, ETXTBSY].contains(error.rawValue) { return nil }
      throw error
    }
    let now = try descriptor.status()
    guard now.isSameFile(as: old) else { throw .stale }
    guard now.isRegular, now.st_nlink == 1 else { return nil }
    if let copy {
      var kept: [UInt8] = []
      try descriptor.readToEnd(appendingTo: &kept, limit: Int(clamping: now.st_size))
      lseek(descriptor.rawValue, 0, SEEK_SET)
      let made = try place.open(copy, O_WRONLY | O_CREAT | O_EXCL, mode: now.permissions)
      do throws(Errno) {
        try made.writeAll(kept)
      } catch {
        place.remove(copy)
        throw error
      }
    }
    let length = off_t(content.count)
    if length > now.st_size {
      // A full disk is noticed while all is as it was.
      let code = posix_fallocate(descriptor.rawValue, 0, length)
      if code != 0 {
        _ = ftruncate(descriptor.rawValue, now.st_size)
        throw Errno(code)
      }
    }
    try descriptor.writeAll(content)
    let number = descriptor.rawValue
    _ = try retryingOnInterrupt { ftruncate(number, length) }
    if synchronises { try descriptor.synchronise() }
    return try descriptor.status()
  }

  /// Whether files of this size may be written (`setrlimit(2)`). To try it would end a program that does not ignore SIGXFSZ.
  private static func mayWrite(_ count: Int) -> Bool {
    var limit = rlimit()
    return getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) != 0
      || rlim_t(clamping: count) <= limit.rlim_cur
  }

  /// A name that nobody can guess.
  static func temporaryName(_ prefix: String) -> String {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    return prefix + String(repeating: "0", count: max(0, 16 - digits.utf8.count)) + digits
  }
}

/// Why a file could not be replaced by another one.
enum ReplacementError: Error {
  case system(Errno)
  /// It would be taken from those who could write it.
  case ownership(String)

  /// Whether a rewrite in place may do.
  var isRightsProblem: Bool {
    switch self {
    case .system(let error): error == .accessDenied || error == .notPermitted
    case .ownership: true
    }
  }
}

extension Errno {
  /// The file is not the one any more that was read.
  fileprivate static let stale = Errno(ESTALE)
}
