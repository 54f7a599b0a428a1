internal import Flags
internal import Heartbeat
internal import JSON
internal import Monitoring
internal import POSIX
internal import YAML

/// `heartbeat check`
enum CheckCommand {
  private static let json = Flag<Bool>.toggle("json", negatable: false, help: "Prints JSON.")

  static let command = Command(
    name: "check", title: "Says what each file is recognised as, and which processes, times and numbers it gives.",
    flags: FlagSet(
      program: "heartbeat check",
      summary:
        "Says of each file what it is recognised as, which processes it gives, and what is left out and why. It writes nothing. "
        + "Exit status: 0 when every file gives at least one process and nothing is left out, else 1.",
      groups: [FlagGroup("Flags", [json, CommonFlags.configuration])],
      arguments: .named("FILE", 0...1_000),
      examples: [
        FlagExample("Files of other programs", "heartbeat check /srv/bots/*/status.json /tmp/worker-alive"),
        FlagExample("The sources of a configuration", "heartbeat check --config.file heartbeat.yml"),
      ]),
    run: { (values, _) in run(values) })

  private static func run(_ values: FlagValues) -> Int32 {
    let configuration: Configuration
    do throws(ConfigurationError) {
      configuration = try CommonFlags.load(values)
    } catch {
      Console.error(error.description)
      return 1
    }
    let settings = sources(values.arguments, configuration)
    guard !settings.isEmpty else {
      Console.error("no file to check: expected FILE..., or --config.file with sources")
      return 1
    }
    var options = SourceSet.Options()
    // It tells of each file what is in it.
    (options.limits.keptBytes, options.limits.rememberedPaths) = (.max, .max)
    var sources = SourceSet(settings, options: options)
    sources.refresh(readTimeout: readTimeout)
    let reports = sources.files.map { CheckReport($0, in: sources, configuration) }
    let empty = sources.patterns.filter { $0.files == 0 }
    if values[json] {
      Console.print(String(decoding: JSONValue.array(reports.map(\.json)).serialised(pretty: true), as: UTF8.self))
    } else {
      Console.print(reports.map { $0.lines(at: Clock.realtime).joined(separator: "\n") }.joined(separator: "\n\n"))
    }
    for pattern in empty { Console.error("no file matches \(pattern.pattern)") }
    let leftOut = sources.filesLeftOut
    for files in leftOut { Console.error(files.sentence { quoted($0, limit: 400) }) }
    return empty.isEmpty && leftOut.isEmpty && !reports.isEmpty && reports.allSatisfy(\.isWhole) ? 0 : 1
  }

  /// How long to wait for a file system that does not answer, in seconds.
  private static let readTimeout = 5.0

  /// The files that are named, each by what the configuration says of it if a source of that has it; without names all sources.
  private static func sources(_ paths: [String], _ configuration: Configuration) -> [SourceSettings] {
    guard !paths.isEmpty else { return configuration.sources }
    return paths.map { path in
      var settings =
        configuration.sources.first { $0.path == path || SourceSet.matches(path, $0.path) }
        ?? SourceSettings(path: path)
      settings.path = path
      return settings
    }
  }
}
