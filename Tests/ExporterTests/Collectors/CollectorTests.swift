import Exposition
import Foundation
import Heartbeat
import Monitoring
import Testing

@testable import Exporter

/// The text that a collector writes for some processes.
struct Collected {
  var collector: HeartbeatCollector
  var monitored: MonitoredProcesses
  var text: String

  init(
    _ processes: String, configured: [ProcessConfiguration] = [], retention: Double = 0, perProcess: Int = 1000,
    total: Int = 200_000, strings: Set<String> = [], limits: ScrapeLimits = ScrapeLimits(),
    in style: ExpositionStyle = .plain, at now: Double = 1000
  ) throws {
    let snapshot = try HeartbeatSnapshot(
      parsing: Array("{\"processes\": {\(processes)}}".utf8), stringKeys: strings)
    monitored = MonitoredProcesses(
      MonitoringSettings(timeout: 60, retention: retention, hostname: Array("here".utf8)) {
        Labels.append("process", $0.span, to: &$1, separated: false)
      })
    monitored.join(snapshot, configured: configured, modified: { _ in nil }, at: now)
    for place in monitored.processes.indices { monitored.judge(place, .unknown, at: now) }
    collector = HeartbeatCollector(
      seriesPerProcess: perProcess, series: total, showsStrings: !strings.isEmpty, limits: limits)
    collector.update(
      monitored, snapshot: snapshot, skipped: snapshot.skipped, keepsProcesses: false, isNewContent: true)
    var body = ScrapeBody()
    body.removeAll(style)
    collector.collect(
      monitored, snapshot: snapshot, sources: SourceSet([SourceSettings(path: "/nonexistent")]), at: now, into: &body)
    text = String(decoding: body.identity().inOnePiece(), as: UTF8.self)
  }

  /// The samples of a family, without its comments.
  func samples(_ family: String) -> [String] {
    text.split(separator: "\n").map(String.init).filter { $0.hasPrefix(family + "{") || $0.hasPrefix(family + " ") }
  }
}

@Suite("The heartbeat collector")
struct HeartbeatCollectorTests {
  @Test(
    "a process is alive from five seconds ahead up to its timeout",
    arguments: [(1000.0, "0", 1), (940.001, "59.999", 1), (940, "60", 0), (1005, "-5", 1), (1005.001, "-5.001", 0)])
  func alive(last: Double, age: String, alive: Int) throws {
    let collected = try Collected("\"a\": {\"last_heartbeat\": \(last)}")
    #expect(collected.samples("heartbeat_age_seconds") == ["heartbeat_age_seconds{process=\"a\"} \(age)"])
    #expect(collected.samples("heartbeat_alive") == ["heartbeat_alive{process=\"a\"} \(alive)"])
  }

  @Test("a job's runs are told, and when it is due; what is not known of them has no sample")
  func jobs() throws {
    var plan = ProcessConfiguration(name: "backup")
    plan.job = JobPlan(.every(600))
    let runs = #""started": 900, "ended": 960, "last_success": 800, "exit_code": 3, "runs": 7, "failures": 2"#
    let collected = try Collected(
      #""backup": {"last_heartbeat": 960, "job": {\#(runs)}}, "a": {"last_heartbeat": 999}"#, configured: [plan])
    let values = [
      ("last_success_timestamp_seconds", "800"), ("last_start_timestamp_seconds", "900"),
      ("last_end_timestamp_seconds", "960"), ("next_due_timestamp_seconds", "1400"), ("last_exit_code", "3"),
      ("runs_total", "7"), ("failures_total", "2"),
    ]
    for (name, value) in values {
      #expect(collected.samples("heartbeat_job_" + name) == ["heartbeat_job_\(name){process=\"backup\"} \(value)"])
    }
    #expect(collected.samples("heartbeat_job_last_duration_seconds").isEmpty)
  }

  @Test("a configured process has its own timeout, and is there before it ever beats")
  func configured() throws {
    let collected = try Collected(
      #""a": {"last_heartbeat": 900}"#,
      configured: [ProcessConfiguration(name: "never"), ProcessConfiguration(name: "a", timeout: 120)])
    #expect(
      collected.samples("heartbeat_timeout_seconds") == [
        #"heartbeat_timeout_seconds{process="a"} 120"#, #"heartbeat_timeout_seconds{process="never"} 60"#,
      ])
    #expect(
      collected.samples("heartbeat_alive") == [
        #"heartbeat_alive{process="a"} 1"#, #"heartbeat_alive{process="never"} 0"#,
      ])
    #expect(collected.samples("heartbeat_age_seconds").count == 1)
  }

  @Test("names, status words and strings are escaped")
  func escaping() throws {
    let collected = try Collected(
      #""a\"\\\n{}": {"last_heartbeat": 1, "status": "x\"y", "port": "5\n2"}"#, strings: ["port"])
    #expect(
      collected.samples("heartbeat_status") == [#"heartbeat_status{process="a\"\\\n{}",status="x\"y"} 1"#])
    #expect(
      collected.samples("heartbeat_data_info")
        == [#"heartbeat_data_info{process="a\"\\\n{}",key="port",value="5\n2"} 1"#])
  }

  @Test("beats older than the retention are not shown, those of configured processes are")
  func retention() throws {
    let file = #""old": {"last_heartbeat": 100}, "new": {"last_heartbeat": 900}, "kept": {"last_heartbeat": 100}"#
    let collected = try Collected(file, configured: [ProcessConfiguration(name: "kept")], retention: 500)
    #expect(collected.samples("heartbeat_age_seconds").map { $0.contains("\"old\"") } == [false, false])
    #expect(collected.samples("heartbeat_file_expired_entries") == ["heartbeat_file_expired_entries 1"])
    #expect(collected.monitored.hold(at: 1399.99) && !collected.monitored.hold(at: 1400.01))
    #expect(collected.monitored.hold(at: 600.01) && !collected.monitored.hold(at: 599.99), "the clock steps back")
    #expect(try Collected(file).samples("heartbeat_age_seconds").count == 3)
    let atOnce = try Collected(#""a": {"last_heartbeat": 500}"#, retention: 500)
    #expect(!atOnce.monitored.hold(at: 999.9) && !atOnce.monitored.hold(at: 1000.1), "it was looked at as it expired")
  }

  @Test("a beat that names another host is remote")
  func remote() throws {
    let collected = try Collected(
      """
      "far": {"last_heartbeat": 1, "pid": 5, "host": "there"}, "near": {"last_heartbeat": 1, "pid": 5, "host": "here"}
      """)
    #expect(collected.monitored.processes.map(\.isRemote) == [true, false])
    #expect(collected.monitored.processes.map(\.pid) == [nil, 5])
    #expect(collected.samples("heartbeat_pid").count == 2)
  }
}

@Suite("The families of the processes' own data")
struct DataFamiliesTests {
  private func process(_ name: String, _ data: String) -> String {
    "\"\(name)\": {\"last_heartbeat\": 1, \"additional_data\": {\(data)}}"
  }

  @Test("families are sorted by name, their series stand in the order of the file")
  func order() throws {
    let collected = try Collected(process("b", "\"z\": 1, \"a\": 2") + "," + process("a", "\"a\": 3, \"z\": 4"))
    let lines = collected.text.split(separator: "\n").filter { $0.hasPrefix("heartbeat_data") }
    #expect(
      lines == [
        #"heartbeat_data_a{process="b"} 2"#, #"heartbeat_data_a{process="a"} 3"#,
        #"heartbeat_data_z{process="b"} 1"#, #"heartbeat_data_z{process="a"} 4"#,
      ])
    #expect(collected.text.contains("# HELP heartbeat_data_a a of"))
  }

  @Test("of keys that map to one name the first of each process counts")
  func sameName() throws {
    let collected = try Collected(
      process("a", "\"heapUsed\": 1, \"heap_used\": 2") + "," + process("b", "\"heap_used\": 3"))
    #expect(
      collected.samples("heartbeat_data_heap_used") == [
        #"heartbeat_data_heap_used{process="a"} 1"#, #"heartbeat_data_heap_used{process="b"} 3"#,
      ])
    #expect(
      collected.samples("heartbeat_series_dropped_total").contains(
        #"heartbeat_series_dropped_total{reason="duplicate_name"} 1"#))
  }

  @Test("the text of all series is bounded too: a long name stands in each of them")
  func textBound() throws {
    var limits = ScrapeLimits()
    limits.seriesBytes = 100
    let keys = (0..<50).map { "\"k\($0)\": 1" }.joined(separator: ",")
    for (length, isWhole) in [(1, true), (1_000, false)] {
      let name = String(repeating: "n", count: length)
      let collected = try Collected(process(name, keys), total: 200, limits: limits)
      let data = collected.text.split(separator: "\n").filter { $0.contains("heartbeat_data_") }
      let samples = data.filter { $0.hasPrefix("heartbeat_data_") }
      #expect(data.reduce(0) { $0 + $1.utf8.count } <= 200 * limits.seriesBytes)
      #expect((samples.count == 50) == isWhole && !samples.isEmpty)
      #expect(
        collected.samples("heartbeat_series_dropped_total").contains(
          "heartbeat_series_dropped_total{reason=\"total_limit\"} \(50 - samples.count)"))
    }
  }

  @Test(
    "what is held back is counted by its reason",
    arguments: [
      ("\"info\": 1, \"x\": 2", 1, "reserved_name", 1),
      ("\"\(String(repeating: "k", count: 185))\": 1", 1, "name_too_long", 0),
      ("\"\(String(repeating: "k", count: 186))\": 1", 0, "name_too_long", 1),
      ("\"a\": 1, \"b\": 2, \"c\": 3, \"d\": 4, \"e\": 5", 3, "process_limit", 2),
    ])
  func heldBack(data: String, shown: Int, reason: String, count: Int) throws {
    let collected = try Collected(process("p", data), perProcess: 3)
    #expect(collected.text.split(separator: "\n").filter { $0.hasPrefix("heartbeat_data_") }.count == shown)
    #expect(
      collected.samples("heartbeat_series_dropped_total").contains(
        "heartbeat_series_dropped_total{reason=\"\(reason)\"} \(count)"))
  }

  @Test("all processes together stay within the total", arguments: [0, 1, 3, 4, 5])
  func total(limit: Int) throws {
    let collected = try Collected(
      process("a", "\"x\": 1, \"y\": 2") + "," + process("b", "\"x\": 3, \"y\": 4"), total: limit)
    #expect(collected.text.split(separator: "\n").filter { $0.hasPrefix("heartbeat_data_") }.count == min(limit, 4))
    #expect(
      collected.samples("heartbeat_series_dropped_total").contains(
        "heartbeat_series_dropped_total{reason=\"total_limit\"} \(max(0, 4 - limit))"))
  }
}

@Suite("The query of a scrape")
struct CollectorSelectionTests {
  private let all = Set(CollectorName.allCases)

  @Test(
    "collect[] chooses, exclude[] leaves out, anything else means nothing",
    arguments: [
      ([], ["heartbeat", "process", "system"]), ([("collect[]", "process")], ["process"]),
      ([("collect[]", "process"), ("collect[]", "system")], ["process", "system"]),
      ([("exclude[]", "process")], ["heartbeat", "system"]), ([("x", "y")], ["heartbeat", "process", "system"]),
    ] as [([(String, String)], Set<String>)])
  func good(query: [(String, String)], expected: Set<String>) throws {
    let names = try CollectorSelection(query: query, enabled: all).names
    #expect(Set(names.map(\.rawValue)) == expected)
  }

  @Test(
    "unknown names and both together are refused",
    arguments: [
      ([("collect[]", "cpu")], "unknown collector"), ([("exclude[]", "")], "unknown collector"),
      ([("collect[]", "process"), ("exclude[]", "system")], "cannot be combined"),
      ([("collect[]", "heartbeat")], "switched off"),
    ] as [([(String, String)], String)])
  func bad(query: [(String, String)], words: String) {
    let error = #expect(throws: CollectorSelection.Invalid.self) {
      try CollectorSelection(query: query, enabled: [.process, .system])
    }
    #expect(error?.description.contains(words) == true)
  }
}
