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
  /// The lock file belongs to another user, who lets nobody else open it.
  case lockOfAnother(lockFile: String, user: UInt32)
  /// Somebody else held the lock for the whole time that the writer was willing to wait.
  case lockTimeout(lockFile: String, waited: Duration, holder: LockHolder?)
  /// The path names a directory, a device or a pipe.
  case notAFile(file: String)
  /// The file has more bytes than a heartbeat file may have.
  case tooLarge(file: String, limit: Int)
  /// A symbolic or hard link that may not be followed stands in the way.
  case link(file: String, reason: String)
  /// The file holds something else than heartbeats, and is left as it is.
  case foreign(file: String, reason: String)
  /// A process's own file holds something else than a heartbeat, and is left as it is.
  case foreignEntry(file: String, reason: String)
  /// A process's own file belongs to another user.
  case ownedByAnother(file: String, user: UInt32)
  /// A process was silenced by another user, whose note in the folder this one may not remove.
  case silencedByAnother(process: String, user: UInt32)
  /// More processes would be silenced than can be.
  case tooManySilences(file: String, limit: Int)
  /// There is no such folder of heartbeats.
  case noFolder(path: String)
  /// A path that is taken for a folder of heartbeats is that of a file.
  case notAFolder(path: String)
  /// Somebody writes the file all the time: it was never whole.
  case beingWritten(file: String)
  /// Writing the file would take it from those who could write it before.
  case ownership(file: String, reason: String)
  /// The file does not hold what a heartbeat file holds, and kept so while it was read several times.
  case corrupt(file: String, reason: String)
  /// An exporter did not take the beat; the target is its URL without a password.
  case notDelivered(target: String, reason: String)
  /// The beat itself cannot be written, for example one without a name.
  case invalidBeat(String)
}

extension HeartbeatError {
  /// Whether another user could have written.
  var isAboutRights: Bool {
    switch self {
    case .cannotWrite(_, let cause): cause == .accessDenied || cause == .notPermitted
    case .ownership: true
    default: false
    }
  }
}

extension HeartbeatError: CustomStringConvertible {
  /// The sentence for the user.
  public var description: String {
    switch self {
    case .cannotRead(let file, let error):
      "cannot read \(file): \(error)"
        + (error == .accessDenied ? "; give this user the right to read it, or name another file (HEARTBEAT_FILE)" : "")
        + (error == .noSuchFile ? "; name the file or folder that programs beat into (HEARTBEAT_FILE)" : "")
    case .cannotWrite(let file, let error):
      "cannot write \(file): \(error)" + (error == .noSuchFile ? "" : "; the old content is untouched")
        + HeartbeatError.advice(error, file)
    case .cannotLock(let lockFile, let error):
      "cannot open the lock file \(lockFile): \(error)\(HeartbeatError.advice(error, lockFile))"
    case .lockOfAnother(let lockFile, let user):
      "cannot open the lock file \(lockFile): it belongs to user \(user), who lets nobody else open it; have it removed, or "
        + "take a folder in the place of the file (/run/heartbeat.d), or another file (HEARTBEAT_FILE)"
    case .lockTimeout(let lockFile, let waited, let holder):
      "gave up waiting for the lock \(lockFile) after \(HeartbeatError.seconds(waited)): "
        + (holder?.advice ?? "another writer holds it; find it with: fuser -v \(lockFile)")
    case .notAFile(let file):
      "\(file) is not a regular file: name a file that may be replaced"
    case .tooLarge(let file, let limit):
      "\(file) has more than \(limit) bytes, or would have: is it a heartbeat file? Raise the limit or move it away"
    case .link(let file, let reason):
      "cannot write \(file): \(reason)"
    case .foreign(let file, let reason):
      "\(file) is not a heartbeat file (\(reason)): it is left as it is; name another file (HEARTBEAT_FILE)"
    case .foreignEntry(let file, let reason):
      "\(file) is not a heartbeat (\(reason)): it is left as it is; take another name, or another folder"
    case .ownedByAnother(let file, let user):
      "cannot write \(file): it belongs to user \(user): take another name for this process"
    case .silencedByAnother(let process, let user):
      "cannot end the silence of \"\(process)\": user \(user) made it: that user, root or the folder's owner can end it"
    case .tooManySilences(let file, let limit):
      "\(file) would have more than \(limit) silenced processes: end some (heartbeat silence NAME --end)"
    case .noFolder(let path):
      "cannot write heartbeats: there is no folder \(path): make it (install -d -m 1777 \(path))"
    case .notAFolder(let path):
      "\(path) is no folder, and a path that ends in \".d\" or \"/\" is taken for a folder of heartbeats: give the file "
        + "another name, or move it away and make the folder (install -d -m 1777 \(path))"
    case .beingWritten(let file):
      "\(file) is being written by somebody, and is never whole"
    case .ownership(let file, let reason):
      "cannot write \(file): \(reason); share it by group (chgrp, chmod 664, and chmod 2775 for its folder), "
        + "take a folder in the place of the file (/run/heartbeat.d), or push to an exporter"
    case .corrupt(let file, let reason):
      "\(file) is not a heartbeat file: \(reason)"
    case .notDelivered(let target, let reason):
      target + reason
    case .invalidBeat(let reason):
      "cannot beat: \(reason)"
    }
  }

  private static func seconds(_ duration: Duration) -> String {
    let value = duration.inSeconds
    return value == value.rounded() ? "\(Int(exactly: value) ?? 0) s" : "\(value) s"
  }

  private static func advice(_ error: Errno, _ file: String) -> String {
    let folder = Path.folder(of: file)
    return switch error {
    case .noSpace: "; free some space, or files (df -i), on the file system of \(folder)"
    case .quotaExceeded:
      "; this user's quota is used up: remove files of this user on the file system of \(folder), or raise it (quota -s)"
    case .fileTooBig: "; the process's file size limit (ulimit -f) is too low"
    case .readOnlyFileSystem:
      "; the file system is mounted read-only (if it should not be, dmesg says why): name a file on another one (HEARTBEAT_FILE)"
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
