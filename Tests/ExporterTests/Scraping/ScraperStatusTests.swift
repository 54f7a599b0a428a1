import Foundation
import HTTP
import Monitoring
import POSIX
import Testing

@testable import Exporter

@Suite("Answers of the API")
struct ScraperStatusTests {
  private let folder: TemporaryFolder
  private let questions: Questions

  init() throws {
    folder = try TemporaryFolder()
    questions = try Questions()
  }

  private func scraper(_ text: String) throws -> Scraper {
    try folder.write("heartbeat_status.json", text)
    var options = ExporterOptions()
    options.heartbeat.files = [folder.file("heartbeat_status.json")]
    return Scraper(
      options: options, configuration: Configuration(processes: [ProcessConfiguration(name: "never")]),
      requests: RequestCounts(handler: "/metrics"), push: nil, logger: .silent)
  }

  private func ask(
    _ scraper: inout Scraper, _ subject: StatusRequest.Subject, coding: ContentCoding = .identity,
    knownTag: String? = nil, at now: Double = 1000
  ) throws -> Response {
    let number = questions.statuses.count
    let request = StatusRequest(subject: subject, coding: coding, knownTag: knownTag, responder: questions.ask())
    scraper.answer([request], at: now)
    return try #require(questions.answers(to: number).first)
  }

  private func object(_ response: Response) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
  }

  private static let file = #"{"processes": {"a": {"last_heartbeat": 990}, "b": {"last_heartbeat": 1, "x": 2}}}"#

  @Test("all heartbeats come with the file's state, what is configured among them, and a tag")
  func list() throws {
    var scraper = try scraper(Self.file)
    let answer = try ask(&scraper, .heartbeats)
    #expect(answer.status == 200 && answer.header("Content-Type") == "application/json")
    #expect(answer.header("Cache-Control") == "no-cache" && answer.header("Vary") == "Accept-Encoding")
    #expect(answer.header("ETag")?.hasPrefix("W/\"") == true)
    let object = try object(answer)
    #expect(object["generated"] as? Double == 1000)
    #expect((object["file"] as? [String: Any])?["up"] as? Bool == true)
    let processes = try #require(object["heartbeats"] as? [[String: Any]])
    #expect(processes.map { $0["name"] as? String } == ["a", "b", "never"])
    #expect(processes.map { $0["state"] as? String } == ["alive", "dead", "never"])
  }

  @Test(
    "a silence is shown beside the state, which stays what it is, until it ends by itself; so is one of nobody known")
  func silences() throws {
    let file = #"{"processes": {"a": {"last_heartbeat": 990}, "b": {"last_heartbeat": 1}}, "silences": "#
    var scraper = try scraper(
      file
        + #"{"b": {"until": 1100, "comment": "a new disk", "created_by": "alice"}, "new": {"until": 1100}, "far": {"until": 1e9}}}"#
    )
    let before = try object(try ask(&scraper, .heartbeats))
    let shown = try #require(before["heartbeats"] as? [[String: Any]])
    #expect(shown.map { $0["state"] as? String } == ["alive", "dead", "never"])
    #expect((before["summary"] as? [String: Any])?["dead"] as? Int == 1)
    #expect(shown[0]["silenced"] is NSNull)
    let silence = try #require(shown[1]["silenced"] as? [String: Any])
    #expect(silence["until"] as? Double == 1100 && silence["comment"] as? String == "a new disk")
    #expect(silence["created_by"] as? String == "alice")
    let all = try #require(before["silences"] as? [[String: Any]])
    #expect(all.map { $0["process"] as? String } == ["b", "new"] && all[1]["comment"] is NSNull)
    let tag = try ask(&scraper, .heartbeats, at: 1099.9).header("ETag")
    let after = try ask(&scraper, .heartbeats, knownTag: tag, at: 1100)
    #expect(after.status == 200, "that it ended is news")
    #expect((try object(after)["silences"] as? [Any])?.isEmpty == true)
  }

  @Test("what is left out of the file is named, and is news for who knows the tag")
  func problems() throws {
    var scraper = try scraper(#"{"processes": {"a": {"last_heartbeat": 990}, "b": {"last_heartbeat": 990, "pid": 1}}}"#)
    let before = try ask(&scraper, .heartbeats)
    #expect((try object(before)["problems"] as? [Any])?.isEmpty == true)
    try folder.write(
      "heartbeat_status.json", #"{"processes": {"a": {"last_heartbeat": 990}, "b": {"last_heartbeat": 990, "pid": 0}}}"#
    )
    let after = try ask(&scraper, .heartbeats, knownTag: before.header("ETag"))
    #expect(after.status == 200)
    let problems = try #require(try object(after)["problems"] as? [[String: Any]])
    #expect(problems.count == 1 && problems[0]["process"] as? String == "b" && problems[0]["byte"] as? Int == 81)
    #expect(problems[0]["reason"] as? String == "bad_pid")
    #expect((problems[0]["message"] as? String)?.hasPrefix("a part of \"b\" is left out: pid ") == true)
  }

  @Test("the log names what is left out once, whatever else changes")
  func loggedOnce() throws {
    let lines = Lock<[String]>([])
    let logger = Logger(sink: { line in lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } })
    var options = ExporterOptions()
    options.heartbeat.files[0] = folder.file("heartbeat_status.json")
    var scraper = Scraper(
      options: options, configuration: Configuration(), requests: RequestCounts(handler: "/metrics"), push: nil,
      logger: logger)
    for time in 1...3 {
      try folder.write(
        "heartbeat_status.json", #"{"processes": {"a\n": 1, "b": {"last_heartbeat": "# + "\(time)}}}")
      scraper.refresh(at: 1000)
    }
    let told = lines.withLock { $0 }.filter { $0.contains("left out") }
    #expect(told.count == 1)
    #expect(
      told.first?.contains(#"msg="a heartbeat is left out" process="a\n" reason=not_an_object"#) == true, "\(told)")
  }

  @Test("who knows the tag gets nothing new, until something is")
  func tags() throws {
    var scraper = try scraper(Self.file)
    let tag = try #require(try ask(&scraper, .heartbeats).header("ETag"))
    let same = try ask(&scraper, .heartbeats, knownTag: tag)
    #expect(same.status == 304 && same.body.isEmpty && same.header("ETag") == tag)
    #expect(try ask(&scraper, .heartbeats, knownTag: "\"other\"").status == 200)
    #expect(try ask(&scraper, .heartbeats, knownTag: tag, at: 2000).status == 200, "a has died meanwhile")
  }

  @Test("who ask the same at one moment get one text, which is compressed once, and who knows it gets none")
  func together() throws {
    let many = (0..<200).map { "\"process\($0)\": {\"last_heartbeat\": 990}" }.joined(separator: ",")
    var scraper = try scraper("{\"processes\": {\(many)}}")
    let tag = try ask(&scraper, .heartbeats, coding: .gzip).header("ETag")
    let before = scraper.gzip.compressedBytes
    let requests = [nil, tag, nil, nil].map {
      StatusRequest(subject: .heartbeats, coding: .gzip, knownTag: $0, responder: nil)
    }
    let responses = scraper.responses(to: requests, at: 1000)
    #expect(responses.map(\.status) == [200, 304, 200, 200])
    #expect(responses[0].body == responses[2].body && responses[2].body == responses[3].body)
    let compressed = scraper.gzip.compressedBytes
    #expect(compressed == 2 * before, "as much as for one of them")
  }

  @Test("the pid is the one of the process that was found, where the file tells none, or that of one that is gone")
  func foundPid() throws {
    for (path, text) in [
      ("stat", "cpu0 1 2 3 4\nbtime 900\n"), ("7/stat", "7 (x) S 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 500 0 1 0\n"),
      ("7/status", "Tgid:\t7\n"), ("7/cmdline", "program\0number7\0"), ("1/cmdline", "init\0"),
    ] { try folder.write("proc/" + path, text) }
    try folder.write(
      "heartbeat_status.json",
      #"{"processes": {"told": {"last_heartbeat": 990, "pid": 7}, "untold": {"last_heartbeat": 990}, "gone": {"last_heartbeat": 990, "pid": 9}}}"#
    )
    var options = ExporterOptions()
    options.heartbeat.files = [folder.file("heartbeat_status.json")]
    (options.paths.procfs, options.paths.rootfs) = (folder.file("proc"), folder.path)
    let configured = ["untold", "gone"].map { ProcessConfiguration(name: $0, match: .substrings(["number7"])) }
    var scraper = Scraper(
      options: options, configuration: Configuration(processes: configured),
      requests: RequestCounts(handler: "/metrics"), push: nil, logger: .silent)
    for (name, pid) in [("told", 7), ("untold", 7), ("gone", 7)] {
      #expect(try object(try ask(&scraper, .heartbeat(name: name)))["pid"] as? Int == pid, "\(name)")
    }
  }

  @Test("a process that beats tells the time between its last beats, a job does not: its runs are no beats")
  func intervals() throws {
    func file(_ time: Int) -> String {
      """
      {"processes": {"a": {"last_heartbeat": \(time)}, "backup": {"last_heartbeat": \(time), "status": "succeeded",
        "job": {"started": \(time - 5), "ended": \(time), "exit_code": 0, "last_success": \(time)}}}}
      """
    }
    var scraper = try scraper(file(950))
    _ = try ask(&scraper, .heartbeats, at: 955)
    try folder.write("heartbeat_status.json", file(980))
    for (name, interval, isTight) in [("a", 30, false), ("backup", nil, nil)] as [(String, Double?, Bool?)] {
      let shown = try object(try ask(&scraper, .heartbeat(name: name), at: 985))
      #expect(shown["last_heartbeat"] as? Double == 980)
      #expect(shown["interval_seconds"] as? Double == interval && shown["timeout_tight"] as? Bool == isTight, "\(name)")
    }
  }

  @Test("a file some of whose processes another one has told before names them, any other file does not")
  func namesTaken() throws {
    try folder.write("other.json", Self.file.replacing("\"b\"", with: "\"c\""))
    try folder.write("heartbeat_status.json", Self.file)
    var options = ExporterOptions()
    options.heartbeat.files = ["heartbeat_status.json", "other.json"].map(folder.file)
    var scraper = Scraper(
      options: options, configuration: Configuration(), requests: RequestCounts(handler: "/metrics"), push: nil,
      logger: .silent)
    let files = try #require(try object(try ask(&scraper, .heartbeats))["files"] as? [[String: Any]])
    #expect(files.map { $0["names_taken"] as? [String] } == [nil, ["a"]])
  }

  @Test("files of a pattern that are not read are a problem, one for each pattern: nobody knows how their processes do")
  func filesLeftOut() throws {
    for name in ["a", "b", "c"] { try folder.write("bots/\(name).json", #"{"ts": 950}"#) }
    var options = ExporterOptions()
    options.heartbeat.files = ["bots/*.json", "none/*.json"].map(folder.file)
    func status(most: Int) throws -> [String: Any] {
      options.heartbeat.maxFiles = most
      var scraper = Scraper(
        options: options, configuration: Configuration(), requests: RequestCounts(handler: "/metrics"), push: nil,
        logger: .silent)
      return try object(try ask(&scraper, .heartbeats))
    }
    let few = try status(most: 2)
    let problems = try #require(few["problems"] as? [[String: Any]])
    #expect(problems.count == 1 && few["problem_count"] as? Int == 1)
    #expect(problems.first?["reason"] as? String == "too_many_files" && problems.first?["process"] as? String == "")
    #expect(problems.first?["file"] as? String == folder.file("bots/*.json") && problems.first?["files"] as? Int == 1)
    let message = problems.first?["message"] as? String ?? ""
    #expect(message.hasPrefix("1 file that matches ") && message.contains("--heartbeat.max-files"))
    let all = try status(most: 3)
    #expect((all["problems"] as? [Any])?.isEmpty == true && all["problem_count"] as? Int == 0)
  }

  @Test("one heartbeat comes by itself, an unknown one is not found")
  func one() throws {
    var scraper = try scraper(Self.file)
    for name in ["a", "b", "never"] {
      #expect(try object(try ask(&scraper, .heartbeat(name: name)))["name"] as? String == name)
    }
    #expect(try ask(&scraper, .heartbeat(name: "c")).status == 404)
    #expect(try ask(&scraper, .heartbeat(name: "a")).header("ETag") != nil)
  }

  @Test("a file that is bad is said to be, with what was last good")
  func problem() throws {
    var scraper = try scraper(Self.file)
    _ = try ask(&scraper, .heartbeats)
    try folder.write("heartbeat_status.json", "{\"processes\": []}")
    let object = try object(try ask(&scraper, .heartbeats))
    let file = try #require(object["file"] as? [String: Any])
    #expect(file["up"] as? Bool == false)
    #expect((file["problem"] as? [String: Any])?["reason"] as? String == "wrong_shape")
    #expect((object["heartbeats"] as? [Any])?.count == 3)
  }

  @Test("the host is told without a tag, as it changes all the time")
  func host() throws {
    var scraper = try scraper(Self.file)
    let answer = try ask(&scraper, .host)
    #expect(answer.status == 200 && answer.header("ETag") == nil)
    #expect(try !object(answer).isEmpty)
  }

  @Test("a large answer is compressed for who wants it, a small one is not worth it")
  func compression() throws {
    let many = (0..<200).map { "\"process\($0)\": {\"last_heartbeat\": 990}" }.joined(separator: ",")
    var scraper = try scraper("{\"processes\": {\(many)}}")
    #expect(try ask(&scraper, .heartbeats).header("Content-Encoding") == nil)
    let compressed = try ask(&scraper, .heartbeats, coding: .gzip)
    #expect(compressed.header("Content-Encoding") == "gzip" && compressed.body.starts(with: [0x1f, 0x8b]))
    #expect(try ask(&scraper, .heartbeat(name: "process1"), coding: .gzip).header("Content-Encoding") == nil)
  }

  @Test("those who watch get all of it as one event")
  func watchers() throws {
    var scraper = try scraper(Self.file)
    let streams = EventStreams(limit: 1)
    #expect(streams.add(questions.ask()))
    scraper.answer(
      [StatusRequest(subject: .watchers(streams), coding: .identity, knownTag: nil, responder: nil)], at: 1000)
    let event = String(decoding: try #require(questions.pieces(of: 0).first), as: UTF8.self)
    let data = try #require(event.split(separator: "data: ").last)
    let picture = try #require(try JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any])
    #expect(((picture["status"] as? [String: Any])?["heartbeats"] as? [Any])?.count == 3)
    #expect((picture["host"] as? [String: Any])?.isEmpty == false)
  }
}
