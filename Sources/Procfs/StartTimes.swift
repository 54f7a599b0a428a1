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

  /// Unix time in seconds at which a process started; nil when the boot time is not known, or is not that from which starts are
  /// counted: in a container it may be the container's, and then starts seem to lie in the future.
  func startTime(of stat: ProcessStat) -> Double? {
    guard let start = bootTime.map({ stat.startTime(bootTime: $0) }), start <= now + StartTimes.tolerance else {
      return nil
    }
    return start
  }
}
