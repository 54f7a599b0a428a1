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
  /// - Parameter timeout: the most seconds it waits.
  init(of file: String, timeout: Double) throws(HeartbeatError) {
    let path = file + ".lock"
    let start = Clock.monotonicNanoseconds
    let deadline = start &+ Clock.nanoseconds(timeout)
    var pause = FileLock.shortestPause
    while true {
      if let lock = try FileLock.attempt(path) {
        descriptor = lock
        return
      }
      let now = Clock.monotonicNanoseconds
      guard now < deadline else {
        throw .lockTimeout(lockFile: path, waited: timeout, holder: LockHolder(of: path))
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

  private static let shortestPause: UInt64 = 200_000
  private static let longestPause: UInt64 = 10_000_000

  /// One try; nil when somebody holds the lock, or when the file was removed between opening and locking it.
  private static func attempt(_ path: String) throws(HeartbeatError) -> FileDescriptor? {
    do throws(Errno) {
      let descriptor = try open(path)
      do throws(Errno) {
        let number = descriptor.rawValue
        _ = try retryingOnInterrupt { flock(number, LOCK_EX | LOCK_NB) }
      } catch {
        guard error.rawValue == EWOULDBLOCK else { throw error }
        return nil
      }
      let mine = try descriptor.status()
      var named = stat()
      guard stat(path, &named) == 0, named.st_ino == mine.st_ino, named.st_dev == mine.st_dev else { return nil }
      return descriptor
    } catch {
      throw .cannotLock(lockFile: path, error)
    }
  }

  private static func open(_ path: String) throws(Errno) -> FileDescriptor {
    do throws(Errno) {
      // First without O_CREAT, which the kernel refuses for another user's file in a folder like /tmp
      // (fs.protected_regular).
      return try FileDescriptor.open(path, O_RDWR | O_NONBLOCK | O_NOCTTY)
    } catch {
      switch error.rawValue {
      case ENOENT: return try FileDescriptor.open(path, O_RDWR | O_CREAT | O_NONBLOCK | O_NOCTTY)
      // Reading is enough to lock, except on NFS.
      case EACCES, EROFS: return try FileDescriptor.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
      default: throw error
      }
    }
  }
}
