@testable import HTTP
import Monitoring
import Testing

@testable import HeartbeatTool

@Suite("A host seen through its exporter")
struct RemoteSourceTests {
  private static let metrics = """
    # HELP heartbeat_alive 1 if the last beat is younger than the timeout.
    heartbeat_alive{process="web"} 1
    heartbeat_alive{process="hung"} 0
    heartbeat_alive{process="gone"} 0
    heartbeat_alive{process="far"} 0
    heartbeat_alive{process="never"} 0
    heartbeat_alive 1
    heartbeat_age_seconds{process="web"} 2.5
    heartbeat_age_seconds{process="hung"} 100
    heartbeat_age_seconds{process="gone"} 200
    heartbeat_age_seconds{process="far"} 300
    heartbeat_status{process="web",status="serving"} 1
    heartbeat_pid{process="web"} 71
    heartbeat_pid{process="hung"} 1e300
    process_up{process="web"} 1
    process_up{process="hung"} 1
    process_up{process="gone"} 0
    process_start_time_seconds{process="web"} 940
    process_resident_memory_bytes{process="web"} 4096
    system_cpu_seconds_total{cpu="0",mode="user"} 30
    system_cpu_seconds_total{cpu="0",mode="idle"} 60
    system_cpu_seconds_total{cpu="0",mode="iowait"} 10
    system_memory_MemTotal_bytes 1000
    system_memory_MemAvailable_bytes 400
    system_filesystem_size_bytes{device="a",mountpoint="/"} 500
    system_filesystem_free_bytes{device="a",mountpoint="/"} 100
    system_filesystem_avail_bytes{device="a",mountpoint="/"} 100
    system_filesystem_size_bytes{device="b",mountpoint="/home"} 7
    system_filesystem_free_bytes{device="b",mountpoint="/home"} 7
    system_load1 1.5

    """

  private let server: ServerURL

  init() throws { server = try #require(ServerURL("http://a:9464")) }

  /// What is seen when the exporter answers this; the clock stands at 1000.
  private func look(_ text: String, status: Int = 200) -> HostView {
    var source = RemoteSource(server, clock: { 1000 }) { _, _ in
      HTTPClient.Answer(status: status, body: Array(text.utf8))
    }
    return source.look()
  }

  @Test(
    "one family of an exporter tells that it is one: who asks may let only that one through",
    arguments: [
      ("heartbeat_exporter_build_info{version=\"0.2.0\"} 1", true), ("heartbeat_file_up{file=\"a\"} 1", true),
      ("heartbeat_alive{process=\"web\"} 1", true),
      ("heartbeat_state{process=\"backup\",state=\"alive\",reason=\"job_succeeded\"} 1", true),
      ("# TYPE heartbeat_state gauge", false), ("heartbeat_states 1", false), ("process_up{process=\"web\"} 1", false),
      ("system_load1 1.5", false), ("<html>heartbeat_state</html>", false), ("", false),
    ])
  func recognised(_ text: String, isExporter: Bool) {
    #expect((look(text + "\n").failure == nil) == isExporter)
    #expect(ScrapedHost(Array(text.utf8)).isExporter == isExporter)
  }

  @Test("each program is as the exporter says, in its order")
  func programs() {
    let programs = look(Self.metrics).programs
    #expect(programs.map(\.name) == ["web", "hung", "gone", "far", "never"])
    #expect(programs.map(\.verdict.state) == [.alive, .hung, .dead, .dead, .never])
    #expect(programs.map(\.status) == ["serving", nil, nil, nil, nil])
    #expect(programs.map(\.pid) == [71, nil, nil, nil, nil], "what is no pid is none")
    #expect(programs.map(\.age) == [2.5, 100, 200, 300, nil])
    #expect(programs.map(\.lastBeat) == [997.5, 900, 800, 700, nil])
    #expect(programs.map(\.residentBytes) == [4096, nil, nil, nil, nil])
  }

  @Test("a program that started a minute ago has run for a minute")
  func runtime() {
    #expect(look(Self.metrics).programs.map(\.runtime) == [60, nil, nil, nil, nil])
  }

  @Test("the host's load is what the exporter says of it, of disks that of the root")
  func system() {
    let view = look(Self.metrics)
    #expect(view.name == "a:9464" && view.time == 1000 && view.failure == nil)
    #expect(
      view.system
        == SystemView(cpu: 0.3, memoryUsed: 600, memoryTotal: 1000, diskShare: 0.8, diskTotal: 500, load: 1.5))
    #expect(look("").system == SystemView() && look("").programs.isEmpty)
  }

  @Test("CPU time is that between two looks")
  func cpu() {
    let texts = ["user\"} 30", "user\"} 45"].map { Self.metrics.replacing("user\"} 30", with: $0) }
    var number = 0
    var shares: [Double?] = []
    var source = RemoteSource(server, clock: { 1000 }) { _, _ in
      HTTPClient.Answer(status: 200, body: Array(texts[number].utf8))
    }
    for index in 0..<2 {
      number = index
      shares.append(source.look().system.cpu)
    }
    #expect(shares == [0.3, 1])
  }

  @Test("an exporter that does not answer, or not with metrics, is said to have failed")
  func failures() {
    let refused = look(Self.metrics, status: 503)
    #expect(refused.failure == "answered with status 503" && refused.programs.isEmpty && refused.system == SystemView())
    var silent = RemoteSource(server, clock: { 1000 }) { (_, _) throws(NetworkError) in throw .notHTTP }
    let view = silent.look()
    #expect(view.failure == NetworkError.notHTTP.description && view.programs.isEmpty && view.time == 1000)
  }

  @Test(
    "an exporter that cannot say how its programs do has not answered; a file that is not there yet is an answer where there are programs",
    arguments: [
      ("{\"heartbeats\": [], \"file\": {\"up\": true}}", []),
      (
        "{\"heartbeats\": [], \"file\": {\"problem\": {\"reason\": \"syntax\", \"message\": \"bad\"}}}",
        ["a:9464: bad"]
      ),
      (
        "{\"heartbeats\": [], \"file\": {\"problem\": {\"reason\": \"missing\", \"message\": \"no file\"}}}",
        ["a:9464: no file"]
      ),
      (
        "{\"heartbeats\": [{\"name\": \"a\", \"state\": \"never\", \"reason\": \"never_seen\"}], "
          + "\"file\": {\"problem\": {\"reason\": \"missing\", \"message\": \"no file\"}}}", []
      ),
      (
        "{\"heartbeats\": [], \"problems\": [{\"process\": \"a\", \"reason\": \"bad_last_heartbeat\", \"byte\": 3}, "
          + "{\"process\": \"b\", \"reason\": \"bad_pid\"}]}",
        ["a:9464: \"a\" is left out"]
      ),
      ("<html>", ["a:9464: this is no heartbeat-exporter"]), ("up 1\n", ["a:9464: this is no heartbeat-exporter"]),
      ("heartbeat_file_up{file=\"f\"} 1\n", []),
      ("heartbeat_file_up{file=\"f\"} 0\n", ["a:9464: its heartbeat file cannot be read"]),
    ] as [(String, [String])])
  func unanswered(answer: String, sentences: [String]) {
    let unanswered = look(answer).unanswered
    #expect(
      unanswered.count == sentences.count && zip(unanswered, sentences).allSatisfy { $0.hasPrefix($1) },
      "\(unanswered)")
  }

  @Test(
    "the API is asked first, then the metrics, below whatever path the URL has",
    arguments: [
      ("http://a:9464", ["/api/v1/heartbeats", "/metrics"]), ("http://a:9464/", ["/api/v1/heartbeats", "/metrics"]),
      ("http://a/metrics", ["/api/v1/heartbeats", "/metrics"]), ("http://a/m", ["/m/api/v1/heartbeats", "/m"]),
      ("http://a/m/metrics?x=1", ["/m/api/v1/heartbeats", "/m/metrics?x=1"]),
    ])
  func paths(url: String, paths: [String]) throws {
    var asked: [String] = []
    var source = RemoteSource(try #require(ServerURL(url)), clock: { 1000 }) { endpoint, _ in
      asked.append(endpoint.path)
      return HTTPClient.Answer(status: 404, body: [])
    }
    _ = source.look()
    #expect(asked == paths)
  }

  @Test(
    "an exporter below a path is known by it too",
    arguments: [
      ("http://a:9464", "a:9464"), ("http://a:9464/metrics", "a:9464"), ("http://u@a:9464/", "a:9464"),
      ("http://a:9464/x", "a:9464/x"), ("http://a:9464/x/", "a:9464/x"),
      ("http://a:9464/x/y/metrics?k=1", "a:9464/x/y"),
    ])
  func names(url: String, name: String) throws {
    var source = RemoteSource(try #require(ServerURL(url)), clock: { 1000 }) { _, _ in
      HTTPClient.Answer(status: 404, body: [])
    }
    #expect(source.look().name == name)
  }

  @Test("files that an exporter does not read are told as it tells them")
  func filesLeftOut() {
    let text = """
      {"heartbeats": [], "problem_count": 3, "problems": [
        {"process": "", "reason": "too_many_files", "byte": null, "file": "/srv/*.json", "files": 7, "message": "-"},
        {"process": "a", "reason": "bad_pid", "byte": 5, "file": "/srv/a.json", "message": "-"}]}
      """
    let unanswered = look(text).unanswered
    #expect(
      unanswered.count == 2 && unanswered.first?.contains("7 files that match \"/srv/*.json\" are not read") == true)
    #expect(unanswered.last == "a:9464: 1 more are left out")
  }

  @Test("what the API says is shown as it is; what lacks a word that is known here is not")
  func api() {
    let heartbeats = """
      {"heartbeats": [
        {"name": "web", "state": "hung", "reason": "suspended", "display_name": "Web", "configured": true, "age_seconds": 90,
         "timeout_seconds": 60, "last_heartbeat": 910, "pid": 71, "up": true, "status": "busy", "host": null,
         "data": {"x": 1}, "process": {"start_time": 940, "resident_memory_bytes": 4096}},
        {"name": "odd", "state": "asleep", "reason": "beating"}, {"name": "odder", "state": "alive"}, 5
      ]}
      """
    let host = """
      {"load1": 1.5, "cpu_seconds": 100, "cpu_busy_seconds": 30, "memory_total_bytes": 1000, "memory_available_bytes": 400,
       "filesystems": [{"mountpoint": "/home", "size_bytes": 7, "used_ratio": 0.1},
                       {"mountpoint": "/", "size_bytes": 500, "used_ratio": 0.8}]}
      """
    var source = RemoteSource(server, clock: { 1000 }) { endpoint, _ in
      HTTPClient.Answer(status: 200, body: Array((endpoint.path.hasSuffix("host") ? host : heartbeats).utf8))
    }
    let view = source.look()
    #expect(
      view.programs == [
        ProgramView(
          name: "web", title: "Web", isConfigured: true, verdict: Verdict(.hung, .suspended), isUp: true,
          status: "busy",
          pid: 71, runtime: 60, lastBeat: 910, age: 90, timeout: 60, residentBytes: 4096, data: ["x": 1])
      ])
    #expect(
      view.leftOut == LeftOut(named: [], others: 3), "what a later version may mean is not passed over in silence")
    #expect(
      view.system == SystemView(cpu: 0.3, memoryUsed: 600, memoryTotal: 1000, diskShare: 0.8, diskTotal: 500, load: 1.5)
    )
  }

  @Test("what is said of a program is doubtful where its file cannot be read; of the others it is not")
  func doubtful() throws {
    func item(_ name: String, _ file: String, _ reason: String = "beating") -> String {
      """
      {"name": "\(name)", "state": "alive", "reason": "\(reason)", "file": \(file)}
      """
    }
    let problem = #""problem": {"reason": "torn", "message": "b: torn"}"#
    let items = [
      item("a", #""/a.json""#), item("b", #""/b.json""#), item("own", #""/d/own.json""#),
      item("new", "null", "never_seen"),
      item("gone", "null", "entry_vanished"), item("other", #""/dd.json""#),
    ]
    let text = """
      {"heartbeats": [\(items.joined(separator: ","))], "file": {"up": false, \(problem)},
       "files": [{"path": "/a.json", "up": true}, {"path": "/b.json", "up": false, \(problem)}, {"path": "/d", \(problem)}]}
      """
    let view = look(text)
    #expect(view.programs.map(\.isDoubtful) == [false, true, true, true, false, false])
    #expect(view.failure == "b: torn")
    // Who has not written yet can be seen to be missing.
    let missing = look(text.replacing("\"torn\"", with: "\"missing\""))
    #expect(missing.programs.map(\.isDoubtful) == [false, true, true, false, false, false])
    #expect(missing.failure == "b: torn" && missing.absence == nil)
  }

  @Test("says when a job is due, by the API and by its metrics alone")
  func jobs() {
    let heartbeats = """
      {"heartbeats": [
        {"name": "late", "state": "dead", "reason": "job_late", "job": {"next_due": 940}},
        {"name": "import", "state": "alive", "reason": "job_succeeded", "job": {"next_due": 11800}},
        {"name": "once", "state": "alive", "reason": "job_succeeded", "job": {"next_due": null}}
      ]}
      """
    let metrics = """
      heartbeat_file_up{file="f"} 1
      heartbeat_state{process="late",state="dead",reason="job_late"} 1
      heartbeat_state{process="import",state="alive",reason="job_succeeded"} 1
      heartbeat_state{process="once",state="alive",reason="job_succeeded"} 1
      heartbeat_job_next_due_timestamp_seconds{process="late"} 940
      heartbeat_job_next_due_timestamp_seconds{process="import"} 11800

      """
    for hasAPI in [true, false] {
      var source = RemoteSource(server, clock: { 1000 }) { endpoint, _ in
        if endpoint.path == "/metrics" { return HTTPClient.Answer(status: 200, body: Array(metrics.utf8)) }
        return HTTPClient.Answer(status: hasAPI ? 200 : 404, body: hasAPI ? Array(heartbeats.utf8) : [])
      }
      let programs = source.look().programs
      #expect(
        programs.map(\.detail) == [
          "it did not succeed in time, due for 1m 00s", "its last run succeeded, next due in 3h 00m",
          "its last run succeeded",
        ])
      #expect(programs.map(\.nextDue) == [940, 11_800, nil])
    }
  }

  @Test("no state is made up for one that only a later exporter knows")
  func laterStates() {
    let text = """
      heartbeat_file_up{file="f"} 1
      heartbeat_state{process="a",state="alive",reason="beating"} 1
      heartbeat_state{process="b",state="degraded",reason="half_of_it"} 1
      heartbeat_state{process="c",state="alive",reason="of_a_later_kind"} 1
      heartbeat_age_seconds{process="b"} 2

      """
    var source = RemoteSource(server, clock: { 1000 }) { endpoint, _ in
      HTTPClient.Answer(status: endpoint.path == "/metrics" ? 200 : 404, body: Array(text.utf8))
    }
    #expect(source.look().programs.map(\.name) == ["a"])
  }

  @Test("what an exporter says of the states itself counts")
  func stated() {
    let text = """
      heartbeat_alive{process="a"} 1
      heartbeat_age_seconds{process="a"} 2
      heartbeat_state{process="a",state="dead",reason="entry_vanished"} 1

      """
    #expect(look(text).programs.map(\.verdict) == [Verdict(.dead, .entryVanished)])
  }
}
