internal import HTTP
internal import Heartbeat
internal import Monitoring
internal import POSIX
internal import YAML

/// What an exporter consists of, and what is wired to what:
///
///     signals (main thread) -> server (event loop) -> routes -> queue -> scraper (its thread) -> answer
///
/// Nothing of it runs before its services are started.
struct ExporterParts {
  /// Reads the configuration again.
  let reloader: Reloader
  /// What is to be started, in this order: each may rely on those before it.
  let services: [Service]

  /// Reads the configuration, and makes the parts. To be called once, before there are threads.
  ///
  /// - Throws: what keeps the exporter from starting.
  init(
    options: ExporterOptions, logger: Logger, manager: ServiceManager, watch start: StartWatch
  ) throws(StartFailure) {
    let (configuration, webFile) = try ExporterParts.load(options, start.begins)
    start.begins("--path.procfs \(options.paths.procfs) or --path.rootfs \(options.paths.rootfs)")
    for warning in StartWarnings.ofFolders(options.paths) + StartWarnings.of(options, configuration) {
      logger.warn(warning)
    }
    // Here, where a file that does not answer is told; it is read again when it is needed.
    start.begins("the time zone: TZ or /etc/localtime")
    _ = SourceSet.Options().zone
    start.begins("the addresses and sockets to listen on")
    let sockets = try ExporterParts.sockets(options, webFile)
    start.begins("the heartbeat file into which pushes go")
    let push = try sockets.takesPushes ? ExporterParts.push(options, configuration, logger) : nil
    let queue = ScrapeQueue(limit: options.web.maxRequests)
    // Each that watches has a connection for as long as it likes. Who scrapes shall find one.
    let streams = EventStreams(limit: min(options.web.maxWatchers, options.web.quarterOfConnections))
    let routes = Routes(
      telemetryPath: options.web.telemetryPath, collectors: Set(options.collectors), queue: queue, push: push?.routes,
      streams: streams)
    let requests = RequestCounts(handler: options.web.telemetryPath)
    let access = WebPolicy(logger: logger)
    var watch: WebConfigurationWatch?
    if let webFile, let path = options.web.configFile {
      watch = WebConfigurationWatch(webFile, path: path, options: options, access: access, logger: logger)
    }
    for warning in webFile?.warnings ?? [] { logger.warn(warning) }

    var settings = ServerConfiguration(sockets, options, routes, requests, push?.counts, logger)
    settings.headers = { access.headers }
    settings.expectation = { request, responder in
      access.answer(request, responder, isWhole: false) { $1.send(routes.refusal($0, hasBody: true) ?? .goAhead) }
    }
    if let first = webFile?.tls { settings.tls = { access.tls ?? first } }
    // Twice as often as needed, as sd_watchdog_enabled(3) advises.
    if let silence = manager.watchdog { settings.pulse = (silence / 2, { manager.tell(.alive) }) }
    let server = Server(configuration: settings) { request, responder in
      access.answer(request, responder) { routes.answer($0, $1) }
    }
    let status: @Sendable () -> String = {
      "serving " + server.boundAddresses.map(\.description).joined(separator: ", ")
    }
    let calls = TimeLimitedCalls<String>(name: "config-read") { [$0] }
    let reloader = Reloader(manager: manager, status: status) { [watch] in
      ExporterParts.reload(options, queue, watch, calls, logger)
    }

    var statistics = Scraper.Statistics()
    statistics.openConnections = { server.statistics.openConnections }
    statistics.lateAnswers = { queue.late }
    if let vanished = push?.vanished { statistics.noteVanished = vanished.note }
    if let watch { statistics.webConfigurationIsGood = { watch.isGood } }
    if webFile?.tls != nil { statistics.handshakeErrors = { server.statistics.handshakeErrors } }
    // The scraper is made on the thread to which it belongs.
    let scrape: @Sendable () -> Void = { [statistics] in
      var scraper = Scraper(
        options: options, configuration: configuration, requests: requests, push: push?.counts, logger: logger,
        statistics: statistics, uptime: { Clock.boottime })
      scraper.serve(queue)
    }

    self.reloader = reloader
    services = [
      Service(
        thread: { () throws(Errno) in try queue.start(scrape) },
        stop: { if !queue.stop() { logger.warn("a scrape still waits for the kernel: it is left behind") } }),
      Service(thread: manager.start, stop: manager.stop),
      Service(thread: access.start, stop: access.close),
      Service(thread: { [watch] () throws(Errno) in try watch?.start() }, stop: { [watch] in watch?.close() }),
      Service(thread: { () throws(Errno) in try push?.start() }, stop: { push?.stop() }),
      Service(thread: { () throws(Errno) in try streams.start(asking: queue) }, stop: streams.close),
      Service(
        start: { () throws(StartFailure) in
          start.begins("the addresses and sockets to listen on, such as --push.socket \(options.push.socket ?? "-")")
          try ExporterParts.start(server, options, logger, isEncrypted: webFile?.tls != nil)
        },
        stop: { server.shutdown(grace: options.web.shutdownTimeout) }),
      Service(start: { manager.tell(.ready(status: status())) }, stop: { manager.tell(.stopping) }),
      Service(thread: reloader.start, stop: reloader.stop),
    ]
  }

  private static func load(
    _ options: ExporterOptions, _ begins: (String) -> Void
  ) throws(StartFailure) -> (Configuration, WebConfigurationFile?) {
    do throws(ConfigurationError) {
      return try Exporter.load(options, begins)
    } catch {
      throw StartFailure(message: "the configuration file is not usable", reason: error.description)
    }
  }

  private static func sockets(
    _ options: ExporterOptions, _ webFile: WebConfigurationFile?
  ) throws(StartFailure) -> ListenConfiguration {
    do throws(ListenConfiguration.Unusable) {
      return try ListenConfiguration(options, isAuthenticated: webFile?.isAuthenticated ?? false)
    } catch {
      throw StartFailure(message: "cannot listen", reason: error.description)
    }
  }

  private static func push(
    _ options: ExporterOptions, _ configuration: Configuration, _ logger: Logger
  ) throws(StartFailure) -> Push {
    guard let file = SourceSet.own(options.heartbeat.sources(configuration)) else {
      throw StartFailure(
        message: "pushes have no place",
        reason: "no source is a heartbeat file of our own or a folder: name one with --heartbeat.file")
    }
    return Push(options: options, file: file, logger: logger)
  }

  private static func start(
    _ server: Server, _ options: ExporterOptions, _ logger: Logger, isEncrypted: Bool
  ) throws(StartFailure) {
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

  private static func reload(
    _ options: ExporterOptions, _ queue: ScrapeQueue, _ watch: WebConfigurationWatch?,
    _ calls: TimeLimitedCalls<String>,
    _ logger: Logger
  ) {
    watch?.reload()
    guard let file = options.configFile else {
      if watch == nil { logger.info("nothing to reload: there is no --config.file") }
      return
    }
    do throws(ConfigurationError) {
      let configuration = try Reloader.read(file, calls) { () throws(ConfigurationError) in
        try Configuration.load(file)
      }
      queue.configure(configuration)
      for warning in StartWarnings.of(options, configuration) { logger.warn(warning) }
      logger.info("the configuration file was read again", ["file": file])
    } catch {
      queue.configure(nil)
      logger.error(
        "the old configuration stays: the new one is not usable",
        ["error": error.description, "help": Troubleshooting.noStart.place])
    }
  }
}

extension Set<CollectorName> {
  fileprivate init(_ collectors: ExporterOptions.Collectors) {
    self.init(CollectorName.allCases.filter { collectors[$0] })
  }
}
