/// Flags under one heading of the help.
public struct FlagGroup: Sendable {
  /// The heading, such as `Web`.
  public let title: String
  /// The flags, in the order of the help.
  public let flags: [FlagSpecification]

  /// Puts flags under a heading.
  public init(_ title: String, _ flags: [any FlagDefinition]) {
    self.title = title
    self.flags = flags.map(\.specification)
  }
}

/// Which words beside the flags a command takes.
public enum ArgumentRule: Sendable {
  /// None: a word that belongs to no flag is an error.
  case none
  /// As many as the range allows, before, between or behind the flags; `--` ends the flags.
  case named(String, ClosedRange<Int>)
  /// A command line of its own, from the first word that belongs to no flag, or from `--`; at least one word.
  case command(String)
}

/// A command line to show at the end of the help.
public struct FlagExample: Sendable {
  /// What it does.
  public let text: String
  /// What to type.
  public let command: String

  /// Says what a command line does.
  public init(_ text: String, _ command: String) {
    self.text = text
    self.command = command
  }
}

/// All flags of a program or of one of its subcommands: parses command lines, writes the help, tells completions.
public struct FlagSet: Sendable {
  /// What is typed to start it, such as `heartbeat-exporter` or `heartbeat send`.
  public let program: String
  /// What it does: one or more sentences.
  public let summary: String
  /// The flags by heading.
  public let groups: [FlagGroup]
  /// Which words beside the flags it takes.
  public let arguments: ArgumentRule
  /// What environment variables begin with, such as `HEARTBEAT_EXPORTER_`; nil when only those count that flags name.
  public let environmentPrefix: String?
  /// Command lines for the end of the help.
  public let examples: [FlagExample]
  /// Whether there is `--version`.
  public let hasVersion: Bool

  /// Describes a command.
  public init(
    program: String, summary: String, groups: [FlagGroup], arguments: ArgumentRule = .none,
    environmentPrefix: String? = nil, examples: [FlagExample] = [], hasVersion: Bool = false
  ) {
    self.program = program
    self.summary = summary
    self.groups = groups
    self.arguments = arguments
    self.environmentPrefix = environmentPrefix
    self.examples = examples
    self.hasVersion = hasVersion
  }

  /// Every flag, in the order of the help, without `--help` and `--version`.
  public var flags: [FlagSpecification] { groups.flatMap(\.flags) }

  /// The environment variables that set a flag; the first that is set and not empty wins.
  public func environmentNames(of flag: FlagSpecification) -> [String] {
    guard let environmentPrefix else { return flag.environment }
    let derived = flag.name.map { $0 == "." || $0 == "-" ? "_" : $0.uppercased() }.joined()
    return [environmentPrefix + derived] + flag.environment
  }
}

/// What a command line asks for.
public enum FlagOutcome: Sendable {
  /// To run with these values.
  case values(FlagValues)
  /// `--help` or `-h`.
  case help
  /// `--version`.
  case version
}

/// The flags' values; ask with the `Flag` that was declared.
public struct FlagValues: Sendable {
  /// Where a flag's value comes from.
  public enum Source: Hashable, Sendable {
    /// The flag was not given.
    case defaultValue
    /// The environment variable of this name.
    case environment(String)
    /// The command line.
    case commandLine
  }

  /// What `FlagOptions` that are being made take their values from.
  @TaskLocal static var current: FlagValues?

  var texts: [String: [String]] = [:]
  var sources: [String: Source] = [:]

  /// The words that belong to no flag.
  public internal(set) var arguments: [String] = []

  /// Sentences about environment variables that look like misspelt names of ours; they change nothing.
  public internal(set) var warnings: [String] = []

  /// The flag's value: from the command line, else from the environment, else its default.
  public subscript<Value>(_ flag: Flag<Value>) -> Value {
    texts[flag.specification.name].flatMap(flag.decode) ?? flag.defaultValue
  }

  /// Where the flag's value comes from.
  public func source<Value>(of flag: Flag<Value>) -> Source {
    sources[flag.specification.name] ?? .defaultValue
  }

  /// Whether somebody set the flag, be it to its default.
  public func isSet<Value>(_ flag: Flag<Value>) -> Bool {
    source(of: flag) != .defaultValue
  }

  /// The environment variables that set a flag.
  public var environmentVariables: [String] {
    sources.values.compactMap { if case .environment(let name) = $0 { name } else { nil } }.sorted()
  }

  /// How to name the flag in a message about its value: the environment variable if that set it.
  public func name<Value>(of flag: Flag<Value>) -> String {
    if case .environment(let name) = source(of: flag) { name } else { "--" + flag.specification.name }
  }
}
