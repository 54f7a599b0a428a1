internal import Flags
internal import Glibc
internal import HTTP
internal import Heartbeat
internal import JSON
internal import POSIX

/// `heartbeat test-alert`
enum TestAlertCommand {
  private static let exporter = Flag<Endpoint>.value(
    "exporter", Endpoint.httpFlagType, default: Endpoint(localhost: 9464), help: "The exporter that reads the file.")
  private static let prometheus = Flag<Endpoint>.value(
    "prometheus", Endpoint.httpFlagType, default: Endpoint(localhost: 9090), help: "The Prometheus that has the rules.")
  private static let alertmanager = Flag<Endpoint>.value(
    "alertmanager", Endpoint.httpFlagType, default: Endpoint(localhost: 9093),
    help: "The Alertmanager that tells people.")
  private static let timeout = Flag<Double>.value(
    "timeout", .duration(1...3_600), default: 180, help: "Maximum time for each step.")

  static let command = Command(
    name: "test-alert", title: "Sends a marked alert to you, and says where it got stuck.",
    flags: FlagSet(
      program: "heartbeat test-alert",
      summary:
        "Sends an alert along the whole way: heartbeat file, exporter, Prometheus, Alertmanager, mail or Slack. It says of each step when "
        + "it is done, and of the one where the alert got stuck what to look at. Whoever gets critical alerts gets this one; it says that "
        + "nothing is wrong. Exit status: 0 when Alertmanager has sent it, else 1.",
      groups: [FlagGroup("Flags", [CommonFlags.file, exporter, prometheus, alertmanager, timeout])],
      examples: [
        FlagExample(
          "All on this machine", "heartbeat test-alert --file /run/heartbeat.d"),
        FlagExample(
          "Prometheus and Alertmanager elsewhere",
          "heartbeat test-alert --prometheus http://monitoring:9090 --alertmanager http://monitoring:9093"),
      ]),
    run: { (values, _) in run(values) })

  private static func run(_ values: FlagValues) -> Int32 {
    let way = AlertWay(
      exporter: values[exporter], prometheus: values[prometheus], alertmanager: values[alertmanager])
    let manager = HeartbeatManager(file: values[CommonFlags.file])
    let began = Clock.realtime
    do throws(HeartbeatError) {
      try manager.sendHeartbeats([AlertWay.beat(at: began)])
    } catch {
      Console.error("stuck at the heartbeat file: \(error.description)")
      return 1
    }
    defer { _ = try? HeartbeatWriter(file: values[CommonFlags.file], options: .init()).remove([AlertWay.name]) }
    tell("heartbeat file", values[CommonFlags.file])
    let before = (try? way.sent()) ?? [:]
    for step in AlertWay.Step.allCases {
      let look = { way.look(at: step, since: began, sentBefore: before) }
      var sight = wait(values[timeout], look)
      if step == .receiver, case .done = sight {
        // Mail and chat are sent side by side: one may be a moment later, or fail.
        sleep(2)
        sight = look()
      }
      switch sight {
      case .done(let detail): tell(step.rawValue, detail)
      case .waiting(let reason):
        Console.error("stuck at \(step.rawValue): \(reason)\n\(step.advice)")
        return 1
      }
    }
    Console.print("Has it reached you? It ends by itself.")
    return 0
  }

  /// Looks once a second until it is done, or the time is over.
  private static func wait(_ seconds: Double, _ look: () -> AlertWay.Sight) -> AlertWay.Sight {
    let end = Clock.monotonicNanoseconds &+ Clock.nanoseconds(seconds)
    while true {
      let sight = look()
      if case .done = sight { return sight }
      guard Clock.monotonicNanoseconds < end else { return sight }
      sleep(1)
    }
  }

  private static func tell(_ step: String, _ detail: String) {
    Console.print("✓ \(step): \(detail)")
  }
}
