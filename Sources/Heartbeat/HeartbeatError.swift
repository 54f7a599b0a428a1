public import POSIX

/// Why a heartbeat could not be written or read. Its description is one sentence that names the file, the cause and
/// what to do about it.
public enum HeartbeatError: Error, Sendable, Equatable {
  /// The file is there but could not be read.
  case cannotRead(file: String, Errno)
  /// The new content could not be put in place; the old content is untouched.
  case cannotWrite(file: String, Errno)
  /// The lock file could not be made or opened.
  case cannotLock(lockFile: String, Errno)
  /// Somebody else held the lock for the whole time that the writer was willing to wait.
  case lockTimeout(lockFile: String, waited: Double, holder: LockHolder?)
  /// The path names a directory, a device or a pipe.
  case notAFile(file: String)
  /// The file has more bytes than a heartbeat file may have.
  case tooLarge(file: String, limit: Int)
  /// The file does not hold what a heartbeat file holds, and kept so while it was read several times.
  case corrupt(file: String, reason: String)
  /// The beat itself cannot be written, for example one without a name.
  case invalidBeat(String)
}

extension HeartbeatError: CustomStringConvertible {
  /// The sentence for the user.
  public var description: String {
    switch self {
    case .cannotRead(let file, let error):
      "cannot read \(file): \(error)"
        + (error == .accessDenied ? "; give this user the right to read it, or name another file (HEARTBEAT_FILE)" : "")
    case .cannotWrite(let file, let error):
      "cannot write \(file): \(error); the old content is untouched\(HeartbeatError.advice(error, file))"
    case .cannotLock(let lockFile, let error):
      "cannot open the lock file \(lockFile): \(error)\(HeartbeatError.advice(error, lockFile))"
    case .lockTimeout(let lockFile, let waited, let holder):
      "gave up waiting for the lock \(lockFile) after \(HeartbeatError.seconds(waited)): "
        + (holder?.advice ?? "another writer holds it; find it with: fuser -v \(lockFile)")
    case .notAFile(let file):
      "\(file) is not a regular file: name a file that may be replaced"
    case .tooLarge(let file, let limit):
      "\(file) has more than \(limit) bytes, or would have: is it a heartbeat file? Raise the limit or move it away"
    case .corrupt(let file, let reason):
      "\(file) is not a heartbeat file: \(reason)"
    case .invalidBeat(let reason):
      "cannot beat: \(reason)"
    }
  }

  private static func seconds(_ value: Double) -> String {
    value == value.rounded() ? "\(Int(exactly: value) ?? 0) s" : "\(value) s"
  }

  private static func advice(_ error: Errno, _ file: String) -> String {
    let folder = Path.folder(of: file)
    return switch error {
    case .noSpace, .quotaExceeded: "; free some space on the file system of \(folder)"
    case .fileTooBig: "; the process's file size limit (ulimit -f) is too low"
    case .readOnlyFileSystem: "; the file system is mounted read-only: name a file on another one (HEARTBEAT_FILE)"
    case .accessDenied, .notPermitted:
      "; give this user the right to write in \(folder), or name another file (HEARTBEAT_FILE)"
    case .noSuchFile: "; make the folder \(folder), or name another file (HEARTBEAT_FILE)"
    default: ""
    }
  }
}

extension Errno {
  // Spelt here, so that the descriptions need no C module: the numbers are those of Linux (asm-generic/errno.h).
  static let notPermitted = Errno(1)
  static let noSuchFile = Errno(2)
  static let accessDenied = Errno(13)
  static let fileExists = Errno(17)
  static let fileTooBig = Errno(27)
  static let noSpace = Errno(28)
  static let readOnlyFileSystem = Errno(30)
  static let quotaExceeded = Errno(122)
}
