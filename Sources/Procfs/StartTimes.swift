/// When processes started, as far as the boot time tells.
struct StartTimes {
  /// Unix time in seconds at which the host booted; nil when the kernel does not tell.
  let bootTime: Double?
  /// Unix time in seconds.
  let now: Double

  /// By how many seconds a start may seem later than it was.
  ///
  /// The boot time has whole seconds and is held steady within one, a beat's time may be cut to whole seconds: each can
  /// put a beat right after the start up to a second before it. A pid comes back that soon only where thousands of
  /// processes start in a second.
  static let tolerance = 2.0

  let history: KernelHistory

  /// Unix time in seconds at which a process started, as it was first found: a clock that is set moves it no more. nil when the
  /// boot time is not known, or is not that from which starts are counted: in a container it may be the container's, and then
  /// starts seem to lie in the future.
  func startTime(of stat: ProcessStat) -> Double? {
    let process = ProcessIdentity(stat)
    guard let found = found(stat) else { return history.shownStartTime(of: process) }
    return history.startTime(of: process, found)
  }

  /// Unix time in seconds before which a process did not start; nil when that is not known.
  ///
  /// Beats have the time of the clock as it was then, so where it was set meanwhile, the earlier of both readings counts.
  func earliestStart(of stat: ProcessStat) -> Double? {
    guard let found = found(stat) else { return nil }
    return min(found, history.shownStartTime(of: ProcessIdentity(stat)) ?? found)
  }

  private func found(_ stat: ProcessStat) -> Double? {
    guard let start = bootTime.map({ stat.startTime(bootTime: $0) }), start <= now + StartTimes.tolerance else {
      return nil
    }
    return start
  }
}
