internal import CLinux
internal import Glibc
internal import HTTP
internal import Heartbeat
internal import Monitoring
internal import POSIX
internal import YAML

/// The running exporter: what is wired to what, started in order and stopped in the reverse one.
///
///     signals (this thread) -> server (event loop) -> routes -> queue -> scraper (its thread) -> answer
public struct Exporter: Sendable {
  private let options: ExporterOptions
  private let logger: Logger

  /// Prepares an exporter with these options.
  public init(options: ExporterOptions, logger: Logger) {
    self.options = options
    self.logger = logger
  }

  // Not mutated: no unit test starts the whole program, the end-to-end tests do.
  /// Runs until SIGTERM or SIGINT; SIGHUP reads the configuration file again.
  ///
  /// - Returns: the exit status: 0 after a signal, 1 when it could not start, which the log tells.
  public func run() -> Int32 {
    for warning in options.warnings { logger.warn(warning) }
    let signals = Signals.block()
    let manager = ServiceManager.take()
    let configuration: Configuration
    let webFile: WebConfigurationFile?
    do throws(ConfigurationError) {
      (configuration, webFile) = try Exporter.load(options)
    } catch {
      logger.error("the configuration file is not usable", ["error": error.description])
      return 1
    }

    for warning in StartWarnings.ofFolders(options.paths) + StartWarnings.of(options, configuration) {
      logger.warn(warning)
    }
    let sockets: ListenConfiguration
    do throws(ListenConfiguration.Unusable) {
      sockets = try ListenConfiguration(options, isAuthenticated: webFile?.isAuthenticated ?? false)
    } catch {
      logger.error("cannot listen", ["error": error.description])
      return 1
    }
    let push: Push?
    if sockets.takesPushes {
      guard let file = SourceSet.own(options.heartbeat.sources(configuration)) else {
        logger.error(
          "pushes have no place",
          ["error": "no source is a heartbeat file of our own or a folder: name one with --heartbeat.file"])
        return 1
      }
      push = Push(options: options, file: file, logger: logger)
    } else {
      push = nil
    }
    let queue = ScrapeQueue(limit: options.web.maxRequests)
    let collectors = Set(options.collectors)
    let streams = EventStreams(limit: options.web.maxWatchers)
    let routes = Routes(
      telemetryPath: options.web.telemetryPath, collectors: collectors, queue: queue, push: push?.routes,
      streams: streams)
    let requests = RequestCounts(handler: options.web.telemetryPath)
    let access = WebPolicy(logger: logger)
    let watch = webFile.flatMap { file in
      options.web.configFile.map {
        WebConfigurationWatch(file, path: $0, options: options, access: access, logger: logger)
      }
    }
    var serverConfiguration = self.serverConfiguration(sockets, routes, requests, push?.counts)
    serverConfiguration.headers = { access.headers }
    serverConfiguration.refusal = { access.refusal($0) ?? routes.refusal($0, hasBody: true) }
    if let first = webFile?.tls { serverConfiguration.tls = { access.tls ?? first } }
    if let silence = manager.watchdog {
      // Twice as often as needed, as sd_watchdog_enabled(3) advises.
      serverConfiguration.pulse = (silence / 2, { manager.tell(.alive) })
    }
    for warning in webFile?.warnings ?? [] { logger.warn(warning) }
    let server = Server(configuration: serverConfiguration) { request, responder in
      access.answer(request, responder) { routes.answer($0, $1) }
    }
    let status: @Sendable () -> String = {
      "serving " + server.boundAddresses.map(\.description).joined(separator: ", ")
    }
    let reloader = Reloader(manager: manager, status: status) { reload(queue, watch) }
    var isGood: (@Sendable () -> Bool)?
    if let watch { isGood = { watch.isGood } }
    let webConfigurationIsGood = isGood
    var countsErrors: (@Sendable () -> [HandshakeError: Int])?
    if webFile?.tls != nil { countsErrors = { server.statistics.handshakeErrors } }
    let handshakeErrors = countsErrors
    // The scraper is made on the thread to which it belongs.
    let scrape: @Sendable () -> Void = {
      var scraper = Scraper(
        options: options, configuration: configuration, requests: requests, push: push?.counts, logger: logger,
        openConnections: { server.statistics.openConnections }, handshakeErrors: handshakeErrors,
        webConfigurationIsGood: webConfigurationIsGood, lateAnswers: { queue.late })
      scraper.serve(queue)
    }
    var services = Services()
    do throws(StartFailure) {
      try services.start([
        Service(
          start: Exporter.thread { () throws(Errno) in try queue.start(scrape) },
          stop: { if !queue.stop() { logger.warn("a scrape still waits for the kernel: it is left behind") } }),
        Service(start: Exporter.thread(access.start), stop: access.close),
        Service(start: Exporter.thread { () throws(Errno) in try watch?.start() }, stop: { watch?.close() }),
        Service(start: Exporter.thread { () throws(Errno) in try push?.start() }, stop: { push?.stop() }),
        Service(start: Exporter.thread { () throws(Errno) in try streams.start(asking: queue) }, stop: streams.close),
        Service(
          start: { () throws(StartFailure) in try start(server, isEncrypted: webFile?.tls != nil) },
          stop: { server.shutdown(grace: options.web.shutdownTimeout) }),
        Service(start: { manager.tell(.ready(status: status())) }, stop: { manager.tell(.stopping) }),
        Service(start: Exporter.thread(reloader.start), stop: reloader.stop),
      ])
    } catch {
      logger.error(error.message, ["error": error.reason])
      return 1
    }
    waitForEnd(signals, reloader)
    services.stop()
    logger.info("stopped")
    return 0
  }

  private static func thread(_ start: @escaping () throws(Errno) -> Void) -> () throws(StartFailure) -> Void {
    { () throws(StartFailure) in
      do throws(Errno) {
        try start()
      } catch {
        throw StartFailure(message: "cannot start a thread", reason: error.description)
      }
    }
  }

  private func start(_ server: Server, isEncrypted: Bool) throws(StartFailure) {
    do throws(ServerError) {
      try server.start()
    } catch {
      throw StartFailure(message: "cannot listen", reason: error.description)
    }
    for address in server.boundAddresses {
      logger.info(
        "listening", ["address": address.description, "path": options.web.telemetryPath, "tls": isEncrypted])
    }
  }

  private static func load(
    _ options: ExporterOptions
  ) throws(ConfigurationError) -> (Configuration, WebConfigurationFile?) {
    var configuration = Configuration()
    if let file = options.configFile { configuration = try Configuration.load(file) }
    guard let file = options.web.configFile else { return (configuration, nil) }
    return (configuration, try WebConfigurationFile.load(file))
  }

  /// What keeps an exporter of these options from starting, as far as files and flags tell; nil when nothing does.
  public static func problem(of options: ExporterOptions) -> String? {
    do throws(ConfigurationError) {
      let (_, web) = try load(options)
      do throws(Push.Unusable) {
        try Push.checkAccess(options, isAuthenticated: web?.isAuthenticated ?? false)
        return nil
      } catch {
        return error.reason
      }
    } catch {
      return error.description
    }
  }

  /// What is worth a word though it keeps nothing from starting, as far as files and flags tell.
  public static func warnings(of options: ExporterOptions) -> [String] {
    guard let (configuration, web) = try? load(options) else { return options.warnings }
    return options.warnings + StartWarnings.of(options, configuration) + (web?.warnings ?? [])
  }

  private func serverConfiguration(
    _ sockets: ListenConfiguration, _ routes: Routes, _ requests: RequestCounts, _ push: PushCounts?
  ) -> ServerConfiguration {
    var configuration = ServerConfiguration(listen: sockets.addresses)
    configuration.further = sockets.further
    configuration.limits.bodyBytes = options.push.maxBody
    configuration.failureResponse = { status, reason, path in
      APIPath.isHeartbeats(path) ? APIError(status, reason).response : nil
    }
    configuration.maximumConnections = options.web.maxConnections
    configuration.timeouts.header = options.web.headerTimeout
    configuration.timeouts.idle = options.web.idleTimeout
    configuration.timeouts.write = options.web.writeTimeout
    let logger = logger
    // The counts are in time for the next scrape either way, lines of the log are not.
    configuration.mayReportLate = logger.level > .debug
    configuration.onAccess = { record in
      requests.add(handler: routes.handlerName(record.path), code: record.status)
      if let push, APIPath.isHeartbeats(record.path), APIPath.changes(record.method) {
        push.answered(status: record.status)
      }
      logger.debug(
        "request",
        [
          "method": record.method?.rawValue ?? "-", "path": record.path, "status": record.status,
          "bytes": record.bodyBytes, "seconds": Double(record.durationNanoseconds / 1000) / 1e6,
          "peer": record.peer.description,
        ])
    }
    configuration.onProblem = { problem in
      logger.debug("connection", ["problem": problem.description])
      if let warning = Exporter.warning(of: problem.kind) { logger.once(problem.kind.rawValue, .warn, warning) }
      if problem.kind == .noUnderstanding { Exporter.tell(of: problem, logger) }
    }
    return configuration
  }

  /// Says that a client came to no encrypted connection: for each reason once in an hour, since an expired certificate would else fill
  /// the log with each scrape.
  private static func tell(of problem: ConnectionProblem, _ logger: Logger) {
    let reason = problem.detail ?? problem.kind.rawValue
    let hour = UInt64(clamping: Clock.monotonicNanoseconds / 3_600_000_000_000)
    guard logger.isNews(String(hour), of: "tls " + reason) else { return }
    logger.warn(
      "a client came to no encrypted connection (told once an hour for each reason)",
      ["reason": reason, "peer": problem.peer?.description ?? "-"])
  }

  /// What to say, once, of connections that a limit held back; nil for what single clients do.
  private static func warning(of kind: ConnectionProblem.Kind) -> String? {
    switch kind {
    case .refused: "all connections are busy, so new ones get 503: --web.max-connections is the limit (told once)"
    case .evicted:
      "all connections are in use, so the one that can best be spared is closed for each new one: "
        + "--web.max-connections is the limit (told once)"
    case .cannotAccept: "no descriptor is left for a new connection: a higher limit (ulimit -n) helps (told once)"
    case .tooManyBodies:
      "clients send more bodies at once than are kept, so those that take longest are closed (told once)"
    case .tooManyAnswers:
      "clients leave more answers untaken than are kept, so those that wait for longest are closed (told once)"
    case .brokenByClient, .requestTimeout, .writeTimeout, .noUnderstanding: nil
    }
  }

  private func waitForEnd(_ signals: Signals, _ reloader: Reloader) {
    while true {
      switch signals.wait() {
      case .reload: reloader.reload()
      case .stop(let name):
        logger.info("stopping: what is in flight is finished", ["signal": name])
        return
      }
    }
  }

  private func reload(_ queue: ScrapeQueue, _ watch: WebConfigurationWatch?) {
    watch?.reload()
    guard let file = options.configFile else {
      if watch == nil { logger.info("nothing to reload: there is no --config.file") }
      return
    }
    do throws(ConfigurationError) {
      let configuration = try Configuration.load(file)
      queue.configure(configuration)
      for warning in StartWarnings.of(options, configuration) { logger.warn(warning) }
      logger.info("the configuration file was read again", ["file": file])
    } catch {
      queue.configure(nil)
      logger.error("the old configuration stays: the new one is not usable", ["error": error.description])
    }
  }
}

extension Set<CollectorName> {
  fileprivate init(_ collectors: ExporterOptions.Collectors) {
    self = []
    if collectors.heartbeat { insert(.heartbeat) }
    if collectors.process { insert(.process) }
    if collectors.system { insert(.system) }
  }
}
