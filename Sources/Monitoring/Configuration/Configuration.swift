public import Heartbeat
internal import POSIX

/// What the file of `--config.file` says.
public struct Configuration: Sendable, Equatable {
  /// The configured processes, in the file's order, each name once.
  public let processes: [ProcessConfiguration]
  /// Where heartbeats come from, in the file's order.
  public let sources: [SourceSettings]
  private let indices: [ExactText: Int]

  /// A configuration of processes; of several with one name the last wins.
  public init(processes: [ProcessConfiguration] = [], sources: [SourceSettings] = []) {
    self.sources = sources
    var indices: [ExactText: Int] = [:]
    var unique: [ProcessConfiguration] = []
    for process in processes {
      if let index = indices[ExactText(process.name)] {
        unique[index] = process
      } else {
        indices[ExactText(process.name)] = unique.count
        unique.append(process)
      }
    }
    self.processes = unique
    self.indices = indices
  }

  /// The process of a heartbeat name, or nil when the file does not name it.
  public subscript(name: String) -> ProcessConfiguration? {
    indices[ExactText(name)].map { processes[$0] }
  }
}

/// What the configuration says of one process.
public struct ProcessConfiguration: Sendable, Equatable {
  /// How to find the process in the process table.
  public enum Match: Sendable, Equatable {
    /// All of them stand in the command line, whatever their case. At least one, none empty.
    case substrings([String])
    /// A regular expression that is found in the command line; it compiles.
    case regex(String)
  }

  /// The heartbeat name.
  public var name: String
  /// What people call it.
  public var displayName: String?
  /// The age, in seconds, at which it counts as dead; nil is `--heartbeat.timeout`.
  public var timeout: Double?
  /// Status words, in small letters, that say of this process that it ended, beside the usual ones.
  public var stoppedWords: [String] = []
  /// How to find the process without its pid.
  public var match: Match?
  /// What is expected of it as a job; nil when it is none.
  public var job: JobPlan?
  /// Whether its figures are those of its whole process tree.
  public var children: Bool

  /// Describes a process.
  public init(
    name: String, displayName: String? = nil, timeout: Double? = nil, match: Match? = nil, children: Bool = false
  ) {
    self.name = name
    self.displayName = displayName
    self.timeout = timeout
    self.match = match
    self.children = children
  }
}
