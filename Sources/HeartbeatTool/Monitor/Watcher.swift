internal import POSIX

/// Looks at a host again and again on a thread of its own, so that a slow one holds up nobody.
struct Watcher: Sendable {
  /// What people know the host by.
  private let name: String
  private let latest: ConditionLock<HostView?>

  /// Starts to look.
  init(_ exporter: WatchedExporter, interval: Double) throws(Errno) {
    try self.init(RemoteSource.name(of: exporter.server), interval: interval) { RemoteSource(exporter) }
  }

  /// Starts to look at what a source shows, which is made on the thread that looks.
  init(_ name: String, interval: Double, _ makeSource: @escaping @Sendable () -> RemoteSource) throws(Errno) {
    let latest = ConditionLock<HostView?>(nil)
    (self.name, self.latest) = (name, latest)
    try Thread.startDetached(named: "watcher") {
      var source = makeSource()
      while true {
        let view = source.look()
        latest.withLock { $0 = view }
        // Nobody ends this wait: it is the pause between two looks.
        _ = ConditionLock(()).wait(timeout: interval) { _ in Never?.none }
      }
    }
  }

  /// Whether the first look has not come to its end.
  var isPending: Bool { latest.withoutWaking { $0 == nil } }

  /// What was seen last. Before the end of the first look, for which it waits so many seconds, that there is no answer yet.
  func view(within seconds: Double) -> HostView {
    if let view = latest.wait(timeout: max(0, seconds), until: { $0 }) { return view }
    var view = HostView(name: name, time: Clock.realtime)
    view.failure = "no answer yet"
    return view
  }
}

extension [Watcher] {
  /// What all of them saw last, in their order; waits so many seconds for all together.
  func views(within seconds: Double) -> [HostView] {
    let deadline = Clock.monotonicNanoseconds + Clock.nanoseconds(seconds)
    return map { watcher in
      let now = Clock.monotonicNanoseconds
      return watcher.view(within: now < deadline ? Double(deadline - now) / 1e9 : 0)
    }
  }
}
