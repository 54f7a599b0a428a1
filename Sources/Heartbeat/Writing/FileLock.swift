internal import Glibc
internal import POSIX

/// An exclusive lock that every writer of a heartbeat file takes: `flock(2)` on the sidecar `<file>.lock`.
///
/// The lock lies beside the heartbeat file and not on it, because a replaced file is another inode with another lock.
/// The kernel drops the lock when its holder dies, however it dies. The lock file itself stays: who removed it would
/// let two writers in, each with a lock on a file of its own.
struct FileLock: ~Copyable {
  private let descriptor: FileDescriptor

  /// Waits for the lock.
  ///
  /// `flock` has no time limit of its own, so this tries again in growing intervals with some jitter, so that writers
  /// which began together do not keep meeting.
  ///
  /// - Parameter timeout: the longest that it waits.
  init(of place: borrowing Place, timeout: Duration) throws(HeartbeatError) {
    let name = FileLock.name(for: place.name)
    let start = Clock.monotonicNanoseconds
    let deadline = start &+ Clock.nanoseconds(timeout.inSeconds)
    var pause = FileLock.shortestPause
    while true {
      let isYoung = Clock.monotonicNanoseconds &- start < FileLock.longestBirth
      if let lock = try FileLock.attempt(name, place, mayBeNew: isYoung) {
        descriptor = lock
        return
      }
      let now = Clock.monotonicNanoseconds
      guard now < deadline else {
        throw .lockTimeout(lockFile: place.beside(name), waited: timeout, holder: LockHolder(of: name, in: place))
      }
      // no trap: a pause is not negative
      let jittered = pause / 2 &+ UInt64.random(in: 0...pause / 2)
      // Not mutated: how long a pause between two tries is shows nowhere.
      usleep(UInt32(clamping: min(jittered, deadline &- now) / 1000) &+ 1)
      pause = min(pause &* 3 / 2, FileLock.longestPause)
    }
  }

  deinit {
    // Said before the close: a child forked meanwhile by another thread has a copy of the descriptor and would keep
    // the lock for as long as it lives.
    flock(descriptor.rawValue, LOCK_UN)
  }

  /// The lock file of a heartbeat file.
  static func name(for file: String) -> String { file + ".lock" }

  private static let shortestPause: UInt64 = 200_000
  private static let longestPause: UInt64 = 10_000_000
  /// For so many nanoseconds a lock that may not be opened is taken for one that its maker has not opened to others yet.
  private static let longestBirth: UInt64 = 50_000_000

  /// One try; nil when somebody holds the lock, or when the file was removed between opening and locking it.
  private static func attempt(
    _ name: String, _ place: borrowing Place, mayBeNew: Bool
  ) throws(HeartbeatError) -> FileDescriptor? {
    do throws(Errno) {
      let descriptor = try open(name, place)
      let number = descriptor.rawValue
      _ = try retryingOnInterrupt { flock(number, LOCK_EX | LOCK_NB) }
      let mine = try descriptor.status()
      guard let named = try? place.folder.status(at: name), named.isSameFile(as: mine) else { return nil }
      guard mine.isRegular, mine.st_nlink == 1 else { throw .noFileOfItsOwn }
      return descriptor
    } catch {
      let path = place.beside(name)
      let owner = (try? place.folder.status(at: name))?.st_uid ?? geteuid()
      let whose = owner == geteuid() ? "" : " of user \(owner)"
      switch error.rawValue {
      // EEXIST: another writer has made the lock meanwhile.
      case EWOULDBLOCK, EEXIST: return nil
      case EACCES where mayBeNew: return nil
      case ELOOP:
        throw .link(file: path, reason: "the lock file is a symbolic link\(whose): it is not followed; remove it")
      case EMLINK, EISDIR: throw .link(file: path, reason: "the lock file\(whose) is no file of its own: remove it")
      case EACCES where owner != geteuid(): throw .lockOfAnother(lockFile: path, user: owner)
      default: throw .cannotLock(lockFile: path, error)
      }
    }
  }

  private static func open(_ name: String, _ place: borrowing Place) throws(Errno) -> FileDescriptor {
    let descriptor: FileDescriptor
    do throws(Errno) {
      // First without O_CREAT, which the kernel refuses for another user's file in a folder like /tmp
      // (fs.protected_regular).
      descriptor = try place.open(name, O_RDWR)
    } catch {
      switch error.rawValue {
      case ENOENT:
        descriptor = try place.open(name, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        openToWriters(descriptor, place)
        Ownership.give(descriptor, toOwnerOf: place.folder)
        return descriptor
      // Reading is enough to lock, except on NFS.
      case EACCES, EROFS: return try place.open(name, O_RDONLY)
      default: throw error
      }
    }
    openToWriters(descriptor, place)
    return descriptor
  }

  /// Who may write the folder may lock, and nobody else: by a lock that mere readers can take they could stop the beats.
  private static func openToWriters(_ descriptor: borrowing FileDescriptor, _ place: borrowing Place) {
    guard let mine = try? descriptor.status(), mine.st_uid == geteuid(), mine.isRegular, mine.st_nlink == 1,
      mine.st_size == 0, let folder = try? place.folder.status()
    else { return }
    let mode: mode_t = folder.st_mode & 0o002 != 0 ? 0o666 : 0o660
    var isOfGroup = mine.st_gid == folder.st_gid
    if mode == 0o660, folder.st_mode & 0o020 != 0, !isOfGroup {
      // Who is not in the folder's group cannot: then its members find the lock not theirs to take, and say so.
      isOfGroup = fchown(descriptor.rawValue, uid_t.max, folder.st_gid) == 0
    }
    // Not what the folder gives to all new files, which may be for readers.
    let list = AccessList.of(folder: place.folder)?
      .ofFile(
        othersMay: 0, owner: Ownership.owner(ofNew: mine, in: folder), folderOwner: folder.st_uid, isOfGroup: isOfGroup)
    if list != (try? AccessList.of(descriptor)) {
      if let list { try? list.give(to: descriptor) } else { AccessList.remove(from: descriptor) }
    }
    if mine.permissions != mode { _ = fchmod(descriptor.rawValue, mode) }
  }
}

extension Errno {
  /// What the kernel would say of a file with too many names.
  fileprivate static let noFileOfItsOwn = Errno(EMLINK)
}
