internal import POSIX

/// Reads the configuration again on a thread of its own: a file system that hangs then keeps neither SIGTERM nor scrapes
/// waiting. A storm of SIGHUP becomes a few readings, of which the last one sees what the last signal was sent for.
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
