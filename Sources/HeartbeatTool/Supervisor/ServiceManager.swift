internal import Glibc

/// What a service manager that started the supervisor handed to it in the environment (`sd_notify(3)`, `sd_watchdog_enabled(3)`,
/// `sd_listen_fds(3)`), and what its program gets in turn. Pure.
struct ServiceManager: Hashable, Sendable {
  /// The value of `NOTIFY_SOCKET`; nil when nobody listens.
  var socket: String?
  /// After how many microseconds of silence the manager takes the service for hung; nil when it does not watch.
  var watchdog: UInt64?
  /// Whether it handed on sockets.
  var handsOnSockets: Bool

  /// - Parameters:
  ///   - environment: of the supervisor.
  ///   - ownPID: the supervisor: what is meant for another process is not ours to hand on.
  init(_ environment: [KernelText], ownPID: pid_t) {
    let named = environment.variable("NOTIFY_SOCKET")
    socket = named?.isEmpty == false ? named : nil
    let isForUs = environment.variable("WATCHDOG_PID").map { $0 == String(ownPID) } ?? true
    watchdog =
      isForUs
      ? environment.variable("WATCHDOG_USEC").flatMap { UInt64($0, radix: 10) }.flatMap { $0 > 0 ? $0 : nil } : nil
    handsOnSockets = environment.variable("LISTEN_PID") == String(ownPID)
  }

  /// How the program is to be started.
  ///
  /// - Parameters:
  ///   - notifySocket: where the supervisor listens.
  ///   - mark: see `Guardian`.
  func start(_ options: SupervisorOptions, notifySocket: String, mark: String, ownsGroup: Bool) -> ChildStart {
    var environment = options.environment
    environment.setVariable("NOTIFY_SOCKET", notifySocket)
    let own = UInt64(exactly: (min(options.timeout, 1e9) * 1e6).rounded(.up)) ?? UInt64.max
    environment.setVariable("WATCHDOG_USEC", String(min(own, watchdog ?? .max)))
    environment.setVariable("WATCHDOG_PID", nil)
    if handsOnSockets {
      environment.setVariable("LISTEN_PID", nil)
      // It names the supervisor's own process.
      environment.setVariable("LISTEN_PIDFDID", nil)
    }
    // A supervisor above us finds what we start by its own mark.
    let above = environment.variable(RunMark.variable).map { $0 + " " } ?? ""
    environment.setVariable(RunMark.variable, above + mark)
    return ChildStart(
      command: options.command, environment: environment, ownsGroup: ownsGroup, dispositions: options.dispositions,
      folder: options.folder, user: options.user, inheritsSockets: handsOnSockets)
  }
}
