internal import HTTP
internal import Monitoring
internal import POSIX

extension ExporterOptions.Web {
  /// How many connections pushes that wait may hold: half of those that there can be, and one at least.
  var halfOfConnections: Int { max(1, possibleConnections / 2) }
  /// How many connections live pages may hold: a quarter, so that beside both some are left for who scrapes.
  var quarterOfConnections: Int { possibleConnections / 4 }

  private var possibleConnections: Int { ServerConfiguration.possibleConnections(maxConnections) }
}

extension ServerConfiguration {
  /// What the flags say of the server, and what it tells of connections and requests.
  init(
    _ sockets: ListenConfiguration, _ options: ExporterOptions, _ routes: Routes, _ requests: RequestCounts,
    _ push: PushCounts?, _ logger: Logger
  ) {
    self.init(listen: sockets.addresses)
    further = sockets.further
    limits.bodyBytes = options.push.maxBody
    failureResponse = { status, reason, path in
      APIPath.isAPI(path) ? APIError(status, reason).response : nil
    }
    maximumConnections = options.web.maxConnections
    timeouts.header = options.web.headerTimeout
    timeouts.idle = options.web.idleTimeout
    timeouts.write = options.web.writeTimeout
    // The counts are in time for the next scrape either way, lines of the log are not.
    mayReportLate = logger.level > .debug
    onAccess = { record in
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
    onProblem = { problem in
      logger.debug("connection", ["problem": problem.description])
      if let warning = Self.warning(of: problem.kind) {
        logger.once("connections", of: problem.kind.rawValue, .warn, warning)
      }
      if problem.kind == .noUnderstanding { Self.tell(of: problem, logger) }
    }
  }

  /// Says that a client came to no encrypted connection: for each reason once in an hour, since an expired certificate would else fill
  /// the log with each scrape.
  private static func tell(of problem: ConnectionProblem, _ logger: Logger) {
    let reason = problem.detail ?? problem.kind.rawValue
    let hour = UInt64(clamping: Clock.monotonicNanoseconds / 3_600_000_000_000)
    guard logger.isNews(String(hour), "tls", of: reason) else { return }
    logger.warn(
      "a client came to no encrypted connection (told once an hour for each reason)",
      ["reason": reason, "peer": problem.peer?.description ?? "-", "help": Troubleshooting.noScrape.place])
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
}
