internal import Flags
internal import POSIX

/// `heartbeat simulate`
enum SimulateCommand {
  private static let scenario = Flag<Scenario>.value(
    "scenario", .choice, default: .healthy, help: "What they go through.")
  private static let processes = Flag<Int>.value(
    "processes", .integer(1...10_000), default: 3,
    help: "Number of processes. Up to \(Simulator.mostChildren) they are real child processes; "
      + "above, one process beats for all names.")
  private static let interval = Flag<Double>.value(
    "interval", .duration(0.01...86_400), default: 5, help: "Time between two beats of a process.")
  private static let timeout = Flag<Double?>.optional(
    "timeout", .duration(0.01...86_400),
    help: "The timeout that the scenario assumes: a hang lasts longer. Default: 30s, and 60s for bidder and workers.")

  static let command = Command(
    name: "simulate", title: "Beats as programs that do not exist, for demos and load tests.",
    flags: FlagSet(
      program: "heartbeat simulate",
      summary: "Starts processes that beat as websocket-reader, bidder, vue-frontend and so on, until it is ended.",
      groups: [FlagGroup("Flags", [scenario, processes, interval, timeout, CommonFlags.file])],
      examples: [
        FlagExample("See what alerts do", "heartbeat simulate --scenario hang"),
        FlagExample("Load", "heartbeat simulate --processes 10000 --interval 10s"),
      ]),
    run: { (values, environment) in
      let simulator = Simulator(
        scenario: values[scenario], processes: values[processes], interval: values[interval],
        timeout: values[timeout], file: values[CommonFlags.file], environment: environment)
      do throws(Errno) {
        return try simulator.run()
      } catch {
        Console.error("cannot start a process: \(error)")
        return 1
      }
    })
}
