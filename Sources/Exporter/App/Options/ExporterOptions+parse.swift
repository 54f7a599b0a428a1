public import Flags

extension ExporterOptions {
  /// What a command line asks the exporter for.
  public enum Outcome: Sendable, Equatable {
    /// To run.
    case run(ExporterOptions)
    /// To print this help and exit 0.
    case help(String)
    /// To print `Version.text` and exit 0.
    case version
  }

  /// All flags, for completions and the documentation.
  public static let flags = FlagSet(
    program: "heartbeat-exporter",
    summary: "Serves the heartbeats of processes, what the kernel knows of them, and of the host, as metrics for "
      + "Prometheus.",
    groups: flagGroups,
    environmentPrefix: "HEARTBEAT_EXPORTER_",
    examples: [
      FlagExample(
        "Serve a heartbeat file on port 9464", "heartbeat-exporter --heartbeat.file=/run/heartbeat_status.json"),
      FlagExample(
        "Only for this machine, with host metrics off",
        "heartbeat-exporter --web.listen-address=127.0.0.1:9464 --no-collector.system"),
      FlagExample("Check a configuration file", "heartbeat-exporter --config.file=heartbeat.yml --check-config"),
    ],
    hasVersion: true)

  /// Reads the command line and the environment.
  ///
  /// - Parameters:
  ///   - arguments: without the program's name.
  ///   - environment: by name.
  ///   - columns: the width of the help.
  /// - Throws: the sentence to print before exiting with status 2.
  public static func parse(
    _ arguments: [String], environment: [String: String], columns: Int = 80
  ) throws(FlagError) -> Outcome {
    switch try flags.parse(arguments, environment: environment) {
    case .help: return .help(flags.help(columns: columns))
    case .version: return .version
    case .values(let values):
      var options = ExporterOptions(values)
      options.heartbeat.filesAreDefault = !values.isSet(options.heartbeat.$files)
      options.warn(values)
      try options.checkCombinations(values)
      return .run(options)
    }
  }

  /// Sentences about values that have no effect.
  private mutating func warn(_ values: FlagValues) {
    warnings = values.warnings
    if push.allowsUnauthenticated, !push.isOnWeb {
      warnings.append(
        "\(values.name(of: push.$allowsUnauthenticated)) has no effect without --web.enable-push")
    }
    if push.socket == nil, values.isSet(push.$socketMode) {
      warnings.append("\(values.name(of: push.$socketMode)) has no effect without --push.socket")
    }
    if !takesPushes {
      let numbers = [push.$maxBody, push.$maxProcesses, push.$rateLimit, push.$queueLimit]
      let durations = [push.$timeout, push.$retention]
      var names = numbers.filter { values.isSet($0) }.map { values.name(of: $0) }
      names += durations.filter { values.isSet($0) }.map { values.name(of: $0) }
      if push.synchronise { names.append(values.name(of: push.$synchronise)) }
      warnings += names.map { "\($0) has no effect without --push.socket or --web.enable-push" }
    }
    if !collectors.heartbeat, values.isSet(heartbeat.$stringKeys) {
      warnings.append("\(values.name(of: heartbeat.$stringKeys)) has no effect: the heartbeat collector is off")
    }
    if !collectors.heartbeat, !collectors.process, configFile != nil {
      warnings.append(
        "\(values.name(of: $configFile)) has no effect: the heartbeat and process collectors are off")
    }
  }

  /// Throws when values that are each right are wrong together.
  private func checkCombinations(_ values: FlagValues) throws(FlagError) {
    for (index, address) in web.listenAddresses.enumerated() where web.listenAddresses[..<index].contains(address) {
      throw .invalid("\(values.name(of: web.$listenAddresses)): \(quoted(address)) is given twice")
    }
    if push.socket == nil, push.socketGroup != nil { throw .invalid("--push.socket-group needs --push.socket") }
    if checkConfig, healthCheck { throw .invalid("--check-config and --health-check exclude each other") }
    if checkConfig, configFile == nil, web.configFile == nil {
      throw .invalid("--check-config needs --config.file or --web.config.file")
    }
    if heartbeat.retention > 0, heartbeat.retention < heartbeat.timeout {
      throw .invalid(
        "--heartbeat.retention (\(Durations.format(heartbeat.retention))) must not be shorter than "
          + "--heartbeat.timeout (\(Durations.format(heartbeat.timeout))): "
          + "a process would vanish before it counts as dead")
    }
    if takesPushes, push.retention > 0, push.retention < heartbeat.timeout {
      throw .invalid(
        "--push.retention (\(Durations.format(push.retention))) must not be shorter than "
          + "--heartbeat.timeout (\(Durations.format(heartbeat.timeout))): "
          + "a process would be removed before it counts as dead")
    }
    if values.isSet(heartbeat.$maxSeriesPerProcess), heartbeat.maxSeriesPerProcess > heartbeat.maxSeries {
      throw .invalid(
        "--heartbeat.max-series-per-process (\(heartbeat.maxSeriesPerProcess)) must not be larger than "
          + "--heartbeat.max-series (\(heartbeat.maxSeries))")
    }
    if !collectors.heartbeat, !collectors.process, !collectors.system {
      throw .invalid("every collector is off: expected at least one of heartbeat, process and system")
    }
  }
}
