internal import CLinux
internal import Glibc
internal import Heartbeat
internal import POSIX

/// The host of a supervisor outside of tests: real programs, signals and sockets. One for each process, as it collects
/// all of its children.
struct KernelHost: SupervisorHost, ~Copyable {
  /// Signals that are handed on to the program.
  static let forwarded = [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2]

  private let command: [String]
  private let environment: [String: String]
  private let signals: SignalQueue
  private let socket: NotifySocket
  private let prober: ProbeRunner
  private let beats: BeatWriter
  /// In the foreground of a terminal the program stays in our process group, so that Ctrl-C and Ctrl-Z reach it.
  private let isInteractive: Bool
  private let guardian: Guardian?

  /// Prepares everything but the program itself.
  init(_ options: SupervisorOptions, environment: [String: String]) throws(Errno) {
    let signals = try SignalQueue(Self.forwarded + [SIGCHLD])
    let socket = try NotifySocket()
    let prober = try ProbeRunner(options.probe)
    command = options.command
    beats = BeatWriter(file: options.file, name: options.name, retention: options.retention)
    isInteractive = isatty(STDIN_FILENO) == 1 && tcgetpgrp(STDIN_FILENO) == getpgrp()
    var environment = environment
    environment["NOTIFY_SOCKET"] = socket.name
    environment["WATCHDOG_USEC"] = String(UInt64(clamping: min(options.timeout, 1e9) * 1e6))
    environment["WATCHDOG_PID"] = nil
    self.environment = environment
    self.signals = signals
    self.socket = socket
    self.prober = prober
    // What the program leaves behind becomes our child, so that no zombie stays with us.
    _ = clinux_adopt_orphans()
    guardian = isInteractive ? nil : try? Guardian()
  }

  deinit { guardian?.dismiss() }

  var now: Double { Double(Clock.monotonicNanoseconds) / 1e9 }

  func start() throws(Errno) -> ChildProcess {
    let child = try ChildProcess.start(command, environment: environment, ownGroup: !isInteractive)
    if child.leadsGroup { guardian?.watch(group: child.pid) }
    return child
  }

  func signal(_ child: ChildProcess, _ number: Int32) { child.signal(number) }

  func hasGroup(_ child: ChildProcess) -> Bool { child.hasGroup }

  func everythingEnded() { guardian?.watch(group: 0) }

  func wait(seconds: Double) {
    signals.wait(timeout: seconds, also: [socket.descriptor.rawValue, prober.descriptor.rawValue])
  }

  func nextSignal() -> ReceivedSignal? { signals.next() }

  func nextEnded() -> (pid: Int32, status: ChildStatus)? { reapChild() }

  func notifications() -> [NotifyMessage] { socket.receive() }

  func askProbe(run: UInt8) -> Bool { prober.ask(run: run) }

  func nextProbeAnswer() -> (run: UInt8, isPositive: Bool)? { prober.answer() }

  func beat(status: String, pid: Int32, data: JSONObject) -> Bool { beats.write(status: status, pid: pid, data: data) }

  func tell(_ text: String) { Console.error(text) }
}
