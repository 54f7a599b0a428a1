internal import Flags
internal import Heartbeat
internal import Monitoring
internal import POSIX
internal import YAML

/// A subcommand.
struct Command: Sendable {
  let name: String
  /// One line for the list of commands.
  let title: String
  let flags: FlagSet
  /// The exit status when its answer could not be written, and nothing else went wrong.
  var unwritten: Int32 = 1
  /// Does it; the result is the exit status.
  let run: @Sendable (FlagValues, _ environment: [String: String]) throws(FlagError) -> Int32

  /// Whether its last words are those of another program.
  var takesCommand: Bool {
    if case .command = flags.arguments { true } else { false }
  }
}

/// Flags that more than one subcommand has.
enum CommonFlags {
  /// The heartbeat file.
  static let file = Flag<String>.value(
    "file", .file, default: "heartbeat_status.json", environment: ["HEARTBEAT_FILE"], help: "The heartbeat file.")

  /// The files that programs beat into, for those who only look.
  static let files = Flag<[String]>.list(
    "file", .file, default: ["heartbeat_status.json"], environment: ["HEARTBEAT_FILE"],
    help: "A heartbeat file, a folder of them, or a pattern such as '/srv/*/status.json'. May be given more than once.")

  /// Where heartbeats come from: the files that are named, then the sources of the configuration. The default's file is read
  /// where nobody names any.
  static func sources(_ values: FlagValues, _ configuration: Configuration) -> [SourceSettings] {
    let named = !values.isSet(files) && !configuration.sources.isEmpty ? [] : values[files]
    return named.map { SourceSettings(path: $0) } + configuration.sources
  }

  /// The age at which a heartbeat counts as dead.
  static let timeout = Flag<Double>.value(
    "timeout", .duration, default: HeartbeatEntry.defaultTimeout.inSeconds,
    help: "Age from which a process counts as silent.")

  /// The exporter's configuration.
  static let configuration = Flag<String?>.optional(
    "config.file", .file, help: "The exporter's configuration: names, timeouts and how to find processes.")

  /// Reads the configuration, if one is given.
  static func load(_ values: FlagValues) throws(ConfigurationError) -> Configuration {
    guard let path = values[configuration] else { return Configuration() }
    return try Configuration.load(path)
  }

  /// The age at which a writer removes other entries.
  static let retention = Flag<Double>.value(
    "retention", .duration, default: HeartbeatManager.Options().retention.inSeconds,
    help: "Age at which the entries of others are removed from the file; 0 keeps them.")

  /// When it was that a beat tells of.
  static let time = Flag<Double?>.optional(
    "at", .unixTime, help: "When it was, as Unix time in seconds. Default: now.")

  /// The host of a beat.
  static let host = Flag<String?>.optional(
    "host", .string,
    help: "The host that the process runs on, where that is another one, such as a container.")

  /// Whether a beat must be on the disk.
  static let fsync = Flag<Bool>.toggle(
    "fsync", negatable: false,
    help: "Ends only when the beat is on the disk (fsync), so that it survives a power failure.")
}
