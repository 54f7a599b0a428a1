internal import Glibc

/// What becomes of a signal that the supervisor got.
enum SignalAction: Hashable, Sendable {
  /// It goes on to the program, as this signal.
  case handOn(Int32)
  /// The program is asked to end with this signal, and has its grace from now on.
  case end(Int32)
  /// As `end`, but the terminal has told the program already.
  case endWithoutWord
  /// As `handOn`, but the terminal has told the program already: it is only noted, for it may end of it.
  case noted(Int32)
  /// The program is killed at once: somebody asked a second time.
  case kill
  /// Nothing: the program has got it already, or it is no news.
  case nothing
  /// A suspended program goes on, if it is still suspended.
  case resume
}

/// How signals are handed on. Pure.
struct SignalRule: Hashable, Sendable {
  /// What the program gets for `SIGTERM`.
  var stopSignal = SIGTERM
  /// What the program gets for `SIGHUP`.
  var reloadSignal = SIGHUP
  /// Whether the program is in the terminal's foreground group, like the supervisor: then the terminal tells both.
  var sharesTerminal = false
  /// Whether the supervisor leads the terminal's session, as under `ssh -t` or in a window of tmux: when that is closed, the kernel tells
  /// the leader alone.
  var leadsSession = false

  /// - Parameters:
  ///   - isStopping: whether the program was asked to end before.
  ///   - ownPID: this process: what it sent itself, as a write to a closed pipe does, is nobody's signal.
  func action(for signal: ReceivedSignal, isStopping: Bool, ownPID: pid_t) -> SignalAction {
    let fromTerminal = sharesTerminal && signal.isFromTerminal
    switch signal.number {
    case SIGCHLD: return .nothing
    case SIGPIPE where signal.sender == ownPID: return .nothing
    case SIGINT where isStopping: return .kill
    case SIGINT: return fromTerminal ? .endWithoutWord : .end(SIGINT)
    case SIGTERM: return .end(stopSignal)
    case SIGHUP where fromTerminal: return leadsSession ? .handOn(SIGHUP) : .noted(SIGHUP)
    case SIGHUP: return .handOn(reloadSignal)
    case SIGCONT where sharesTerminal: return .resume
    default: return fromTerminal ? .noted(signal.number) : .handOn(signal.number)
    }
  }

  /// Whether a signal that comes while no program runs ends the wait for the next run: one that ends who does nothing about it
  /// (`signal(7)`), as a terminal's end does. Not so by what programs are told otherwise: to read the configuration anew, say.
  func endsWait(_ signal: ReceivedSignal, ownPID: pid_t) -> Bool {
    switch signal.number {
    case SIGHUP: signal.isFromTerminal || sharesTerminal && reloadSignal == SIGHUP
    case SIGPIPE: signal.sender != ownPID
    case SIGUSR1, SIGUSR2, SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGTSTP, SIGTTIN, SIGTTOU: false
    // The real-time signals have no use of their own.
    default: signal.number < 32
    }
  }
}
