internal import POSIX

/// Something of a heartbeat file that was left out: of which process, why, and where it stands.
public struct EntryProblem: Hashable, Sendable, CustomStringConvertible {
  /// The process's name, or the beginning of a long one; empty for one without a name.
  public let process: String
  /// What is wrong.
  public let reason: HeartbeatSnapshot.SkipReason
  /// Where it stands, in bytes from the beginning of the file; nil where the place says nothing.
  public let offset: Int?
  /// The file that it is in: in a folder of own files the process's own; nil where that is not known.
  public let file: String?

  /// Puts the parts together.
  public init(process: String, reason: HeartbeatSnapshot.SkipReason, offset: Int?, file: String? = nil) {
    self.process = process
    self.reason = reason
    self.offset = offset
    self.file = file
  }

  /// A sentence such as `"bidder" is left out: last_heartbeat is not a time (byte 132)`; names stand as they are.
  public var description: String { sentence { "\"\($0)\"" } }

  /// The sentence.
  ///
  /// - Parameter quote: makes of a name what may be shown: it can hold control characters.
  public func sentence(quoting quote: (String) -> String) -> String {
    let name = quote(process)
    let what = reason.leavesOutEntry ? "\(name) is left out" : "a part of \(name) is left out"
    let place: String
    switch (offset, file) {
    case (let offset?, let file?): place = " (byte \(offset) of \(quote(file)))"
    case (let offset?, nil): place = " (byte \(offset))"
    case (nil, let file?): place = " (\(quote(file)))"
    case (nil, nil): place = ""
    }
    return "\(what): \(reason.explanation)\(place)"
  }

  /// How many are named for one content of a file; all are counted.
  public static let maximumCount = 100

  // Names and paths come from outside: by their bytes.
  private var exact: [ExactText?] { [ExactText(process), file.map { ExactText($0) }] }

  /// Whether both tell the same.
  public static func == (one: EntryProblem, other: EntryProblem) -> Bool {
    one.reason == other.reason && one.offset == other.offset && one.exact == other.exact
  }

  /// By what is compared.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(reason)
    hasher.combine(offset)
    hasher.combine(exact)
  }
}

extension HeartbeatSnapshot.SkipReason {
  /// Whether the whole process is missing; else a part of what it says is, or an earlier entry of its name.
  public var leavesOutEntry: Bool {
    switch self {
    case .notAnObject, .missingLastHeartbeat, .badLastHeartbeat, .emptyName, .nameTooLong, .reservedName,
      .tooManyEntries, .nameTaken, .permissionDenied, .notARegularFile, .notJSON, .tooLarge, .inputOutput, .badFileName:
      true
    case .badPid, .badJob, .badSilence, .duplicateName, .numberOutOfRange, .tooDeep, .keyTooLong, .tooManyKeys,
      .changingKey:
      false
    }
  }

  /// Whether nobody can say because of it how the process of a name does. Where a source before has the name, that one's process has it;
  /// among all processes the other one is missing all the same.
  public var hidesName: Bool { leavesOutEntry && self != .nameTaken }

  /// Whether it is said of a process's own file as a whole.
  public var isOfOwnFile: Bool {
    switch self {
    case .permissionDenied, .notARegularFile, .notJSON, .tooLarge, .inputOutput, .badFileName: true
    default: false
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
    case .badSilence: "its silence cannot be used; expected {\"until\": Unix time}, of \(SilencesText.most) at most"
    case .emptyName: "its name is empty"
    case .nameTooLong: "its name is longer than \(HeartbeatSnapshot.maximumNameLength) bytes"
    case .reservedName: "its name is the exporter's own; give it another one"
    case .nameTaken: "a source before has a process of this name; `name` of its source gives it another one"
    case .changingKey: "a key is an id or a time, and would be another one with every write"
    case .duplicateName: "its name comes again further down, and the last one counts"
    case .tooManyEntries: "there are more processes than the limit, or their names are too long together"
    case .numberOutOfRange: "a number is not finite"
    case .tooDeep: "an object lies deeper than \(HeartbeatSnapshot.maximumDataDepth) levels"
    case .keyTooLong: "its keys are longer than \(HeartbeatSnapshot.maximumKeyPathLength) bytes together"
    case .permissionDenied: "this user may not read its file"
    case .notARegularFile: "its file is a link, a pipe or the like; expected a regular file"
    case .notJSON: "its file is empty or no whole JSON"
    case .tooLarge: "its file is too large, by itself or with the others of its folder"
    case .inputOutput: "its file cannot be read: the kernel gives an error"
    case .badFileName: "no process has a file of this name; a percent sign is spelt %25, a slash %2F"
    case .tooManyKeys: "the file has more than \(HeartbeatSnapshot.maximumKeyPaths) different keys"
    }
  }
}
