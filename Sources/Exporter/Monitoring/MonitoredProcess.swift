internal import POSIX

/// One process that the metrics speak of: it beats, or it is configured, or both.
struct MonitoredProcess {
  /// Where its ready-made `process="..."` lies in the label bytes.
  var labels: Range<Int>
  /// Its place in the snapshot; nil for a configured process that never beat.
  var entry: Int?
  /// Its place in the configuration; nil where only the file knows it.
  var configured: Int?
  /// Unix time of its last beat.
  var lastHeartbeat: Double? {
    didSet { lastMicroseconds = MonitoredProcess.microseconds(lastHeartbeat) }
  }
  /// The same in whole microseconds, if that is exact enough.
  private(set) var lastMicroseconds: Int64?
  /// Age in seconds from which it counts as dead.
  var timeout: Double
  /// The pid that it reports, unless the beat comes from another host.
  var pid: Int32?
  /// The beat came from another host: nothing of the local /proc is said of it.
  var isRemote: Bool
  /// The place of its matcher in the configuration.
  var matcher: Int?
  /// Its figures are those of its whole tree.
  var children: Bool
  /// It has the name under which the exporter shows itself.
  var isExporter: Bool

  init(
    labels: Range<Int>, entry: Int?, configured: Int?, lastHeartbeat: Double?, timeout: Double, pid: Int32?,
    isRemote: Bool, matcher: Int?, children: Bool, isExporter: Bool
  ) {
    self.labels = labels
    self.entry = entry
    self.configured = configured
    self.lastHeartbeat = lastHeartbeat
    self.timeout = timeout
    self.pid = pid
    self.isRemote = isRemote
    self.matcher = matcher
    self.children = children
    self.isExporter = isExporter
    lastMicroseconds = MonitoredProcess.microseconds(lastHeartbeat)
  }

  /// Seconds since the last beat, to the microsecond: more digits would be noise of the subtraction.
  func age(at now: Double) -> Double? {
    guard let lastHeartbeat else { return nil }
    let age = now - lastHeartbeat
    return age.magnitude < 1e9 ? (age * 1e6).rounded() / 1e6 : age
  }

  /// The age in whole microseconds; nil when there is none or it is far beyond all that is exact to the microsecond.
  ///
  /// - Parameter now: Unix time in microseconds.
  func age(atMicroseconds now: Int64) -> Int64? {
    lastMicroseconds.map { now &- $0 }
  }

  /// A time in whole microseconds; nil where a double tells no microseconds apart.
  static func microseconds(_ time: Double?) -> Int64? {
    guard let time, time.magnitude < 4e9 else { return nil }
    return Int64(clamping: (time * 1e6).rounded())
  }

  /// How far a writer's clock may be ahead, in seconds, before its beats no longer count.
  static let clockTolerance = 5.0

  /// Whether the last beat is recent enough.
  func isAlive(at now: Double) -> Bool {
    guard let age = age(at: now) else { return false }
    return age >= -MonitoredProcess.clockTolerance && age < timeout
  }
}
