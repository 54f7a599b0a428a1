internal import Flags
internal import Heartbeat
internal import JSON
internal import Monitoring
internal import POSIX

/// What `heartbeat check` says of one file.
struct CheckReport {
  private let path: String
  private let layout: SourceLayout?
  private let zone: String?
  private let problem: HeartbeatFileProblem?
  private let processes: [SourceSet.Shown]
  private let leftOut: [SourceRecognition.LeftOut]
  private let settings: MonitoringSettings
  /// The timeouts that the configuration gives, by name.
  private let configured: [ExactText: Double]

  init(_ file: SourceReader, in sources: SourceSet, _ configuration: Configuration = Configuration()) {
    settings = MonitoringSettings(timeout: HeartbeatEntry.defaultTimeout.inSeconds, hostname: [])
    configured = Dictionary(
      configuration.processes.compactMap { process in process.timeout.map { (ExactText(process.name), $0) } },
      uniquingKeysWith: { first, _ in first })
    path = file.path
    layout = file.layout
    zone = file.explanation?.zone
    problem = file.lastProblem
    processes = sources.processes(of: file)
    leftOut = file.leftOut
  }

  /// Whether at least one process comes of it, and nothing is left out.
  var isWhole: Bool { problem == nil && !processes.isEmpty && leftOut.isEmpty }

  /// The age from which a process is silent, and whether the interval that it declares leaves little room in it; nil where it declares none.
  private func timeout(of process: SourceSet.Shown) -> (seconds: Double, isTight: Bool?) {
    let seconds = settings.timeout(
      configured: configured[ExactText(process.name)], source: process.timeout, declaredInterval: process.interval)
    return (seconds, process.interval.map { MonitoredProcess.isTight(interval: $0, timeout: seconds) })
  }

  var json: JSONValue {
    var object: JSONObject = [
      "file": .string(path), "layout": layout.map { .string($0.rawValue) } ?? .null, "ok": .bool(isWhole),
      "zone": zone.map { .string($0) } ?? .null,
    ]
    if let problem {
      object["problem"] = ["reason": .string(problem.failure.rawValue), "message": .string(problem.description)]
    }
    object["processes"] = .array(
      processes.map { process in
        let timeout = timeout(of: process)
        return [
          "name": .string(process.name), "last_heartbeat": process.time.map { .number($0) } ?? .null,
          "where": .string(process.place), "why": .string(process.rule),
          "pid": process.pid.map { .integer(Int64(widening: $0)) } ?? .null,
          "status": process.status.map { .string($0) } ?? .null,
          "interval": process.interval.map { .number($0) } ?? .null, "timeout": .number(timeout.seconds),
          "timeout_tight": timeout.isTight.map { .bool($0) } ?? .null,
          "host": process.host.map { .string($0) } ?? .null,
          "numbers": .object(
            JSONObject(process.numbers.map { JSONObject.Member(key: $0.key, value: .number($0.value)) })),
        ]
      })
    object["left_out"] = .array(leftOut.map { ["where": .string($0.place), "reason": .string($0.reason)] })
    return .object(object)
  }

  /// The same for people.
  func lines(at now: Double, style: Style = .forStandardOutput) -> [String] {
    var head = path
    if let layout { head += ": " + Self.words(layout) }
    if let zone { head += "; times without a zone are in \(zone == "local" ? "local time" : zone)" }
    var lines = [head]
    if !processes.isEmpty {
      let table = TextTable(
        columns: [
          .init("NAME", .left, canShrink: true), .init("AGE", .right), .init("STATUS", .left, canShrink: true),
          .init("PID", .right),
          .init("NUMBERS", .right), .init("BEAT", .left, canShrink: true),
        ],
        rows: processes.map { process in
          [
            .init(process.name, .strong), .init(process.time.map { HeartbeatTool.seconds(now - $0) } ?? "never"),
            .init(process.status ?? "-"), .init(process.pid.map { "\($0)" } ?? "-", .faint),
            .init("\(process.numbers.count)"),
            .init("\(process.place): \(process.rule)", .faint),
          ]
        })
      let indentation = "  "
      lines += table.lines(width: style.width - indentation.count, style: style).map { indentation + $0 }
    }
    for process in processes {
      let timeout = timeout(of: process)
      guard let interval = process.interval, timeout.isTight == true else { continue }
      lines.append(
        "  tight: \(process.name) beats every \(HeartbeatTool.seconds(interval)), its timeout is "
          + "\(HeartbeatTool.seconds(timeout.seconds)): a little delay makes it silent, expected a timeout of three intervals"
      )
    }
    if let problem { lines.append("  \(problem.failure.rawValue): \(problem.description)") }
    for part in leftOut { lines.append("  left out: \(part.place): \(part.reason)") }
    return lines
  }

  private static func words(_ layout: SourceLayout) -> String {
    switch layout {
    case .ours: "a heartbeat file of our own layout"
    case .folder: "a folder with a file for each process"
    case .single: "one object, one process"
    case .map: "an object of processes"
    case .list: "a list of processes"
    case .lines: "a file that grows; its last line counts"
    case .text: "a text with a time"
    case .touched: "a file whose time of change is the beat"
    }
  }
}
