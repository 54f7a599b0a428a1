internal import Glibc
internal import POSIX

/// The process that holds a lock, as far as the kernel tells.
public struct LockHolder: Sendable, Equatable {
  /// Its process id.
  public let pid: Int32
  /// Its name (`/proc/<pid>/comm`); nil when it cannot be read.
  public let command: String?
  /// Its state letter of `proc_pid_stat(5)`, such as `T` for stopped; nil when it cannot be read.
  public let state: Character?

  init(pid: Int32, command: String?, state: Character?) {
    self.pid = pid
    self.command = command
    self.state = state
  }

  /// Looks the holder up in `/proc/locks` (`proc_locks(5)`); nil when it is not there, for example because it lives in
  /// another pid namespace.
  init?(of lockFile: String, in place: borrowing Place) {
    guard let status = try? place.folder.status(at: lockFile), let locks = LockHolder.text(of: "/proc/locks"),
      let pid = LockHolder.pid(holding: UInt64(widening: status.st_ino), in: locks)
    else { return nil }
    self.pid = pid
    command = LockHolder.text(of: "/proc/\(pid)/comm").map { String($0.prefix { $0 != "\n" }) }
    // The name in parentheses may itself hold parentheses and spaces: what counts follows the last one.
    let stat = LockHolder.text(of: "/proc/\(pid)/stat") ?? ""
    state = stat.lastIndex(of: ")").flatMap { stat[stat.index(after: $0)...].first { $0 != " " } }
  }

  /// The pid in the line of a `FLOCK` on this inode. The device is not compared: some file systems (btrfs, overlayfs)
  /// show another one there than `stat(2)` does.
  static func pid(holding inode: UInt64, in locks: String) -> Int32? {
    for line in locks.split(separator: "\n") {
      // 1: FLOCK  ADVISORY  WRITE 1234 08:02:131074 0 EOF; a waiter has "->" after the number.
      let fields = line.split(separator: " ")
      guard fields.count >= 6, fields[1] == "FLOCK", let pid = Int32(fields[4]), pid > 0,
        let text = fields[5].split(separator: ":").last, UInt64(text, radix: 10) == inode
      else { continue }
      return pid
    }
    return nil
  }

  /// What to do about it.
  var advice: String {
    let name = command.map { "process \(pid) (\($0))" } ?? "process \(pid)"
    return switch state {
    case "T", "t": "\(name) holds it and is stopped; let it go on with kill -CONT \(pid), or end it with kill -9 \(pid)"
    default: "\(name) holds it; if it hangs, end it with kill \(pid)"
    }
  }

  private static func text(of path: String) -> String? {
    var bytes: [UInt8] = []
    do throws(Errno) {
      try FileDescriptor.open(path, O_RDONLY).readToEnd(appendingTo: &bytes, limit: 1 << 20)
    } catch {
      return nil
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
