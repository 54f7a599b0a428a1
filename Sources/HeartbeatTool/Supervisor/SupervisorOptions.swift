internal import CLinux
internal import Glibc
internal import Heartbeat
internal import HeartbeatPush
internal import POSIX

/// What to do with a program that runs but no longer answers.
enum StaleAction: String, CaseIterable, Sendable {
  /// End it and start it again.
  case restart
  /// Only stop beating for it.
  case ignore
}

/// How `heartbeat run` looks after its program.
struct SupervisorOptions: Sendable {
  /// The heartbeat name.
  var name: String
  /// The program and its arguments.
  var command: [KernelText]
  /// The environment that the program gets, before what its supervisor adds.
  var environment: [KernelText] = []
  /// Where the beats go: an exporter, or nil for the file.
  var push: PushTarget?
  /// The heartbeat file.
  var file: String
  /// Age in seconds at which the entries of others are removed from it; 0 keeps them.
  var retention = HeartbeatManager.Options().retention.inSeconds
  /// Seconds between two beats.
  var interval: Double = 30
  /// After so many seconds without an answer the program counts as hung.
  var timeout: Double = 60
  /// After so many seconds without a first ping, or first answer, it counts as hung; nil when no first ping is expected.
  var startTimeout: Double?
  var onStale = StaleAction.ignore
  var policy = RestartPolicy(mode: .no)
  var probe: Probe?
  /// Seconds between the signal to end and `SIGKILL`.
  var stopTimeout: Double = 10
  /// What the program gets for `SIGTERM`.
  var stopSignal = SIGTERM
  /// What the program gets for `SIGHUP`.
  var reloadSignal = SIGHUP
  /// Whom the program becomes.
  var user: UserAccount?
  /// Its working directory.
  var folder: String?
  /// What the program ignores, and has blocked: what the supervisor was started with.
  var dispositions = SignalDispositions()
  /// Whether the program is a job: it ends, and its entry tells of its runs.
  var isJob = false
  /// Whether each line of the log begins with the time.
  var showsTime = false
}

/// How the supervisor itself ends.
enum SupervisorEnd: Hashable, Sendable {
  /// With this exit status.
  case exit(Int32)
  /// Of `SIGINT`, as its program: who waits for it, such as a shell with a loop, sees that the user wants an end.
  case interrupted

  /// Does it.
  func leave() -> Never {
    switch self {
    case .exit(let status): _exit(status)
    case .interrupted:
      // Only when the signal does nothing, as to PID 1, does it come back.
      clinux_suffer(SIGINT)
      _exit(128 + SIGINT)
    }
  }
}
