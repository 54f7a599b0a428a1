internal import CLinux
internal import Glibc

/// How a process ended, as `waitpid(2)` tells.
enum ChildStatus: Hashable, Sendable {
  /// It called `exit` with this status (0...255).
  case exited(Int32)
  /// A signal ended it.
  case signalled(Int32)

  /// Reads the status word of `waitpid(2)` of a process that has ended.
  init(waitStatus: Int32) {
    self =
      clinux_exited(waitStatus) != 0
      ? .exited(clinux_exit_status(waitStatus)) : .signalled(clinux_term_signal(waitStatus))
  }

  /// The status a shell would show: the exit status itself, or 128 + the signal's number.
  var code: Int32 {
    switch self {
    case .exited(let status): status
    case .signalled(let signal): 128 + signal
    }
  }

  /// The number of the signal that ended it; nil when none did.
  var signal: Int32? {
    if case .signalled(let number) = self { number } else { nil }
  }

  /// Whether it ended with status 0.
  var isSuccess: Bool { self == .exited(0) }
}

extension ChildStatus: CustomStringConvertible {
  var description: String {
    switch self {
    case .exited(let status): "exited with status \(status)"
    case .signalled(let signal): "was ended by \(Signal(signal))"
    }
  }
}

/// What happened to a child process.
enum ChildChange: Hashable, Sendable {
  /// It has ended, and its process id is free.
  case ended(ChildStatus)
  /// A signal of this number suspended it.
  case suspended(by: Int32)
  /// It goes on.
  case resumed

  /// Reads the status word of `waitpid(2)`.
  init(waitStatus: Int32) {
    if clinux_stopped(waitStatus) != 0 {
      self = .suspended(by: clinux_stop_signal(waitStatus))
    } else if clinux_continued(waitStatus) != 0 {
      self = .resumed
    } else {
      self = .ended(ChildStatus(waitStatus: waitStatus))
    }
  }
}

/// What happened to one of the child processes, be it started here or adopted; nil when nothing did since the last call. One that has
/// ended is collected. The corresponding C function is `waitpid(2)`.
func nextChildChange() -> (pid: pid_t, change: ChildChange)? {
  while true {
    var status: Int32 = 0
    let pid = waitpid(-1, &status, WNOHANG | WUNTRACED | Int32(WCONTINUED))
    if pid > 0 { return (pid, ChildChange(waitStatus: status)) }
    guard pid == -1, errno == EINTR else { return nil }
  }
}

/// Collects one process that has ended, be it started here or adopted; nil when none has ended by now.
func reapChild() -> (pid: pid_t, status: ChildStatus)? {
  while let found = nextChildChange() {
    if case .ended(let status) = found.change { return (found.pid, status) }
  }
  return nil
}
