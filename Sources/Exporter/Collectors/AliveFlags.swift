internal import Monitoring

/// Which processes are alive, and how long that stays so without a new beat.
struct AliveFlags {
  private(set) var flags: [FlagFamily.Flag] = []
  /// While no process comes to life or dies by the mere passing of time; nil when nothing is known.
  private var span: QuietSpan?

  /// Nothing is known.
  init() {}

  /// Looks at each process.
  init(_ processes: [MonitoredProcess], at now: Double) {
    flags.reserveCapacity(processes.count)
    var span = QuietSpan(around: now)
    for process in processes {
      // A job does not beat.
      guard process.job == nil else {
        flags.append(.absent)
        continue
      }
      flags.append(process.isAlive(at: now) ? .one : .zero)
      guard let last = process.lastHeartbeat else { continue }
      span.end(at: last - Facts.clockTolerance)
      span.end(at: last + process.timeout)
    }
    self.span = span
  }

  /// Whether the flags are what looking at each process now would give.
  func hold(at now: Double) -> Bool {
    span?.contains(now) ?? false
  }
}
