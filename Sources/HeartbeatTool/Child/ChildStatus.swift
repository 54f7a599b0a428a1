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

  /// Whether it ended with status 0.
  var isSuccess: Bool { self == .exited(0) }
}

extension ChildStatus: CustomStringConvertible {
  var description: String {
    switch self {
    case .exited(let status): "exited with status \(status)"
    case .signalled(let signal): "was ended by \(signalName(signal))"
    }
  }
}

/// `SIGTERM` and so on; `signal 42` for one without a common name. Source: `signal(7)`.
func signalName(_ signal: Int32) -> String {
  switch signal {
  case SIGHUP: "SIGHUP"
  case SIGINT: "SIGINT"
  case SIGQUIT: "SIGQUIT"
  case SIGILL: "SIGILL"
  case SIGABRT: "SIGABRT"
  case SIGBUS: "SIGBUS"
  case SIGFPE: "SIGFPE"
  case SIGKILL: "SIGKILL"
  case SIGUSR1: "SIGUSR1"
  case SIGSEGV: "SIGSEGV"
  case SIGUSR2: "SIGUSR2"
  case SIGPIPE: "SIGPIPE"
  case SIGALRM: "SIGALRM"
  case SIGTERM: "SIGTERM"
  default: "signal \(signal)"
  }
}
