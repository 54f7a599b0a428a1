internal import Monitoring
internal import POSIX
internal import YAML

/// Reads the web configuration file anew when it or a file that it names has changed, so that a renewed certificate is
/// used without a restart.
final class WebConfigurationWatch: Sendable {
  /// How often it looks, in seconds.
  static let interval = 2.0

  private struct State {
    var files: [WatchedFile]
    /// What was wrong when it was last read; nil when nothing was.
    var problem: String?
    var isAsked = false
  }

  private let path: String
  private let options: ExporterOptions
  private let access: WebPolicy
  private let logger: Logger
  private let isEncrypted: Bool
  private let worker: Worker<State>
  private let calls: TimeLimitedCalls<String>

  /// - Parameter file: what was read at the start, which is used from now on.
  init(_ file: WebConfigurationFile, path: String, options: ExporterOptions, access: WebPolicy, logger: Logger) {
    self.path = path
    self.options = options
    self.access = access
    self.logger = logger
    isEncrypted = file.tls != nil
    let worker = Worker(named: "web-config", State(files: file.files))
    self.worker = worker
    calls = TimeLimitedCalls(name: "web-config-read") { path in
      [path] + worker.withoutWaking { $0.files.map(\.path) }
    }
    access.use(file)
  }

  /// Whether the file was usable when it was last read.
  var isGood: Bool { worker.withoutWaking { $0.problem == nil } }

  /// Starts the thread that looks.
  func start() throws(Errno) {
    try worker.start { [self] in
      while let isAsked = wait() { look(isAsked: isAsked) }
    }
  }

  /// Has it look now, whatever the files seem to be.
  func reload() { _ = worker.hand { $0.isAsked = true } }

  /// Ends the thread.
  func close() { worker.close { $0.isAsked = false } }

  /// Waits for the next look, and says whether somebody has asked for it; nil is the end.
  private func wait() -> Bool? {
    let turn = worker.next(within: WebConfigurationWatch.interval) { state -> Void? in
      guard state.isAsked else { return nil }
      state.isAsked = false
      return ()
    }
    switch turn {
    case .task: return true
    case .timeout: return false
    case .end: return nil
    }
  }

  private func look(isAsked: Bool) {
    let (files, problem) = worker.withoutWaking { ($0.files, $0.problem) }
    do throws(ConfigurationError) {
      let changed = try Reloader.read(path, calls, anew: isAsked) {
        [path] () throws(ConfigurationError) -> WebConfigurationFile? in
        // What could not be used is tried again each time: the file that is missing may be one that was never seen.
        guard isAsked || problem != nil || !files.allSatisfy(\.isUnchanged) else { return nil }
        return try WebConfigurationFile.load(path)
      }
      guard let file = changed else { return }
      try check(file)
      access.use(file)
      worker.withoutWaking { state in
        state.files = file.files
        state.problem = nil
      }
      logger.info("the web configuration file was read again", ["file": path])
      for warning in file.warnings { logger.warn(warning) }
    } catch {
      if error.description != problem || isAsked {
        logger.error(
          "the old web configuration stays: the new one is not usable",
          ["error": error.description, "help": Troubleshooting.noStart.place])
      }
      worker.withoutWaking { $0.problem = error.description }
    }
  }

  /// What may be at a start but not while it runs.
  private func check(_ file: WebConfigurationFile) throws(ConfigurationError) {
    guard (file.tls != nil) == isEncrypted else {
      throw ConfigurationError(
        file: path, position: file.configuration.tls?.position,
        problem: "tls_server_config cannot be added or taken away while it runs: expected a restart for that")
    }
    do throws(Push.Unusable) {
      try Push.checkAccess(options, isAuthenticated: file.isAuthenticated)
    } catch {
      throw ConfigurationError(file: path, position: nil, problem: error.reason)
    }
  }
}
