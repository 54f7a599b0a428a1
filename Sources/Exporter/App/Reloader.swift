internal import POSIX

/// Reads the configuration again on a thread of its own: a file system that hangs then keeps neither SIGTERM nor scrapes
/// waiting. A storm of SIGHUP becomes a few readings, of which the last one sees what the last signal was sent for.
final class Reloader: Sendable {
  private struct State {
    var isAsked = false
    var isStopped = false
  }

  private let state = ConditionLock(State())
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
    try Thread.start(named: "reload") { [self] in
      while isAsked() {
        tell(.reloading)
        read()
        tell(.ready(status: status()))
      }
    }.detach()
  }

  /// Has the configuration read, once more if it is being read just now.
  func reload() { state.withLock { $0.isAsked = true } }

  /// Ends the thread once it has nothing in hand, and keeps it from telling that it serves.
  func stop() { state.withLock { $0.isStopped = true } }

  private func isAsked() -> Bool {
    state.wait { state -> Bool? in
      if state.isStopped { return false }
      guard state.isAsked else { return nil }
      state.isAsked = false
      return true
    } ?? false
  }

  private func tell(_ message: ServiceManager.Message) {
    state.withLock { if !$0.isStopped { manager.tell(message) } }
  }
}
