/// One process that the metrics speak of: it beats, or it is configured, or both.
struct MonitoredProcess {
  /// Where its ready-made `process="..."` lies in the label bytes.
  var labels: Range<Int>
  /// Its place in the snapshot; nil for a configured process that never beat.
  var entry: Int?
  /// Its place in the configuration; nil where only the file knows it.
  var configured: Int?
  /// Unix time of its last beat.
  var lastHeartbeat: Double?
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

  /// Seconds since the last beat, to the microsecond: more digits would be noise of the subtraction.
  func age(at now: Double) -> Double? {
    guard let lastHeartbeat else { return nil }
    let age = now - lastHeartbeat
    return age.magnitude < 1e9 ? (age * 1e6).rounded() / 1e6 : age
  }

  /// The age in whole microseconds; nil when there is none or it is far beyond all that is exact to the microsecond.
  func ageInMicroseconds(at now: Double) -> Int64? {
    guard let lastHeartbeat else { return nil }
    let age = now - lastHeartbeat
    return age.magnitude < 1e9 ? Int64((age * 1e6).rounded()) : nil
  }

  /// How far a writer's clock may be ahead, in seconds, before its beats no longer count.
  static let clockTolerance = 5.0

  /// Whether the last beat is recent enough.
  func isAlive(at now: Double) -> Bool {
    guard let age = age(at: now) else { return false }
    return age >= -MonitoredProcess.clockTolerance && age < timeout
  }
}
