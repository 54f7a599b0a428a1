/// Something of a heartbeat file that was left out: of which process, why, and where it stands.
public struct EntryProblem: Hashable, Sendable, CustomStringConvertible {
  /// The process's name, or the beginning of a long one; empty for one without a name.
  public let process: String
  /// What is wrong.
  public let reason: HeartbeatSnapshot.SkipReason
  /// Where it stands, in bytes from the beginning of the file; nil where the place says nothing.
  public let offset: Int?

  /// Puts the parts together.
  public init(process: String, reason: HeartbeatSnapshot.SkipReason, offset: Int?) {
    self.process = process
    self.reason = reason
    self.offset = offset
  }

  /// A sentence such as `"bidder" is left out: last_heartbeat is not a time (byte 132)`; the name stands as it is.
  public var description: String { sentence(naming: "\"\(process)\"") }

  /// The sentence.
  ///
  /// - Parameter name: the process's name as it may be shown: it can hold control characters.
  public func sentence(naming name: String) -> String {
    let what = reason.leavesOutEntry ? "\(name) is left out" : "a part of \(name) is left out"
    return "\(what): \(reason.explanation)" + (offset.map { " (byte \($0))" } ?? "")
  }

  /// How many are named for one content of a file; all are counted.
  public static let maximumCount = 100
}

extension HeartbeatSnapshot.SkipReason {
  /// Whether the whole process is missing; else a part of what it says is, or an earlier entry of its name.
  public var leavesOutEntry: Bool {
    switch self {
    case .notAnObject, .missingLastHeartbeat, .badLastHeartbeat, .emptyName, .nameTooLong, .reservedName,
      .tooManyEntries, .nameTaken:
      true
    case .badPid, .badJob, .duplicateName, .numberOutOfRange, .tooDeep, .keyTooLong, .tooManyKeys, .changingKey: false
    }
  }

  /// What is wrong, and what was expected, for people.
  public var explanation: String {
    switch self {
    case .notAnObject: "its value is not an object"
    case .missingLastHeartbeat: "it has no last_heartbeat"
    case .badLastHeartbeat: "last_heartbeat is not a time; expected Unix time in seconds"
    case .badPid: "pid is not a process ID; expected 1 to 4194304"
    case .badJob: "job is not an object about runs; expected Unix times, counts and an exit code"
    case .emptyName: "its name is empty"
    case .nameTooLong: "its name is longer than \(HeartbeatSnapshot.maximumNameLength) bytes"
    case .reservedName: "its name is the exporter's own; give it another one"
    case .nameTaken: "a source before has a process of this name; `name` of its source gives it another one"
    case .changingKey: "a key is an id or a time, and would be another one with every write"
    case .duplicateName: "its name comes again further down, and the last one counts"
    case .tooManyEntries: "there are more processes than the limit"
    case .numberOutOfRange: "a number is not finite"
    case .tooDeep: "an object lies deeper than \(HeartbeatSnapshot.maximumDataDepth) levels"
    case .keyTooLong: "its keys are longer than \(HeartbeatSnapshot.maximumKeyPathLength) bytes together"
    case .tooManyKeys: "the file has more than \(HeartbeatSnapshot.maximumKeyPaths) different keys"
    }
  }
}
