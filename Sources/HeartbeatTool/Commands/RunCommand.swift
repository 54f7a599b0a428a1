internal import HTTP
internal import Flags
internal import Glibc
internal import Heartbeat
internal import POSIX

/// `heartbeat run`
enum RunCommand {
  private static let name = Flag<String?>.optional(
    "name", .string, help: "The heartbeat name. Default: the program's file name.")
  private static let job = Flag<Bool>.toggle(
    "job", negatable: false,
    help: "The program is a job, which ends: its entry tells when it began, how it ended and when it last succeeded. "
      + "It is not restarted.")
  private static let interval = Flag<Double>.value(
    "interval", .duration(0.1...Durations.longest), default: 30, help: "Time between two beats.")
  private static let timeout = Flag<Double>.value(
    "timeout", .duration(0.1...Durations.longest), default: 60,
    help: "Maximum silence of the probe or watchdog. After it the program counts as hung.")
  private static let startTimeout = Flag<Double?>.optional(
    "start-timeout", .duration(0.1...Durations.longest),
    help: "Maximum time from the start to the first WATCHDOG=1, or to the first success of the probe. After it the "
      + "program counts as hung. Default: no limit for WATCHDOG=1, and --timeout for the probe.")
  private static let restart = Flag<RestartMode>.value(
    "restart", .choice, default: .no, help: "When to start the program again after it ended.")
  private static let onStale = Flag<StaleAction>.value(
    "on-stale", .choice, default: .ignore,
    help: "What to do with a hung program: end it and start it again, or only "
      + "stop beating.")
  private static let probe = Flag<Probe?>.optional(
    "probe", RunFlags.probe,
    help: "Beat only while this works: http:// and https:// answer with a status 2xx or 3xx, tcp:// and unix: accept "
      + "the connection, exec: is a shell command that ends with status 0.")
  private static let probeAuthorities = Flag<String?>.optional(
    "probe-ca", .file,
    help: "For https: a file with the certificate authorities to trust. Default: those of the host.")
  private static let isProbeBlind = Flag<Bool>.toggle(
    "probe-insecure", negatable: false, help: "For https: accept any certificate.")
  private static let success = Flag<SuccessCodes>.value(
    "success-codes", RunFlags.success, default: SuccessCodes(),
    help: "Exit statuses and signals that do not count as a failure.")
  private static let delay = Flag<Double>.value(
    "restart-delay", .duration(0.01...Durations.longest), default: 1,
    help: "Time before the first restart. Each further one in a row waits twice as long.")
  private static let longestDelay = Flag<Double>.value(
    "restart-max-delay", .duration(0.01...Durations.longest), default: 60, help: "Maximum time before a restart.")
  private static let jitter = Flag<Double>.value(
    "restart-jitter", .duration, default: 0, help: "Maximum random time that is added to each of these waits.")
  private static let stableAfter = Flag<Double>.value(
    "stable-after", .duration, default: 60,
    help: "After a run of this length, the next restart counts as the first again.")
  private static let limit = Flag<RestartLimit>.value(
    "restart-limit", RunFlags.limit, default: RestartLimit(count: 10),
    help: "Maximum number of restarts: in a row, or within a time (10/5m). Then it gives up. 0 means no limit.")
  private static let stopTimeout = Flag<Double>.value(
    "stop-timeout", .duration, default: 10,
    help: "Maximum time for the program to end after the stop signal. Then it gets SIGKILL.")
  private static let stopSignal = Flag<Signal>.value(
    "stop-signal", RunFlags.signal, default: Signal(SIGTERM),
    help: "The signal that asks the program to end. It gets this one when heartbeat run gets SIGTERM.")
  private static let reloadSignal = Flag<Signal>.value(
    "reload-signal", RunFlags.signal, default: Signal(SIGHUP),
    help: "The signal that the program gets when heartbeat run gets SIGHUP.")
  private static let user = Flag<UserAccount?>.optional(
    "user", RunFlags.user, help: "The user that the program runs as. Only root can set it.")
  private static let folder = Flag<String?>.optional("cwd", .directory, help: "The program's working directory.")
  private static let environmentFile = Flag<String?>.optional(
    "env-file", .file, help: "A file with lines NAME=value that are added to the program's environment.")
  private static let logTime = Flag<Bool>.toggle(
    "log-time", negatable: false, help: "Begin each log line of heartbeat run itself with the date and time (UTC)."
  )

  static let command = Command(
    name: "run", title: "Runs a program and beats for it while it works.",
    flags: FlagSet(
      program: "heartbeat run",
      summary: "Runs a program, beats for it while it works, restarts it if asked to, and exits with its exit status "
        + "(128 + the signal's number when a signal ended it). A program that speaks sd_notify is understood: after "
        + "its first WATCHDOG=1 the beats follow it.",
      groups: [
        FlagGroup(
          "Heartbeat",
          [
            name, job, interval, timeout, startTimeout, probe, probeAuthorities, isProbeBlind, CommonFlags.file,
            CommonFlags.retention,
          ]),
        FlagGroup("Push", PushFlags.all),
        FlagGroup(
          "Restart", [restart, onStale, success, delay, longestDelay, jitter, stableAfter, limit]),
        FlagGroup("Program", [stopTimeout, stopSignal, reloadSignal, user, folder, environmentFile, logTime]),
      ],
      arguments: .command("COMMAND"),
      examples: [
        FlagExample(
          "A web server",
          "heartbeat run --name web --probe http://127.0.0.1:8080/ --restart on-failure "
            + "--on-stale restart -- npm run serve"),
        FlagExample("A job, in a crontab", "0 3 * * * heartbeat run --job --name backup -- ./backup.sh"),
      ]),
    run: { (values, _) throws(FlagError) in
      let options = try options(values)
      do throws(Errno) {
        var supervisor = try Supervisor(options, on: KernelHost(options))
        supervisor.supervise().leave()
      } catch {
        Console.error("cannot start: \(error)")
        return 1
      }
    })

  /// Whether it is a job; what has no meaning for one is refused.
  private static func isJob(_ values: FlagValues) throws(FlagError) -> Bool {
    guard values[job] else { return false }
    let others = [
      ("interval", values.isSet(interval)), ("timeout", values.isSet(timeout)),
      ("start-timeout", values.isSet(startTimeout)), ("probe", values.isSet(probe)),
      ("restart", values.isSet(restart)), ("on-stale", values.isSet(onStale)),
    ]
    if let name = others.first(where: { $0.1 })?.0 {
      throw .invalid(
        "--job with --\(name): a job is told of when it begins and when it ends, and is not restarted")
    }
    return true
  }

  /// The number of a signal; some have an effect that nobody means.
  private static func signal(
    _ values: FlagValues, _ flag: Flag<Signal>, _ name: String, but senseless: Set<Int32>
  ) throws(FlagError) -> Int32 {
    let signal = values[flag]
    guard !senseless.contains(signal.number) else {
      throw .invalid("--\(name): expected a signal that the program can act on, found \(signal)")
    }
    return signal.number
  }

  private static func options(_ values: FlagValues) throws(FlagError) -> SupervisorOptions {
    let program = values.arguments.first ?? ""
    guard !program.isEmpty else { throw .invalid("COMMAND: expected a program, found an empty word") }
    // Byte for byte as they came; words that were put together in another way are UTF-8.
    let command = KernelTexts.commandLine(endingWith: values.arguments) ?? values.arguments.map { Array($0.utf8) }
    let name = values[name] ?? String(program.split(separator: "/").last ?? "")
    guard values.isSet(self.name) || String(validating: command.first ?? [], as: UTF8.self) != nil else {
      throw .invalid("\(quoted(program)) is no name, since it is not UTF-8: expected --name")
    }
    guard (1...HeartbeatManager.longestName).contains(name.utf8.count) else {
      throw .invalid("--name: expected 1 to \(HeartbeatManager.longestName) bytes")
    }
    var options = SupervisorOptions(name: name, command: command, file: values[CommonFlags.file])
    options.environment = KernelTexts.environment
    if let login = values[user]?.login {
      options.environment.setVariable("HOME", login.home)
      options.environment.setVariable("USER", login.name)
      options.environment.setVariable("LOGNAME", login.name)
    }
    if let file = values[environmentFile] { try EnvironmentFile.read(file, into: &options.environment) }
    options.dispositions = SignalDispositions.inherited
    options.push = try PushFlags.target(values, staysVisible: true)
    if options.push == nil { PushFlags.warnOfExportersName(name) }
    options.retention = values[CommonFlags.retention]
    options.isJob = try isJob(values)
    options.interval = values[interval]
    options.timeout = values[timeout]
    options.startTimeout = values[startTimeout]
    options.onStale = values[onStale]
    options.probe = values[probe]
    options.probe?.trust = TLSTrust(authorities: values[probeAuthorities], isBlind: values[isProbeBlind])
    options.stopTimeout = values[stopTimeout]
    options.stopSignal = try signal(values, stopSignal, "stop-signal", but: [SIGSTOP, SIGCONT])
    options.reloadSignal = try signal(values, reloadSignal, "reload-signal", but: [SIGSTOP, SIGKILL])
    options.user = values[user]
    options.folder = values[folder]
    options.showsTime = values[logTime]
    options.policy = RestartPolicy(
      mode: values[restart], firstDelay: values[delay], longestDelay: values[longestDelay], jitter: values[jitter],
      stableAfter: values[stableAfter], limit: values[limit].count == 0 ? nil : values[limit], success: values[success])
    return options
  }
}
