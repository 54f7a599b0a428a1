internal import CLinux
internal import Glibc

/// A signal's number, with its name (`signal(7)`).
struct Signal: Hashable, Sendable, Comparable {
  let number: Int32

  init(_ number: Int32) {
    self.number = number
  }

  /// Every signal that a process can catch: all but `SIGKILL`, `SIGSTOP` and the two that the C library keeps for itself.
  static var catchable: [Signal] {
    let numbers = Array(1..<Int32(32)) + Array(clinux_first_realtime_signal()...clinux_last_realtime_signal())
    return numbers.filter { $0 != SIGKILL && $0 != SIGSTOP }.map(Signal.init)
  }

  /// Reads `TERM`, `SIGTERM`, `15`, `RTMIN+3` or `SIGRTMAX-1`, in either case; nil when there is no such signal.
  init?(named text: String) {
    if let number = Int32(text) {
      guard number > 0, Signal.last >= number else { return nil }
      self.number = number
      return
    }
    let upper = text.uppercased()
    let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
    if let number = Signal.names.first(where: { $0.value == name })?.key {
      self.number = number
      return
    }
    let first = clinux_first_realtime_signal()
    let last = clinux_last_realtime_signal()
    let found: Int32?
    switch name {
    case "RTMIN": found = first
    case "RTMAX": found = last
    case _ where name.hasPrefix("RTMIN+"):
      found = Int32(name.dropFirst(6), radix: 10).flatMap { $0 >= 0 && $0 <= last ? first + $0 : nil }
    case _ where name.hasPrefix("RTMAX-"):
      found = Int32(name.dropFirst(6), radix: 10).flatMap { $0 >= 0 && $0 <= last ? last - $0 : nil }
    default: found = nil
    }
    guard let found, (first...last).contains(found) else { return nil }
    number = found
  }

  static func < (left: Signal, right: Signal) -> Bool { left.number < right.number }

  private static var last: Int32 { clinux_last_realtime_signal() }

  private static let names: [Int32: String] = [
    SIGHUP: "HUP", SIGINT: "INT", SIGQUIT: "QUIT", SIGILL: "ILL", SIGTRAP: "TRAP", SIGABRT: "ABRT", SIGBUS: "BUS",
    SIGFPE: "FPE", SIGKILL: "KILL", SIGUSR1: "USR1", SIGSEGV: "SEGV", SIGUSR2: "USR2", SIGPIPE: "PIPE", SIGALRM: "ALRM",
    SIGTERM: "TERM", SIGSTKFLT: "STKFLT", SIGCHLD: "CHLD", SIGCONT: "CONT", SIGSTOP: "STOP", SIGTSTP: "TSTP",
    SIGTTIN: "TTIN", SIGTTOU: "TTOU", SIGURG: "URG", SIGXCPU: "XCPU", SIGXFSZ: "XFSZ", SIGVTALRM: "VTALRM",
    SIGPROF: "PROF", SIGWINCH: "WINCH", SIGIO: "IO", SIGPWR: "PWR", SIGSYS: "SYS",
  ]
}

extension Signal: CustomStringConvertible {
  /// `SIGTERM`, `SIGRTMIN+3`; `signal 99` for one that there is not.
  var description: String {
    if let name = Signal.names[number] { return "SIG" + name }
    let first = clinux_first_realtime_signal()
    guard (first...clinux_last_realtime_signal()).contains(number) else { return "signal \(number)" }
    return number == first ? "SIGRTMIN" : "SIGRTMIN+\(number - first)"
  }
}

/// What a process is told of signals by whoever starts it: which it ignores, and which it has blocked (`execve(2)`).
struct SignalDispositions: Hashable, Sendable {
  /// Bit n - 1 for signal n.
  var ignored: UInt64 = 0
  /// Bit n - 1 for signal n.
  var blocked: UInt64 = 0

  /// What this process was started with: to be asked for the first time before anything changes it.
  static let inherited = SignalDispositions(ignored: clinux_ignored_signals(), blocked: clinux_blocked_signals())

  func ignores(_ signal: Signal) -> Bool {
    (1...64).contains(signal.number) && ignored >> UInt64(clamping: signal.number - 1) & 1 == 1
  }
}

extension Tool {
  /// From now on a reader that has gone, and a file that may not become longer (`RLIMIT_FSIZE`), are errors of `write(2)` and not the
  /// end of the tool. What it was started with is remembered, for a program that it starts in turn.
  static func takeWriteErrors() {
    _ = SignalDispositions.inherited
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }
}
