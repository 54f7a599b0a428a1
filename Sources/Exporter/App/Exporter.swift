internal import Monitoring
internal import YAML

/// The running exporter: its parts are started in order and stopped in the reverse one (`ExporterParts`).
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
    let parts: ExporterParts
    var services = Services()
    do throws(StartFailure) {
      parts = try ExporterParts(options: options, logger: logger, manager: .take())
      try services.start(parts.services)
    } catch {
      logger.error(error.message, ["error": error.reason, "help": Troubleshooting.noStart.place])
      return 1
    }
    waitForEnd(signals, parts.reloader)
    services.stop()
    logger.info("stopped")
    return 0
  }

  static func load(
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
}
