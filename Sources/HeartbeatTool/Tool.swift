internal import Flags
internal import POSIX

/// The tool `heartbeat`: a table of subcommands.
public enum Tool {
  /// Runs a command line.
  ///
  /// - Parameters:
  ///   - arguments: without the program's name.
  ///   - environment: by name.
  /// - Returns: the exit status; 2 for a wrong command line.
  public static func run(_ arguments: [String], environment: [String: String]) -> Int32 {
    takeWriteErrors()
    let status = obey(arguments, environment: environment)
    // An answer that nobody could get is none: a full disk, say.
    guard let error = Console.printError else { return status }
    Console.error("standard output: \(error)")
    return status == 0 ? commands.first(where: { $0.name == arguments.first })?.unwritten ?? 1 : status
  }

  private static func obey(_ arguments: [String], environment: [String: String]) -> Int32 {
    guard let name = arguments.first else {
      Console.write(help, to: 2)
      return 2
    }
    switch name {
    case "--help", "-h", "help":
      if arguments.count > 1, let command = commands.first(where: { $0.name == arguments[1] }) {
        Console.print(command.flags.help(columns: min(ProcessEnvironment.columns, 100)), terminator: "")
      } else {
        Console.print(help, terminator: "")
      }
      return 0
    case "--version", "version":
      Console.print(Version.text(program: "heartbeat"), terminator: "")
      return 0
    default:
      break
    }
    let rest = Array(arguments.dropFirst())
    if name == SimulatedProcess.commandName { return SimulatedProcess.run(rest) }
    guard let command = commands.first(where: { $0.name == name }) else {
      let meant = nearest(to: name, among: commands.map(\.name)).map { ", did you mean \($0)?" } ?? ""
      guard !name.hasPrefix("-") else {
        Console.error("unknown flag \(quoted(name)): a command comes first\nsee heartbeat --help")
        return 2
      }
      Console.error("unknown command \(quoted(name))\(meant)\nsee heartbeat --help")
      return 2
    }
    do throws(FlagError) {
      switch try command.flags.parse(rest, environment: environment) {
      case .help:
        Console.print(command.flags.help(columns: min(ProcessEnvironment.columns, 100)), terminator: "")
        return 0
      case .version:
        return 0
      case .values(let values):
        try refuseWhatIsNoText(rest, values, isForeignCommand: command.takesCommand)
        return try command.run(values, environment)
      }
    } catch {
      Console.error("\(error)\n\(command.flags.hint)")
      return 2
    }
  }

  /// `String` has other signs in the place of what is no UTF-8, so that two names could become one, and a path another file's. The
  /// command that is to be run gets its words byte for byte.
  private static func refuseWhatIsNoText(
    _ words: [String], _ values: FlagValues, isForeignCommand: Bool
  ) throws(FlagError) {
    let own = isForeignCommand ? words.dropLast(values.arguments.count) : words[...]
    for (word, raw) in zip(own, KernelTexts.commandLine(endingWith: words) ?? [])
    where String(validating: raw, as: UTF8.self) == nil {
      throw .invalid("\(quoted(word)): expected UTF-8, found other bytes")
    }
    for name in values.environmentVariables where !KernelTexts.environment.isText(variable: name) {
      throw .invalid("environment variable \(name): expected UTF-8, found other bytes")
    }
  }

  static let commands: [Command] = [
    SendCommand.command, StatusCommand.command, CheckCommand.command, MonitorCommand.command, RunCommand.command,
    JobCommand.command,
    SimulateCommand.command, PruneCommand.command, SilenceCommand.command, TestAlertCommand.command,
    CompletionsCommand.command,
  ]

  private static var help: String {
    let width = commands.map(\.name.count).max() ?? 0
    let lines = commands.map { command in
      "  \(command.name)\(String(repeating: " ", count: max(0, width - command.name.count)))  \(command.title)"
    }
    return """
      usage: heartbeat COMMAND [flags] ...

      Shows which programs work, by their heartbeats in a file or a folder.

      Commands:
      \(lines.joined(separator: "\n"))

      Common flags:
        --file=FILE  The heartbeat file or folder. [default: heartbeat_status.json] [env: HEARTBEAT_FILE]
        -h, --help   What a command does, its flags and examples.
        --version    Shows the version.

      Examples:
        # Beat once, from a shell script
        heartbeat send backup --data files=120

        # Beat for a program that cannot be changed, and restart it when it crashes
        heartbeat run --name web --restart on-failure -- npm run serve

        # Watch all of them
        heartbeat monitor

      """
  }
}
