internal import Glibc
internal import Monitoring
internal import POSIX
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
    let watch = StartWatch(logger: logger, pending: signals.pending) { status in
      Logger.finishStandardError()
      // Not `exit`: what hangs would be waited for.
      _exit(status)
    }
    // Without the thread a start that hangs cannot be ended, which is no reason not to start.
    try? watch.start()
    let parts: ExporterParts
    var services = Services()
    do throws(StartFailure) {
      parts = try ExporterParts(options: options, logger: logger, manager: .take(), watch: watch)
      watch.begins("the services")
      try services.start(parts.services)
    } catch {
      _ = watch.finish()
      logger.error(error.message, ["error": error.reason, "help": Troubleshooting.noStart.place])
      return 1
    }
    waitForEnd(watch.finish(), signals, parts.reloader)
    services.stop()
    logger.info("stopped")
    return 0
  }

  /// - Parameter begins: is told of each file before it is read.
  static func load(
    _ options: ExporterOptions, _ begins: (String) -> Void = { _ in }
  ) throws(ConfigurationError) -> (Configuration, WebConfigurationFile?) {
    var configuration = Configuration()
    if let file = options.configFile {
      begins("--config.file \(file)")
      configuration = try Configuration.load(file)
    }
    guard let file = options.web.configFile else { return (configuration, nil) }
    begins("--web.config.file \(file), or a file that it names")
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

  /// - Parameter earlier: what was asked for during the start.
  private func waitForEnd(_ earlier: [Signals.Request], _ signals: Signals, _ reloader: Reloader) {
    var earlier = earlier[...]
    while true {
      switch earlier.popFirst() ?? signals.wait() {
      case .reload: reloader.reload()
      case .stop(let name):
        logger.info("stopping: what is in flight is finished", ["signal": name])
        return
      }
    }
  }
}
