internal import Glibc

/// The signals that mean something to the exporter, taken one by one instead of interrupting it.
struct Signals: Sendable {
  /// What one of them asks for.
  enum Request: Sendable, Equatable {
    /// To end, by the signal of this name.
    case stop(String)
    /// To read the configuration again.
    case reload
  }

  private let set: sigset_t

  /// Blocks the signals in this thread and all that it starts from now on. A reader that has gone, and a file that may not become
  /// longer (`RLIMIT_FSIZE` of `setrlimit(2)`), are errors of `write(2)` and not the end.
  static func block() -> Signals {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, signal) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    return Signals(set: set)
  }

  /// Waits for the next one. The corresponding C function is `sigwait(3)`.
  func wait() -> Request {
    var set = set
    while true {
      var signal: Int32 = 0
      if sigwait(&set, &signal) == 0 { return Signals.request(signal) }
    }
  }

  /// The next one that has come; nil when there is none. The corresponding C function is `sigtimedwait(2)`.
  func pending() -> Request? {
    var set = set
    var none = timespec()
    let signal = sigtimedwait(&set, nil, &none)
    return signal > 0 ? Signals.request(signal) : nil
  }

  private static func request(_ signal: Int32) -> Request {
    switch signal {
    case SIGHUP: .reload
    case SIGINT: .stop("SIGINT")
    default: .stop("SIGTERM")
    }
  }
}
