internal import Heartbeat

/// What holds for all processes that are watched.
public struct MonitoringSettings: Sendable {
  /// For processes whose configuration gives no timeout, in seconds.
  public var timeout: Double
  /// Entries with an older beat are left out unless they are configured, in seconds; 0 keeps all.
  public var retention: Double
  /// How long an entry is remembered that has vanished without a good-bye, in seconds; 0 is not at all. Configured processes are
  /// remembered for ever, unless it is 0.
  public var remember: Double
  /// This host's name: a beat that names another one is remote.
  public var hostname: [UInt8]
  /// A name that belongs to the one who watches; no entry can take it.
  public var reservedName: [UInt8]
  /// A clock that nobody sets, in seconds, which goes on while the host is suspended: by it is counted how long something lasts that the
  /// watch itself has seen. nil counts by the time of day.
  public var uptime: (@Sendable () -> Double)?
  /// Makes of a name what shall be kept with the process, and appends it.
  public var appendLabels: @Sendable (_ name: ArraySlice<UInt8>, _ bytes: inout [UInt8]) -> Void

  /// Puts them together.
  public init(
    timeout: Double, retention: Double = 0, remember: Double = MonitoringSettings.defaultRemember, hostname: [UInt8],
    reservedName: [UInt8] = [],
    appendLabels: @escaping @Sendable (_ name: ArraySlice<UInt8>, _ bytes: inout [UInt8]) -> Void = { _, _ in }
  ) {
    self.timeout = timeout
    self.retention = retention
    self.remember = remember
    self.hostname = hostname
    self.reservedName = reservedName
    self.appendLabels = appendLabels
  }

  /// A declared interval is believed up to this: 31 days in seconds. A longer one is a mistake, with which nobody would ever be silent.
  public static let longestInterval = 31 * 86_400.0

  /// A day, in seconds.
  public static let defaultRemember = 86_400.0

  /// The age from which a process is silent: what is configured; else what its source says; else the usual timeout, or two and a
  /// half of the intervals that it declares if that is more.
  public func timeout(configured: Double?, source: Double?, declaredInterval: Double?) -> Double {
    if let known = configured ?? source { return known }
    guard let declaredInterval, declaredInterval <= MonitoringSettings.longestInterval else { return timeout }
    return max(timeout, 2.5 * declaredInterval)
  }

  /// This moment, which has the given time of day.
  func moment(at now: Double) -> Moment { Moment(time: now, uptime: uptime?() ?? now) }

  /// The age of the last beat from which one is left out that is not configured, in seconds: a job's is kept longer.
  func retention(isJob: Bool) -> Double {
    retention > 0 ? retention + (isJob ? JobRecord.keptLonger : 0) : .infinity
  }
}
