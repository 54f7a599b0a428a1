internal import Flags
internal import Glibc
internal import HTTP
internal import Heartbeat
internal import JSON
internal import POSIX

/// `heartbeat test-alert`
enum TestAlertCommand {
  private static let exporter = url("exporter", 9464, "The exporter that reads the file.")
  private static let prometheus = url("prometheus", 9090, "The Prometheus that has the rules.")
  private static let alertmanager = url("alertmanager", 9093, "The Alertmanager that tells people.")
  private static let exporterPassword = passwordFile("exporter")
  private static let prometheusPassword = passwordFile("prometheus")
  private static let alertmanagerPassword = passwordFile("alertmanager")
  private static let authorities = Flag<String?>.optional(
    "ca", .file, help: "For https: a file with the certificate authorities to trust. Default: those of the host.")
  private static let isBlind = Flag<Bool>.toggle(
    "insecure", negatable: false, help: "For https: accept any certificate. Others may then read the password.")
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
      groups: [
        FlagGroup(
          "Flags",
          [
            CommonFlags.file, exporter, exporterPassword, prometheus, prometheusPassword, alertmanager,
            alertmanagerPassword, authorities, isBlind, timeout,
          ])
      ],
      examples: [
        FlagExample(
          "All on this machine", "heartbeat test-alert --file /run/heartbeat.d"),
        FlagExample(
          "Prometheus and Alertmanager elsewhere",
          "heartbeat test-alert --prometheus http://monitoring:9090 --alertmanager http://monitoring:9093"),
        FlagExample(
          "An Alertmanager with encryption and a password",
          "heartbeat test-alert --alertmanager https://alice@monitoring:9093 --alertmanager-password-file alice.secret "
            + "--ca ca.pem"),
      ]),
    run: { (values, _) throws(FlagError) in try run(values) })

  private static func url(_ name: String, _ port: UInt16, _ help: String) -> Flag<String> {
    let type = FlagType<String>(placeholder: "URL") { (text) throws(ValueError) in
      guard let server = ServerURL(text), !server.endpoint.path.contains("?") else {
        throw ValueError(expected: ServerFlags.expected)
      }
      return text
    } format: {
      $0
    }
    return Flag.value(name, type, default: "http://localhost:\(port)", help: help)
  }

  private static func passwordFile(_ name: String) -> Flag<String?> {
    Flag.optional(
      "\(name)-password-file", .file, help: "A file whose first line is the password of the user in --\(name).")
  }

  private static func server(
    _ values: FlagValues, _ url: Flag<String>, _ passwordFile: Flag<String?>
  ) throws(FlagError) -> ServerURL {
    try ServerFlags.server(
      values[url], of: values.name(of: url), password: try PushFlags.password(values, passwordFile),
      of: values.name(of: passwordFile))
  }

  private static func run(_ values: FlagValues) throws(FlagError) -> Int32 {
    let way = AlertWay(
      exporter: try server(values, exporter, exporterPassword),
      prometheus: try server(values, prometheus, prometheusPassword),
      alertmanager: try server(values, alertmanager, alertmanagerPassword),
      trust: TLSTrust(authorities: values[authorities], isBlind: values[isBlind]))
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
    // What was sent before is not this alert. It is counted as soon as Alertmanager says it: the alert comes there last.
    var before: [String: AlertWay.Sent]?
    for step in AlertWay.Step.allCases {
      let look = {
        if before == nil { before = try? way.sent() }
        return way.look(at: step, since: began, sentBefore: before)
      }
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
      case .refused(let reason, let advice):
        Console.error("stuck at \(step.rawValue): \(reason)\n\(advice)")
        return 1
      }
    }
    Console.print("Has it reached you? It ends by itself.")
    return 0
  }

  /// Looks once a second until it is done, or the time is over; what waiting does not mend ends it at once.
  private static func wait(_ seconds: Double, _ look: () -> AlertWay.Sight) -> AlertWay.Sight {
    let end = Clock.monotonicNanoseconds &+ Clock.nanoseconds(seconds)
    while true {
      let sight = look()
      switch sight {
      case .done, .refused: return sight
      case .waiting: break
      }
      guard Clock.monotonicNanoseconds < end else { return sight }
      sleep(1)
    }
  }

  private static func tell(_ step: String, _ detail: String) {
    Console.print("✓ \(step): \(detail)")
  }
}
