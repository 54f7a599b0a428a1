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
    // By their places, as everywhere that all are gone through: each is large.
    for place in processes.indices {
      // A job does not beat.
      guard !processes[place].isJob else {
        flags.append(.absent)
        continue
      }
      flags.append(processes[place].isAlive(at: now) ? .one : .zero)
      guard let last = processes[place].lastHeartbeat else { continue }
      span.end(at: last - Facts.clockTolerance)
      span.end(at: last + processes[place].timeout)
    }
    self.span = span
  }

  /// Whether the flags are what looking at each process now would give.
  func hold(at now: Double) -> Bool {
    span?.contains(now) ?? false
  }
}
