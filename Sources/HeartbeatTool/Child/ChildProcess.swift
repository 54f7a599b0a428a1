internal import CLinux
internal import Glibc
internal import POSIX

/// A program that this process started, and waits for.
struct ChildProcess: Sendable {
  /// Its process id; also that of its process group if it has one of its own.
  let pid: pid_t
  /// Whether it leads a process group of its own.
  let leadsGroup: Bool

  /// Starts a program. It is killed (`SIGKILL`) when the calling thread ends, however that happens.
  ///
  /// - Parameters:
  ///   - command: the program, looked up in `PATH`, and its arguments; not empty.
  ///   - environment: its whole environment, by name.
  ///   - ownGroup: whether it leads a process group of its own.
  /// - Throws: the error of `fork(2)` or `exec(3)`, such as `ENOENT`.
  static func start(
    _ command: [String], environment: [String: String], ownGroup: Bool
  ) throws(Errno) -> ChildProcess {
    guard !command.isEmpty else { throw Errno(EINVAL) }
    let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let result = withCStrings(command) { arguments in
      withCStrings(variables) { variables in
        let pid = clinux_spawn(arguments, variables, ownGroup ? 1 : 0, SIGKILL)
        return (pid: pid, error: Errno.last)
      }
    }
    guard result.pid > 0 else { throw result.error }
    return ChildProcess(pid: result.pid, leadsGroup: ownGroup)
  }

  /// Sends a signal to its process group, or to it alone if it has none of its own. A process that has ended is no
  /// error.
  func signal(_ number: Int32) {
    _ = kill(leadsGroup ? -pid : pid, number)
  }

  /// Whether anything of its process group still exists, zombies included.
  var hasGroup: Bool {
    leadsGroup && (kill(-pid, 0) == 0 || errno == EPERM)
  }
}

/// Collects one process that has ended, be it started here or adopted; nil when none has ended by now.
func reapChild() -> (pid: pid_t, status: ChildStatus)? {
  var status: Int32 = 0
  let pid = waitpid(-1, &status, WNOHANG)
  return pid > 0 ? (pid, ChildStatus(waitStatus: status)) : nil
}

/// Calls `body` with a null-terminated array of C strings that lives as long as the call.
private func withCStrings<Result>(
  _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  var pointers = strings.map { strdup($0) }
  pointers.append(nil)
  defer { for pointer in pointers { free(pointer) } }
  return pointers.withUnsafeBufferPointer { buffer in
    // Sound: the array has at least the null pointer, so its base address exists.
    withExtendedLifetime(buffer) { buffer.baseAddress.map(body) ?? body([nil]) }
  }
}
