internal import HTTP
internal import Monitoring
internal import Flags
internal import Glibc
internal import POSIX
internal import YAML

/// `heartbeat monitor`
enum MonitorCommand {
  private static let interval = Flag<Double>.value(
    "interval", .duration(0.1...86_400), default: 5, help: "Time between two updates.")
  private static let once = Flag<Bool>.toggle(
    "once", negatable: false,
    help:
      "Prints one page and ends, as it does without a terminal or on a dumb one (TERM). Exit status 1 when an exporter or a file could not "
      + "be read.")

  static let command = Command(
    name: "monitor", title: "Shows all programs in the terminal, live.",
    flags: FlagSet(
      program: "heartbeat monitor",
      summary: "Shows the host's load and all programs in the terminal, live, and below them what changed. q ends it.",
      groups: [
        FlagGroup("Flags", [interval, once, CommonFlags.configuration, CommonFlags.timeout, CommonFlags.files]),
        FlagGroup("Other hosts", ExporterFlags.all),
      ],
      examples: [
        FlagExample("This host", "heartbeat monitor --config.file heartbeat.yml"),
        FlagExample("Two others", "heartbeat monitor --url http://web1:9464 --url http://web2:9464"),
      ]),
    run: { (values, _) throws(FlagError) in try run(values) })

  private static func run(_ values: FlagValues) throws(FlagError) -> Int32 {
    let exporters = try ExporterFlags.exporters(values)
    let known: Configuration
    do throws(ConfigurationError) {
      known = try CommonFlags.load(values)
    } catch {
      Console.error(error.description)
      return 1
    }
    do throws(Errno) {
      if values[once] || isatty(STDOUT_FILENO) == 0 || Style.isOnDumbTerminal {
        var monitor = try monitor(values, known, exporters)
        return monitor.printOnce(style: .forStandardOutput) ? 0 : 1
      }
      // Before the monitor starts threads.
      let control = try JobControl()
      var live = try monitor(values, known, exporters)
      switch live.run(control) {
      case .status(let status): return status
      case .signal(let number):
        JobControl.obey(number)
        return 128 + number
      }
    } catch {
      Console.error("cannot watch: \(error)")
      return 1
    }
  }

  private static func monitor(
    _ values: FlagValues, _ known: Configuration, _ exporters: [WatchedExporter]
  ) throws(Errno) -> LiveMonitor {
    try LiveMonitor(
      sources: CommonFlags.sources(values, known), configuration: known, timeout: values[CommonFlags.timeout],
      exporters: exporters, interval: values[interval])
  }
}
