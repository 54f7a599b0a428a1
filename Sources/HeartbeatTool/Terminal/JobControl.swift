internal import Glibc
internal import POSIX

/// The signals of a program that holds the terminal: every one that would end or stop it is read from a queue, so that the
/// terminal can be given back first (`signal(7)`, `termios(3)`).
///
/// It must be made before any thread is started: a signal that is blocked in some threads alone goes to the others.
struct JobControl: ~Copyable {
  let queue: SignalQueue

  /// Faults of the program itself: there a handler gives the terminal back.
  private static let crashes: Set<Int32> = [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT]
  /// What does nothing by default, and what the tool takes for an error of `write(2)`.
  private static let harmless: Set<Int32> = [SIGCHLD, SIGURG, SIGPIPE]

  init() throws(Errno) {
    let inherited = SignalDispositions.inherited
    // Who starts it may have it ignore some, as nohup(1) does with SIGHUP.
    let wanted = Signal.catchable.filter { signal in
      if signal.number == SIGCONT || signal.number == SIGWINCH { return true }
      return !Self.crashes.contains(signal.number) && !Self.harmless.contains(signal.number)
        && !inherited.ignores(signal)
    }
    queue = try SignalQueue(wanted.map(\.number))
  }

  /// Lets a signal do what it does by default: afterwards this process is over, or was stopped and goes on, or nothing
  /// happened because nobody could make it go on (an orphaned process group, `credentials(7)`).
  static func obey(_ number: Int32) {
    signal(number, SIG_DFL)
    raise(number)
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, number)
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
    pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// Whether this process may use its terminal now; it is another's while this one runs in the background.
  static var isInForeground: Bool {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO] {
      let group = tcgetpgrp(descriptor)
      if group >= 0 { return group == getpgrp() }
    }
    return true
  }

  /// Stops, as the kernel stops who uses the terminal from the background, until this process is in the foreground.
  ///
  /// - Returns: false when there is nobody who could bring it there.
  static func waitForForeground() -> Bool {
    var resumed = sigset_t()
    sigemptyset(&resumed)
    sigaddset(&resumed, SIGCONT)
    while !isInForeground {
      var now = timespec()
      while sigtimedwait(&resumed, nil, &now) > 0 {}
      obey(SIGTTOU)
      guard isInForeground || sigtimedwait(&resumed, nil, &now) > 0 else { return false }
    }
    return true
  }
}
