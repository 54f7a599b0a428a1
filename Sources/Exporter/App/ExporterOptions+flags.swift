public import Flags
internal import HTTP
internal import Procfs

/// The exporter's flags, one for each value of `ExporterOptions`.
enum ExporterFlags {
  private static let defaults = ExporterOptions()
  private static let atLeastOneMillisecond = 0.001...Durations.longest

  static let listenAddresses = Flag.list(
    "web.listen-address", .listenAddress, default: defaults.web.listenAddresses,
    help: "Address to listen on: host:port, [v6]:port, or :port for all addresses. May be given more than once.")
  static let telemetryPath = Flag.value(
    "web.telemetry-path", .telemetryPath, default: defaults.web.telemetryPath, help: "Path of the metrics.")
  static let maxRequests = Flag.value(
    "web.max-requests", .integer(0...1_000_000), default: defaults.web.maxRequests,
    help: "Maximum number of scrapes at once, and as many questions of the API; others get 503. 0 is no limit.")
  static let maxConnections = Flag.value(
    "web.max-connections", .integer(1...1_000_000), default: defaults.web.maxConnections,
    help: "Maximum number of open connections.")
  static let maxWatchers = Flag.value(
    "web.max-watchers", .integer(0...10_000), default: defaults.web.maxWatchers,
    help: "Maximum number of live status pages at the same time. Further ones ask for news every few seconds.")
  static let headerTimeout = Flag.value(
    "web.header-timeout", .duration(atLeastOneMillisecond), default: defaults.web.headerTimeout,
    help: "Maximum time for a client to send a request.")
  static let idleTimeout = Flag.value(
    "web.idle-timeout", .duration(atLeastOneMillisecond), default: defaults.web.idleTimeout,
    help: "Maximum time that a connection stays open without a request.")
  static let writeTimeout = Flag.value(
    "web.write-timeout", .duration(atLeastOneMillisecond), default: defaults.web.writeTimeout,
    help: "Maximum time for a client to read a response.")
  static let shutdownTimeout = Flag.value(
    "web.shutdown-timeout", .duration, default: defaults.web.shutdownTimeout,
    help: "Maximum time for requests in flight after SIGTERM.")

  static let webConfigFile = Flag.optional(
    "web.config.file", .file,
    help: "YAML file with TLS, users and headers, as all of Prometheus' exporters read it. It is read again when it "
      + "changes.")
  static let systemdSocket = Flag.toggle(
    "web.systemd-socket", default: defaults.web.systemdSocket,
    help: "Takes the sockets of systemd's socket activation in place of the addresses: one with the name push is the "
      + "push socket.")
  static let enablePush = Flag.toggle(
    "web.enable-push", default: defaults.push.isOnWeb,
    help: "Takes heartbeats by POST on the web addresses. Needs authentication in the web configuration, or "
      + "--push.allow-unauthenticated.")

  static let pushAllowUnauthenticated = Flag.toggle(
    "push.allow-unauthenticated", default: defaults.push.allowsUnauthenticated,
    help: "Lets everybody who reaches the web addresses push, when there is no authentication.")
  static let pushSocket = Flag.optional(
    "push.socket", .file, help: "Unix socket on which heartbeats are taken by POST, from whoever may write to it.")
  static let pushSocketMode = Flag.value(
    "push.socket-mode", .fileMode, default: defaults.push.socketMode, help: "Permission bits of the socket.")
  static let pushSocketGroup = Flag.optional(
    "push.socket-group", .string.named("GROUP"), help: "Group of the socket, by name or number.")
  static let pushMaxBody = Flag.value(
    "push.max-body", .size(1...(64 << 20)), default: defaults.push.maxBody, help: "Maximum size of the body of a push.")
  static let pushMaxProcesses = Flag.value(
    "push.max-processes", .integer(0...1_000_000), default: defaults.push.maxProcesses,
    help: "Maximum number of processes in the file. Pushes of further ones are refused.")
  static let pushRateLimit = Flag.value(
    "push.rate-limit", .integer(0...1_000_000), default: defaults.push.rateLimit,
    help: "Maximum number of pushes per second from one address, or from one user of the socket. 0 means no limit.")
  static let pushQueueLimit = Flag.value(
    "push.queue-limit", .integer(1...1_000_000), default: defaults.push.queueLimit,
    help: "Maximum number of pushes that wait for the file. Further ones get 503.")
  static let pushTimeout = Flag.value(
    "push.timeout", .duration(0.1...300), default: defaults.push.timeout,
    help: "Maximum time that a push waits for the file. Then it gets 503.")
  static let pushRetention = Flag.value(
    "push.retention", .duration, default: defaults.push.retention,
    help: "Entries older than this are removed from the file when a push is written. 0 keeps all.")
  static let pushSynchronise = Flag.toggle(
    "push.fsync", default: defaults.push.synchronise,
    help: "Answers a push only after it is on the disk (fsync), so that it survives a power failure.")

  static let file = Flag.list(
    "heartbeat.file", .file, default: defaults.heartbeat.files, environment: ["HEARTBEAT_FILE"],
    help:
      "A file that programs beat into, a folder with a file for each, or a pattern such as '/srv/bots/*/status.json'. "
      + "May be given more than once; what each is, is recognised.")
  static let timeout = Flag.value(
    "heartbeat.timeout", .duration(atLeastOneMillisecond), default: defaults.heartbeat.timeout,
    help: "Age at which a process counts as dead, unless the configuration file says otherwise.")
  static let retention = Flag.value(
    "heartbeat.retention", .duration, default: defaults.heartbeat.retention,
    help: "Processes whose last beat is older than this are not shown. 0 shows all.")
  static let remember = Flag.value(
    "heartbeat.remember", .duration, default: defaults.heartbeat.remember,
    help:
      "How long a process is shown after its entry has vanished without a good-bye. A configured process is shown for ever. "
      + "0 forgets it at once.")
  static let stringKeys = Flag.list(
    "heartbeat.string-keys", .string.named("KEY"), default: defaults.heartbeat.stringKeys, commas: true,
    help: "Key path, such as profile.name, of strings to show in heartbeat_data_info. "
      + "May be given more than once, or with commas.")
  static let maxSeries = Flag.value(
    "heartbeat.max-series", .integer(0...100_000_000), default: defaults.heartbeat.maxSeries,
    help: "Maximum number of data series of all processes. Further ones are dropped and counted.")
  static let maxSeriesPerProcess = Flag.value(
    "heartbeat.max-series-per-process", .integer(0...100_000_000), default: defaults.heartbeat.maxSeriesPerProcess,
    help: "Maximum number of data series of one process.")
  static let maxFileSize = Flag.value(
    "heartbeat.max-file-size", .size(1...(1 << 31)), default: defaults.heartbeat.maxFileSize,
    help: "Maximum size of a heartbeat file. A larger one is not read.")
  static let maxFiles = Flag.value(
    "heartbeat.max-files", .integer(1...100_000), default: defaults.heartbeat.maxFiles,
    help: "Maximum number of files of all patterns. Further ones are left out and counted.")
  static let maxTotalSize = Flag.value(
    "heartbeat.max-total-size", .size(1...(1 << 32)), default: defaults.heartbeat.maxTotalSize,
    help: "Maximum size of all heartbeat files together.")
  static let readTimeout = Flag.value(
    "heartbeat.read-timeout", .duration(0.1...60), default: defaults.heartbeat.readTimeout,
    help: "Maximum time that a scrape waits for the file system of the heartbeat file.")

  static let heartbeatCollector = Flag.toggle(
    "collector.heartbeat", default: defaults.collectors.heartbeat, help: "The heartbeat_* metrics.")
  static let processCollector = Flag.toggle(
    "collector.process", default: defaults.collectors.process, help: "The process_* metrics.")
  static let systemCollector = Flag.toggle(
    "collector.system", default: defaults.collectors.system, help: "The system_* metrics.")

  static let mountPointsExclude = Flag.value(
    "collector.filesystem.mount-points-exclude", .expression, default: defaults.host.mountPointsExclude,
    help: "Mount points in which this regular expression is found are left out. An empty one leaves out none.")
  static let filesystemTypesExclude = Flag.value(
    "collector.filesystem.fs-types-exclude", .expression, default: defaults.host.filesystemTypesExclude,
    help: "Types of file systems that are left out.")
  static let mountTimeout = Flag.value(
    "collector.filesystem.mount-timeout", .duration(0.001...2), default: defaults.host.mountTimeout,
    help: "Maximum time that a scrape waits for mounts that do not answer. Then it goes on without them.")
  static let networkDevicesExclude = Flag.value(
    "collector.netdev.device-exclude", .expression, default: defaults.host.networkDevicesExclude,
    help: "Network devices that are left out.")
  static let disksExclude = Flag.value(
    "collector.diskstats.device-exclude", .expression, default: defaults.host.disksExclude,
    help: "Disks that are left out.")

  static let configFile = Flag.optional(
    "config.file", .file, help: "YAML file with names, timeouts and matches of processes. SIGHUP reads it again.")
  static let checkConfig = Flag.toggle(
    "check-config", default: defaults.checkConfig, negatable: false,
    help: "Checks flags and configuration files, then exits: 0 when they are right, 1 when a file is not.")
  static let healthCheck = Flag.toggle(
    "health-check", default: defaults.healthCheck, negatable: false,
    help: "Asks the exporter that runs with these flags, then exits: 0 when it works, 1 when not.")
  static let procfs = Flag.value(
    "path.procfs", .directory, default: defaults.paths.procfs, help: "Where procfs is mounted.")
  static let rootfs = Flag.value(
    "path.rootfs", .directory, default: defaults.paths.rootfs, help: "Where the host's root is mounted.")
  static let logLevel = Flag.value(
    "log.level", .choice, default: defaults.log.level, help: "Lowest level of log lines that are written.")
  static let logFormat = Flag.value(
    "log.format", .choice, default: defaults.log.format, help: "Format of the log lines.")

  static let set = FlagSet(
    program: "heartbeat-exporter",
    summary: "Serves the heartbeats of processes, what the kernel knows of them, and of the host, as metrics for "
      + "Prometheus.",
    groups: [
      FlagGroup(
        "Web",
        [
          listenAddresses, telemetryPath, maxRequests, maxConnections, maxWatchers, headerTimeout, idleTimeout,
          writeTimeout, shutdownTimeout, webConfigFile, systemdSocket, enablePush,
        ]),
      FlagGroup(
        "Push",
        [
          pushSocket, pushSocketMode, pushSocketGroup, pushAllowUnauthenticated, pushMaxBody, pushMaxProcesses,
          pushRateLimit, pushQueueLimit, pushTimeout, pushRetention, pushSynchronise,
        ]),
      FlagGroup(
        "Heartbeats",
        [
          file, timeout, retention, remember, stringKeys, maxSeries, maxSeriesPerProcess, maxFileSize, maxFiles,
          maxTotalSize,
          readTimeout,
        ]),
      FlagGroup(
        "Collectors",
        [
          heartbeatCollector, processCollector, systemCollector, mountPointsExclude, filesystemTypesExclude,
          mountTimeout,
          networkDevicesExclude, disksExclude,
        ]),
      FlagGroup("Configuration and host", [configFile, checkConfig, healthCheck, procfs, rootfs]),
      FlagGroup("Log", [logLevel, logFormat]),
    ],
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
}

extension FlagType where Value == Int {
  /// Permission bits of a file, in octal.
  fileprivate static var fileMode: Self {
    FlagType(placeholder: "MODE") { (text) throws(ValueError) in
      guard let mode = Int(text, radix: 8), (0...0o777).contains(mode), text.utf8.count <= 4 else {
        throw ValueError(expected: "octal permission bits such as 0660")
      }
      return mode
    } format: {
      let digits = String($0, radix: 8)
      return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
  }
}

extension FlagType where Value == String {
  /// A regular expression, or nothing.
  fileprivate static var expression: Self {
    FlagType(placeholder: "REGEX") { (text) throws(ValueError) in
      do throws(RegularExpression.CompileError) {
        _ = try RegularExpression(text)
        return text
      } catch {
        throw ValueError(expected: "a regular expression; it has \(error)")
      }
    } format: {
      $0
    }
  }

  /// Where to listen, as `ListenAddress` reads it.
  fileprivate static var listenAddress: Self {
    FlagType(placeholder: "ADDRESS") { (text) throws(ValueError) in
      do throws(ListenAddressError) {
        _ = try ListenAddress(text)
        return text
      } catch {
        throw ValueError(expected: "\(ListenAddressError.expected); it \(error.problem)")
      }
    } format: {
      $0
    }
  }

  /// A path of the server that no other page has.
  fileprivate static var telemetryPath: Self {
    FlagType(placeholder: "PATH") { (text) throws(ValueError) in
      guard text.hasPrefix("/"), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"?#%".utf8.contains($0) }) else {
        throw ValueError(expected: "a path such as /metrics: a slash first, no blanks, no ?, # or %")
      }
      guard text != "/", !["/-", "/api", "/assets"].contains(where: { text == $0 || text.hasPrefix($0 + "/") }) else {
        throw ValueError(
          expected: "a path that no other page has (/, /-/, /api/ and /assets/ are taken), such as /metrics")
      }
      return text
    } format: {
      $0
    }
  }
}

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
  public static var flags: FlagSet { ExporterFlags.set }

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
    switch try ExporterFlags.set.parse(arguments, environment: environment) {
    case .help: return .help(ExporterFlags.set.help(columns: columns))
    case .version: return .version
    case .values(let values):
      let options = ExporterOptions(values)
      try options.checkCombinations(values)
      return .run(options)
    }
  }

  private init(_ values: FlagValues) {
    web.listenAddresses = values[ExporterFlags.listenAddresses]
    web.telemetryPath = values[ExporterFlags.telemetryPath]
    web.maxRequests = values[ExporterFlags.maxRequests]
    web.maxConnections = values[ExporterFlags.maxConnections]
    web.maxWatchers = values[ExporterFlags.maxWatchers]
    web.headerTimeout = values[ExporterFlags.headerTimeout]
    web.idleTimeout = values[ExporterFlags.idleTimeout]
    web.writeTimeout = values[ExporterFlags.writeTimeout]
    web.shutdownTimeout = values[ExporterFlags.shutdownTimeout]
    web.systemdSocket = values[ExporterFlags.systemdSocket]
    push.isOnWeb = values[ExporterFlags.enablePush]
    push.allowsUnauthenticated = values[ExporterFlags.pushAllowUnauthenticated]
    push.socket = values[ExporterFlags.pushSocket]
    push.socketMode = values[ExporterFlags.pushSocketMode]
    push.socketGroup = values[ExporterFlags.pushSocketGroup]
    push.maxBody = values[ExporterFlags.pushMaxBody]
    push.maxProcesses = values[ExporterFlags.pushMaxProcesses]
    push.rateLimit = values[ExporterFlags.pushRateLimit]
    push.queueLimit = values[ExporterFlags.pushQueueLimit]
    push.timeout = values[ExporterFlags.pushTimeout]
    push.retention = values[ExporterFlags.pushRetention]
    push.synchronise = values[ExporterFlags.pushSynchronise]
    heartbeat.files = values[ExporterFlags.file]
    heartbeat.filesAreDefault = !values.isSet(ExporterFlags.file)
    heartbeat.maxFiles = values[ExporterFlags.maxFiles]
    heartbeat.maxTotalSize = values[ExporterFlags.maxTotalSize]
    heartbeat.timeout = values[ExporterFlags.timeout]
    heartbeat.retention = values[ExporterFlags.retention]
    heartbeat.remember = values[ExporterFlags.remember]
    heartbeat.stringKeys = values[ExporterFlags.stringKeys]
    heartbeat.maxSeries = values[ExporterFlags.maxSeries]
    heartbeat.maxSeriesPerProcess = values[ExporterFlags.maxSeriesPerProcess]
    heartbeat.maxFileSize = values[ExporterFlags.maxFileSize]
    heartbeat.readTimeout = values[ExporterFlags.readTimeout]
    webConfigFile = values[ExporterFlags.webConfigFile]
    configFile = values[ExporterFlags.configFile]
    checkConfig = values[ExporterFlags.checkConfig]
    healthCheck = values[ExporterFlags.healthCheck]
    collectors.heartbeat = values[ExporterFlags.heartbeatCollector]
    collectors.process = values[ExporterFlags.processCollector]
    collectors.system = values[ExporterFlags.systemCollector]
    host.mountPointsExclude = values[ExporterFlags.mountPointsExclude]
    host.filesystemTypesExclude = values[ExporterFlags.filesystemTypesExclude]
    host.mountTimeout = values[ExporterFlags.mountTimeout]
    host.networkDevicesExclude = values[ExporterFlags.networkDevicesExclude]
    host.disksExclude = values[ExporterFlags.disksExclude]
    paths.procfs = values[ExporterFlags.procfs]
    paths.rootfs = values[ExporterFlags.rootfs]
    log.level = values[ExporterFlags.logLevel]
    log.format = values[ExporterFlags.logFormat]
    warnings = values.warnings
    if push.allowsUnauthenticated, !push.isOnWeb {
      warnings.append(
        "\(values.name(of: ExporterFlags.pushAllowUnauthenticated)) has no effect without --web.enable-push")
    }
    if push.socket == nil, values.isSet(ExporterFlags.pushSocketMode) {
      warnings.append("\(values.name(of: ExporterFlags.pushSocketMode)) has no effect without --push.socket")
    }
    if !takesPushes {
      let numbers = [
        ExporterFlags.pushMaxBody, ExporterFlags.pushMaxProcesses, ExporterFlags.pushRateLimit,
        ExporterFlags.pushQueueLimit,
      ]
      let durations = [ExporterFlags.pushTimeout, ExporterFlags.pushRetention]
      var names = numbers.filter { values.isSet($0) }.map { values.name(of: $0) }
      names += durations.filter { values.isSet($0) }.map { values.name(of: $0) }
      if push.synchronise { names.append(values.name(of: ExporterFlags.pushSynchronise)) }
      warnings += names.map { "\($0) has no effect without --push.socket or --web.enable-push" }
    }
    if !collectors.heartbeat, values.isSet(ExporterFlags.stringKeys) {
      warnings.append("\(values.name(of: ExporterFlags.stringKeys)) has no effect: the heartbeat collector is off")
    }
    if !collectors.heartbeat, !collectors.process, configFile != nil {
      warnings.append(
        "\(values.name(of: ExporterFlags.configFile)) has no effect: the heartbeat and process collectors are off")
    }
  }

  /// Whether heartbeats may be taken over HTTP; systemd's sockets may be for that.
  var takesPushes: Bool { push.isOnWeb || push.socket != nil || web.systemdSocket }

  /// Throws when values that are each right are wrong together.
  private func checkCombinations(_ values: FlagValues) throws(FlagError) {
    for (index, address) in web.listenAddresses.enumerated() where web.listenAddresses[..<index].contains(address) {
      throw .invalid("\(values.name(of: ExporterFlags.listenAddresses)): \(quoted(address)) is given twice")
    }
    if push.socket == nil, push.socketGroup != nil { throw .invalid("--push.socket-group needs --push.socket") }
    if checkConfig, healthCheck { throw .invalid("--check-config and --health-check exclude each other") }
    if checkConfig, configFile == nil, webConfigFile == nil {
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
    if values.isSet(ExporterFlags.maxSeriesPerProcess), heartbeat.maxSeriesPerProcess > heartbeat.maxSeries {
      throw .invalid(
        "--heartbeat.max-series-per-process (\(heartbeat.maxSeriesPerProcess)) must not be larger than "
          + "--heartbeat.max-series (\(heartbeat.maxSeries))")
    }
    if !collectors.heartbeat, !collectors.process, !collectors.system {
      throw .invalid("every collector is off: expected at least one of heartbeat, process and system")
    }
  }
}
