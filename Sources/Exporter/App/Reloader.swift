internal import POSIX
internal import YAML

/// Reads the configuration again on a thread of its own: a file system that hangs then keeps neither SIGTERM nor scrapes
/// waiting, and is told. A storm of SIGHUP becomes a few readings, of which the last one sees what the last signal was sent for.
final class Reloader: Sendable {
  /// Whether somebody has asked for it.
  private let worker = Worker(named: "reload", false)
  private let manager: ServiceManager
  /// What the service manager shows while it serves.
  private let status: @Sendable () -> String
  private let read: @Sendable () -> Void

  init(manager: ServiceManager, status: @escaping @Sendable () -> String, read: @escaping @Sendable () -> Void) {
    self.manager = manager
    self.status = status
    self.read = read
  }

  /// Starts the thread, which nobody waits for.
  func start() throws(Errno) {
    try worker.start { [self] in
      while worker.next(Reloader.take) != nil {
        tell(.reloading)
        read()
        tell(.ready(status: status()))
      }
    }
  }

  /// Has the configuration read, once more if it is being read just now.
  func reload() { _ = worker.hand { $0 = true } }

  /// How long a configuration file may take to be read while the exporter runs, in seconds.
  static let patience = 3.0

  /// Reads a file on a thread that may hang.
  ///
  /// - Parameter anew: whether somebody has asked for it, so that it is read beside a reading that hangs; what comes of that is not used.
  /// - Throws: what `load` throws, or that the file does not answer. Then it is read anew when it is asked for again.
  static func read<Value: Sendable>(
    _ file: String, _ calls: TimeLimitedCalls<String>, within seconds: Double = patience, anew: Bool = true,
    _ load: @escaping @Sendable () throws(ConfigurationError) -> Value
  ) throws(ConfigurationError) -> Value {
    let isFull = anew && !calls.beginAnew(file)
    let deadline = Clock.monotonicNanoseconds + Clock.nanoseconds(seconds)
    let results = calls.call([file], until: deadline, patience: seconds) { _ -> Result<Value, ConfigurationError> in
      do throws(ConfigurationError) { return .success(try load()) } catch { return .failure(error) }
    }
    guard let result = results.first ?? nil else {
      let problem =
        isFull
        ? "so many readings of it hang that no further one is begun before one has come back: expected a restart"
        : "its file system, or that of a file that it names, did not answer within \(seconds) s; is its server up?"
      throw ConfigurationError(file: file, position: nil, problem: problem)
    }
    return try result.get()
  }

  /// Ends the thread once it has nothing in hand, and keeps it from telling that it serves.
  func stop() { worker.close { $0 = false } }

  private static func take(_ isAsked: inout Bool) -> Void? {
    guard isAsked else { return nil }
    isAsked = false
    return ()
  }

  private func tell(_ message: ServiceManager.Message) {
    // Not after the last word, which is that it stops.
    _ = worker.hand { _ in manager.tell(message) }
  }
}
