internal import Flags
internal import POSIX

/// `heartbeat run`
enum RunCommand {
  private static let name = Flag<String?>.optional("name", .string, help: "The heartbeat name.")
  private static let interval = Flag<Double>.value(
    "interval", .duration(0.1...Durations.longest), default: 30, help: "Time between two beats.")
  private static let timeout = Flag<Double>.value(
    "timeout", .duration(0.1...Durations.longest), default: 60,
    help: "A program whose probe or watchdog is silent for so long counts as hung.")
  private static let restart = Flag<RestartMode>.value(
    "restart", .choice, default: .no, help: "When to start the program again after it ended.")
  private static let onStale = Flag<StaleAction>.value(
    "on-stale", .choice, default: .ignore,
    help: "What to do with a hung program: end it and start it again, or only "
      + "stop beating.")
  private static let probe = Flag<Endpoint?>.optional(
    "probe", Endpoint.flagType,
    help: "Beat only while this answers: http:// with a status 2xx or 3xx, tcp:// by taking the connection.")
  private static let delay = Flag<Double>.value(
    "restart-delay", .duration(0.01...Durations.longest), default: 1,
    help: "Time before the first restart; each further one in a row waits twice as long.")
  private static let longestDelay = Flag<Double>.value(
    "restart-max-delay", .duration(0.01...Durations.longest), default: 60, help: "The longest time before a restart.")
  private static let stableAfter = Flag<Double>.value(
    "stable-after", .duration, default: 60, help: "A run of this length makes the next restart the first again.")
  private static let limit = Flag<Int>.value(
    "restart-limit", .integer(0...1_000_000), default: 10,
    help: "Restarts in a row after which it gives up; 0 for no limit.")
  private static let stopTimeout = Flag<Double>.value(
    "stop-timeout", .duration, default: 10, help: "Time between SIGTERM and SIGKILL.")

  static let command = Command(
    name: "run", title: "Runs a program and beats for it while it works.",
    flags: FlagSet(
      program: "heartbeat run",
      summary: "Runs a program, beats for it while it works, restarts it if asked to, and exits with its exit status "
        + "(128 + the signal's number when a signal ended it). A program that speaks sd_notify is understood: after "
        + "its first WATCHDOG=1 the beats follow it.",
      groups: [
        FlagGroup("Heartbeat", [name, interval, timeout, probe, CommonFlags.file, CommonFlags.retention]),
        FlagGroup("Restart", [restart, onStale, delay, longestDelay, stableAfter, limit, stopTimeout]),
      ],
      arguments: .command("COMMAND"),
      examples: [
        FlagExample(
          "A web server",
          "heartbeat run --name web --probe http://127.0.0.1:8080/ --restart on-failure "
            + "--on-stale restart -- npm run serve")
      ]),
    run: { (values, environment) throws(FlagError) in
      guard let name = values[name] else { throw .invalid("--name is needed: the heartbeat name") }
      var options = SupervisorOptions(name: name, command: values.arguments, file: values[CommonFlags.file])
      options.retention = values[CommonFlags.retention]
      options.interval = values[interval]
      options.timeout = values[timeout]
      options.onStale = values[onStale]
      options.probe = values[probe].map { Probe(endpoint: $0) }
      options.stopTimeout = values[stopTimeout]
      options.policy = RestartPolicy(
        mode: values[restart], firstDelay: values[delay], longestDelay: values[longestDelay],
        stableAfter: values[stableAfter], limit: values[limit] == 0 ? nil : values[limit])
      do throws(Errno) {
        var supervisor = Supervisor(options, on: try KernelHost(options, environment: environment))
        return supervisor.supervise()
      } catch {
        Console.error("cannot start: \(error)")
        return 1
      }
    })
}

extension Endpoint {
  /// A flag whose value is a probe's URL.
  static var flagType: FlagType<Endpoint> {
    FlagType(placeholder: "URL") { (text) throws(ValueError) in
      guard let endpoint = Endpoint(text) else {
        throw ValueError(expected: "http://HOST[:PORT][/PATH] or tcp://HOST:PORT")
      }
      return endpoint
    } format: {
      "\($0.scheme.rawValue)://\($0.authority)\($0.scheme == .http ? $0.path : "")"
    }
  }
}
