internal import Monitoring

/// Says in the log when a process changes its state: what happened in the night can be read there without Prometheus.
struct TransitionLog: Sendable {
  /// So many are named of those that change at once, such as when a host comes back.
  static let mostAtOnce = 20

  let logger: Logger

  /// Tells of changes. Another reason for the same state is none.
  func tell(_ changes: [Transition]) {
    let changes = changes.filter { $0.from?.state != $0.to.state }
    for change in changes.prefix(TransitionLog.mostAtOnce) {
      logger.info(
        "a process has changed its state",
        [
          "process": change.process, "state": change.to.state.rawValue, "reason": change.to.reason.rawValue,
          "before": change.from?.state.rawValue ?? "-",
        ])
    }
    let others = changes.count - TransitionLog.mostAtOnce
    if others > 0 {
      logger.info(
        "more processes have changed their state at once than are named",
        ["named": TransitionLog.mostAtOnce, "others": others])
    }
  }
}
