import Glibc
import Heartbeat
import POSIX
import Testing

@testable import Exporter
@testable import HTTP

/// What becomes of a push before anything is written.
@Suite("The ways of a push")
struct PushRoutesTests {
  private let questions: Questions
  private let queue = PushQueue(limit: 100, timeout: 5)
  private var options = ExporterOptions.Push()

  init() throws {
    questions = try Questions()
    options.isOnWeb = true
  }

  private struct Push {
    var method = Request.Method.post
    var path = "/api/v1/heartbeats/a"
    var headers: [(String, String)] = [("Host", "localhost"), ("Content-Type", "application/json")]
    var body = "{}"
    var peer: [UInt8] = [127, 0, 0, 1]
    var listener = ListenSocket.web
    var credentials: PeerCredentials?
  }

  /// The answer at once, or the task that is left to the writer.
  private func push(
    _ push: Push, procfs: String = "/proc", _ options: ExporterOptions.Push? = nil
  ) -> (answer: Response?, task: PushQueue.Task?) {
    let routes = PushRoutes(options: options ?? self.options, procfs: procfs, queue: queue)
    var request = Request(push.method, push.path, headers: Headers(push.headers), body: Array(push.body.utf8))
    request.peer = SocketAddress(bytes: push.peer, port: 1)
    request.listener = push.listener
    request.credentials = push.credentials
    do throws(APIError) {
      try routes.check(request, hasBody: !request.body.isEmpty)
    } catch {
      return (error.response, nil)
    }
    let number = questions.statuses.count
    routes.answer(request, questions.ask())
    let jobs = queue.takeReadable()
    if let answer = questions.answers(to: number).first { return (answer, nil) }
    #expect(jobs.count == 1)
    return (nil, jobs.first?.task)
  }

  private func beats(_ push: Push, procfs: String = "/proc") -> [Beat]? {
    if case .beats(let beats)? = self.push(push, procfs: procfs).task { beats } else { nil }
  }

  private func status(_ push: Push) -> Int? { self.push(push).answer?.status }

  @Test("one beat, a batch, and what is to be forgotten go to the writer")
  func tasks() {
    let one = beats(Push(body: #"{"pid": 7, "status": "busy"}"#))
    #expect(one?.map(\.name) == ["a"] && one?.first?.pid == 7 && one?.first?.status == "busy")
    #expect(beats(Push(method: .put))?.map(\.name) == ["a"])
    let batch = Push(path: "/api/v1/heartbeats", body: #"{"heartbeats": [{"name": "x"}, {"name": "y"}]}"#)
    #expect(beats(batch)?.map(\.name) == ["x", "y"])
    guard case .forget("a b/ü")? = push(Push(method: .delete, path: "/api/v1/heartbeats/a%20b%2F%C3%BC")).task else {
      Issue.record("expected the name to be forgotten")
      return
    }
  }

  @Test("a beat over the network is of the host that it comes from, one over loopback or a Unix socket of this one")
  func hosts() {
    #expect(beats(Push())?.first?.host == nil)
    #expect(beats(Push(peer: [192, 0, 2, 7]))?.first?.host == "192.0.2.7")
    #expect(beats(Push(body: #"{"host": "h"}"#, peer: [192, 0, 2, 7]))?.first?.host == "h")
  }

  @Test("a pid through the socket is that of the peer's namespace, unless the beat is another host's or /proc is")
  func pids() {
    let own = PeerCredentials(pid: getpid(), user: getuid())
    let hidden = PeerCredentials(pid: 0, user: 0)
    let body = #"{"pid": 7}"#
    #expect(beats(Push(body: body, credentials: own))?.first?.pid == 7)
    #expect(beats(Push(body: body, credentials: hidden))?.first.map(\.pid) == .some(nil))
    #expect(beats(Push(body: #"{"pid": 7, "host": "h"}"#, credentials: hidden))?.first?.pid == 7)
    #expect(beats(Push(body: body, credentials: hidden), procfs: "/host/proc")?.first?.pid == 7)
  }

  @Test(
    "however many beats with pids a push through the socket has, /proc is read as often as for one",
    arguments: [("NSpid:\t500\n", true), ("NSpid:\t500\t40\n", false)])
  func pidsOfMany(names: String, isHere: Bool) throws {
    let read = Lock(0)
    let routes = PushRoutes(options: options, procfs: "/proc", queue: queue) { _ in
      read.withLock { $0 += 1 }
      return PeerProcess.Names(parsing: Array("PPid:\t1\n\(names)".utf8))
    }
    func pids(_ beats: String) throws -> [Int32?] {
      var request = Request(.post, "/api/v1/heartbeats", body: Array("{\"heartbeats\": [\(beats)]}".utf8))
      request.credentials = PeerCredentials(pid: 500, user: 0)
      let pids = routes.pids(of: request)
      guard case .beats(let beats) = try routes.task(request, request.body, pids, at: Clock.realtime) else { return [] }
      return beats.map(\.pid)
    }
    let many = try pids((0..<5_000).map { "{\"name\": \"a\($0)\", \"pid\": \(1 + $0)}" }.joined(separator: ","))
    #expect(many.count == 5_000 && many[39] == (isHere ? 40 : 500) && many[40] == (isHere ? 41 : nil))
    #expect((1...PeerProcess.generations).contains(read.withLock { $0 }))
    #expect(try pids(#"{"name": "a"}, {"name": "b", "pid": 7, "host": "h"}"#) == [nil, 7])
    #expect(
      try pids(#"{"name": "b", "pid": 7, "host": "h"}, {"name": "c", "pid": 40}, {"name": "d"}"#) == [
        7, isHere ? 40 : 500, nil,
      ])
  }

  @Test("pushing is off on the web without its flag, and always on at its socket")
  func off() {
    var off = options
    off.isOnWeb = false
    #expect(push(Push(), off).answer?.status == 403)
    #expect(push(Push(listener: PushRoutes.listener), off).answer == nil)
  }

  @Test("another site's page may not push, nor a browser that asks for a name that could be one's")
  func browsers() {
    let json = ("Content-Type", "application/json")
    #expect(status(Push(headers: [json, ("Host", "localhost"), ("Sec-Fetch-Site", "cross-site")])) == 403)
    #expect(status(Push(headers: [json, ("Host", "rebound.example"), ("Sec-Fetch-Site", "same-origin")])) == 403)
    #expect(status(Push(headers: [json, ("Host", "localhost"), ("Sec-Fetch-Site", "same-origin")])) == nil)
    #expect(status(Push(headers: [json, ("Host", "rebound.example")])) == nil, "no browser at all")
    #expect(status(Push(headers: [json, ("Sec-Fetch-Site", "same-origin")])) == 403, "no Host at all")
  }

  @Test("what is sent is JSON as it is, or nothing")
  func types() {
    for (headers, body, expected) in [
      ([("Content-Type", "application/json; charset=utf-8")], "{}", nil),
      ([("Content-Type", "Application/JSON")], "{}", nil), ([], "", nil), ([], "{}", 415),
      ([("Content-Type", "text/plain")], "{}", 415), ([("Content-Type", "text/plain")], "", 415),
      ([("Content-Type", "application/json"), ("Content-Encoding", "gzip")], "{}", 400),
      ([("Content-Type", "application/json"), ("Content-Encoding", "br")], "{}", 415),
      ([("Content-Type", "application/json"), ("Content-Encoding", "Identity")], "{}", nil),
      ([("Content-Type", "application/json"), ("Content-Encoding", "")], "{}", nil),
      ([("Content-Type", "application/json"), ("Content-Encoding", "identity, ,")], "{}", nil),
      ([("Content-Type", "application/json"), ("Content-Encoding", "identity, br")], "{}", 415),
      ([("Content-Type", "application/json"), ("Content-Encoding", "g zip")], "{}", 415),
      ([("Content-Encoding", "br")], "", nil),
    ] as [([(String, String)], String, Int?)] {
      #expect(status(Push(headers: headers, body: body)) == expected, "\(headers) \(body)")
    }
  }

  @Test("a body that is not taken is told what would be: a coding or a type, and never both")
  func alternatives() {
    let json = ("Content-Type", "application/json")
    let coding = push(Push(headers: [json, ("Content-Encoding", "br")])).answer
    #expect(coding?.status == 415 && coding?.header("Accept-Encoding") == "gzip" && coding?.header("Accept") == nil)
    for headers in [[], [("Content-Type", "text/plain")]] {
      let type = push(Push(headers: headers)).answer
      #expect(type?.status == 415 && type?.header("Accept") == "application/json")
      #expect(type?.header("Accept-Encoding") == nil)
    }
  }

  @Test("what is to be forgotten is named by the path, whatever is said of a body")
  func forgetting() {
    for (headers, body) in [([("Content-Encoding", "br")], ""), ([("Content-Encoding", "gzip")], "{}")] {
      #expect(status(Push(method: .delete, headers: headers, body: body)) == nil)
    }
  }

  @Test("nothing is changed on a condition, and no part of a beat is one")
  func conditions() {
    let json = ("Content-Type", "application/json")
    for method in [Request.Method.put, .post, .delete] {
      for field in [("If-Match", "\"zzz\""), ("If-Match", "*"), ("If-None-Match", "*"), ("If-None-Match", "W/\"1\"")] {
        #expect(status(Push(method: method, headers: [json, field])) == 412, "\(method) \(field)")
      }
      // There is no time of change that it could speak of (RFC 9110 section 13.1.4).
      #expect(status(Push(method: method, headers: [json, ("If-Unmodified-Since", "x")])) == nil)
    }
    #expect(status(Push(path: "/api/v1/heartbeats/a/start", headers: [("If-None-Match", "*")], body: "")) == 412)
    #expect(status(Push(headers: [("If-Match", "*")])) == 415, "without the condition, it would not be done either")
    for method in [Request.Method.put, .post] {
      #expect(status(Push(method: method, headers: [json, ("Content-Range", "bytes 0-1/2")])) == 400)
    }
  }

  @Test("a name that stands for several is none, wherever it stands")
  func brokenNames() {
    for name in [#"\ud800"#, #"a\udfffb"#, "\u{FFFD}"] {
      let batch = push(Push(path: "/api/v1/heartbeats", body: "{\"heartbeats\": [{\"name\": \"\(name)\"}]}")).answer
      #expect(batch?.status == 422)
      #expect(batch.map { String(decoding: $0.body, as: UTF8.self) }?.contains("heartbeats[0].name") == true)
    }
    for path in ["%FF", "%ED%A0%80", "%EF%BF%BD", "%FF/start"] {
      #expect(status(Push(path: "/api/v1/heartbeats/" + path)) == 422, "\(path)")
    }
    #expect(beats(Push(path: "/api/v1/heartbeats", body: #"{"heartbeats": [{"name": "\ud83d\ude00"}]}"#)) != nil)
  }

  @Test("a name is one part of the path, in UTF-8, and not nothing")
  func names() {
    for (path, expected) in [
      ("/api/v1/heartbeats/a/b", 404), ("/api/v1/heartbeats/", 404), ("/api/v1/heartbeats/%FF", 422),
    ] { #expect(status(Push(path: path)) == expected, "\(path)") }
  }

  @Test("a body that gzip packed is unpacked, within the bound of a body")
  func packed() throws {
    func push(_ body: [UInt8], coding: String = "gzip", maxBody: Int = 1 << 20) throws -> (Response?, [Beat]?) {
      var options = options
      options.maxBody = maxBody
      let routes = PushRoutes(options: options, procfs: "/proc", queue: queue)
      let headers = Headers([("Content-Type", "application/json"), ("Content-Encoding", coding)])
      let request = Request(.post, "/api/v1/heartbeats/a", headers: headers, body: body)
      do throws(APIError) {
        try routes.check(request, hasBody: true)
      } catch {
        return (error.response, nil)
      }
      let number = questions.statuses.count
      routes.answer(request, questions.ask())
      let jobs = queue.takeReadable()
      if let answer = questions.answers(to: number).first { return (answer, nil) }
      guard case .beats(let beats)? = jobs.first?.task else { return (nil, nil) }
      return (nil, beats)
    }
    let packed = try #require(Gzip.compress(Array(#"{"status": "busy"}"#.utf8), level: 6))
    #expect(try push(packed).1?.first?.status == "busy")
    #expect(try push(packed, coding: "X-GZip").1?.first?.status == "busy")
    #expect(try push(Array("{}".utf8)).0?.status == 400)
    #expect(try push(Array(packed.dropLast(9))).0?.status == 400)
    #expect(try push(packed, coding: "br").0?.status == 415)
    #expect(try push(packed, coding: "gzip, gzip").0?.status == 415)
    let large = try #require(
      Gzip.compress([UInt8](repeating: UInt8(ascii: " "), count: 5_000) + Array("{}".utf8), level: 9))
    #expect(large.count < 100)
    #expect(try push(large, maxBody: 5_001).0?.status == 413)
    #expect(try push(large, maxBody: 5_002).1?.count == 1)
  }

  @Test("what a beat leaves open is of the moment in which it came: its time, and what its client's pid means")
  func moment() throws {
    let isGone = Lock(false)
    let routes = PushRoutes(options: options, procfs: "/proc", queue: queue) { _ in
      isGone.withLock { $0 } ? nil : PeerProcess.Names(parsing: Array("PPid:\t1\nNSpid:\t500\t40\n".utf8))
    }
    var request = Request(
      .post, "/api/v1/heartbeats/a", headers: Headers([("Content-Type", "application/json")]),
      body: Array(#"{"pid": 40}"#.utf8))
    request.credentials = PeerCredentials(pid: 500, user: 0)
    routes.answer(request, questions.ask())
    let came = Clock.realtime
    isGone.withLock { $0 = true }
    while Clock.realtime == came {}
    guard case .beats(let beats)? = queue.takeReadable().first?.task else {
      Issue.record("expected a beat")
      return
    }
    #expect(beats.first?.pid == 500)
    #expect(beats.first?.time.map { $0 <= came } == true)
  }

  @Test("more than the rate in a second is told to wait, and a full queue too")
  func limits() throws {
    var few = options
    few.rateLimit = 2
    let routes = PushRoutes(options: few, procfs: "/proc", queue: queue)
    let request = Request(.delete, "/api/v1/heartbeats/a")
    for _ in 0..<3 { routes.answer(request, questions.ask()) }
    #expect(questions.statuses.first == .some(nil) && questions.statuses.last == 429)
    let small = PushRoutes(options: options, procfs: "/proc", queue: PushQueue(limit: 0, timeout: 5))
    let number = questions.statuses.count
    small.answer(request, questions.ask())
    let refused = try #require(questions.answers(to: number).first)
    #expect(refused.status == 503 && refused.header("Retry-After") == "1")
  }

  @Test(
    "the paths of heartbeats are one and what is below it",
    arguments: [
      ("/api/v1/heartbeats", true), ("/api/v1/heartbeats/", true), ("/api/v1/heartbeats/a", true),
      ("/api/v1/heartbeatsx", false), ("/api/v1", false),
    ])
  func paths(path: String, expected: Bool) {
    #expect(APIPath.isHeartbeats(path) == expected)
  }

  @Test(
    "a path is about all heartbeats, one, or what happened to a job",
    arguments: [
      ("", .all), ("/a", .one("a")), ("/a%2Fb", .one("a/b")), ("/start", .one("start")),
      ("/a/start", .job("a", .start)), ("/a%2Fb/success", .job("a/b", .success)), ("/fail/fail", .job("fail", .fail)),
      ("x", nil), ("/", nil), ("//start", nil), ("/a/", nil), ("/a/stop", nil), ("/a/Start", nil), ("/a/start/", nil),
      ("/a/start/now", nil),
    ] as [(String, APIPath.Target?)])
  func targets(below: String, expected: APIPath.Target?) {
    #expect(APIPath.target("/api/v1/heartbeats" + below) == expected)
  }

  @Test(
    "what begins otherwise is about no heartbeat, whatever follows",
    arguments: ["/api/v1/host", "/api/v1/heart", "/API/v1/heartbeats/a"])
  func elsewhere(path: String) {
    #expect(APIPath.target(path) == nil)
  }

  @Test(
    "who asks for what is about no heartbeat is told what is missing, a name or less behind it",
    arguments: [
      ("/", true), ("//start", true), ("//", true), ("", false), ("/a/", false), ("/a/stop", false), ("/a//", false),
    ])
  func expectations(below: String, isNameMissing: Bool) {
    let told = APIPath.expectation("/api/v1/heartbeats" + below)
    #expect(told.hasPrefix(isNameMissing ? "expected the name of a process" : "expected one name, and behind it"))
  }

  @Test("all methods but those that read change something")
  func changes() {
    let reading = Request.Method.allCases.filter { !APIPath.changes($0) }
    #expect(reading == [.get, .head, .options])
  }
}
