internal import Monitoring

/// Which processes are alive, and how long that stays so without a new beat.
struct AliveFlags {
  private(set) var flags: [FlagFamily.Flag] = []
  /// Unix times between which, both excluded, no process comes to life or dies by the mere passing of time.
  private var since = Double.infinity
  private var until = -Double.infinity

  /// Nothing is known.
  init() {}

  /// Looks at each process.
  init(_ processes: [MonitoredProcess], at now: Double) {
    flags.reserveCapacity(processes.count)
    (since, until) = (-.infinity, .infinity)
    for process in processes {
      flags.append(process.isAlive(at: now) ? .one : .zero)
      guard let last = process.lastHeartbeat else { continue }
      for change in [last - Facts.clockTolerance, last + process.timeout] {
        // As ages are rounded to the microsecond, a change is up to that far from where it is computed to be.
        if change + 1e-5 < now {
          since = max(since, change + 1e-5)
        } else if change - 1e-5 > now {
          until = min(until, change - 1e-5)
        } else {
          // Just now: a clock that goes back a little would find the flags of the other side.
          since = .infinity
        }
      }
    }
  }

  /// Whether the flags are what looking at each process now would give.
  func hold(at now: Double) -> Bool {
    since < now && now < until
  }
}
