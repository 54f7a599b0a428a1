public import JSON
internal import POSIX

/// What the file says of one process.
public struct HeartbeatEntry: Sendable, Equatable {
  /// The process's name: its key in the file.
  public var name: String
  /// Unix time of the last beat in seconds; nil when the entry has none.
  public var lastHeartbeat: Double?
  /// The process id; nil when it is missing or not a positive number.
  public var pid: Int32?
  /// The status word, such as `alive`.
  public var status: String?
  /// The host on which the process runs; nil for the host of the file.
  public var host: String?
  /// The process's own data: what stands under `additional_data`, or, when that is missing, every member beside the
  /// known ones.
  public var additionalData: JSONValue

  /// Puts a beat together from its parts.
  public init(
    name: String, lastHeartbeat: Double?, pid: Int32? = nil, status: String? = nil, host: String? = nil,
    additionalData: JSONValue = [:]
  ) {
    self.name = name
    self.lastHeartbeat = lastHeartbeat
    self.pid = pid
    self.status = status
    self.host = host
    self.additionalData = additionalData
  }

  /// Reads an entry of the file's `processes` object, in either of its shapes.
  public init(name: String, entry: JSONObject) {
    self.init(
      name: name,
      lastHeartbeat: entry[Key.lastHeartbeat]?.doubleValue.map(UnixTime.seconds),
      pid: entry[Key.pid]?.integerValue.flatMap { Int32(exactly: $0) }.flatMap { $0 > 0 ? $0 : nil },
      status: entry[Key.status]?.stringValue,
      host: entry[Key.host]?.stringValue,
      additionalData: entry[Key.additionalData]
        ?? .object(JSONObject(entry.members.filter { !Key.known.contains(ExactText($0.key)) })))
  }

  /// The time since the last beat; negative when the writer's clock is ahead.
  ///
  /// - Parameter now: Unix time in seconds.
  public func age(at now: Double) -> Duration? {
    lastHeartbeat.map { Duration(clampingSeconds: now - $0) }
  }

  /// Whether the beat counts as alive: its age is at least -5 s and less than the timeout.
  public func isAlive(at now: Double, timeout: Duration = HeartbeatEntry.defaultTimeout) -> Bool {
    guard let age = age(at: now) else { return false }
    return age >= .zero - HeartbeatEntry.clockTolerance && age < timeout
  }

  /// The name by which the exporter shows itself: it leaves out an entry of this name.
  package static let exportersName = "heartbeat-exporter"

  /// After so long without a beat a process counts as dead.
  public static let defaultTimeout = Duration.seconds(60)
  /// So much may a writer's clock be ahead.
  public static let clockTolerance = Duration.seconds(5)

  /// The member names that have a meaning of their own.
  enum Key {
    static let lastHeartbeat = "last_heartbeat"
    static let formatted = "last_heartbeat_formatted"
    static let pid = "pid"
    static let status = "status"
    static let host = "host"
    static let interval = "interval"
    static let additionalData = "additional_data"
    static let job = "job"
    static let known = Set(
      [lastHeartbeat, formatted, pid, status, host, interval, additionalData, job].map { ExactText($0) })
  }
}
