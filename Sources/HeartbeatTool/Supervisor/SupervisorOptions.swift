internal import Heartbeat

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
  var command: [String]
  /// The heartbeat file.
  var file: String
  /// Age in seconds at which the entries of others are removed from it; 0 keeps them.
  var retention = HeartbeatManager.Options().retention
  /// Seconds between two beats.
  var interval: Double = 30
  /// After so many seconds without an answer the program counts as hung.
  var timeout: Double = 60
  var onStale = StaleAction.ignore
  var policy = RestartPolicy(mode: .no)
  var probe: Probe?
  /// Seconds between `SIGTERM` and `SIGKILL`.
  var stopTimeout: Double = 10
}
