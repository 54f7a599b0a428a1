internal import POSIX

/// Looks at a host again and again on a thread of its own, so that a slow one holds up nobody.
struct Watcher: Sendable {
  private let latest: ConditionLock<HostView?>

  /// Starts to look.
  init(_ exporter: WatchedExporter, interval: Double) throws(Errno) {
    let latest = ConditionLock<HostView?>(nil)
    self.latest = latest
    try Thread.startDetached(named: "watcher") {
      var source = RemoteSource(exporter)
      while true {
        let view = source.look()
        latest.withLock { $0 = view }
        // Nobody ends this wait: it is the pause between two looks.
        _ = ConditionLock(()).wait(timeout: interval) { _ in Never?.none }
      }
    }
  }

  /// What was seen last; waits for the first look, but not for ever.
  func view() -> HostView? {
    latest.wait(timeout: RemoteSource.timeout + 1) { $0 }
  }
}
