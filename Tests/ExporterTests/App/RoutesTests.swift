import Exposition
import POSIX
import Testing

@testable import Exporter
@testable import HTTP

@Suite("Routes")
struct RoutesTests {
  private let questions: Questions
  private let queue = ScrapeQueue(limit: 1)
  private let streams = EventStreams(limit: 1)

  init() throws { questions = try Questions() }

  private func routes(_ path: String = "/metrics", push: PushRoutes? = nil) -> Routes {
    Routes(
      telemetryPath: path, collectors: [.heartbeat, .process], queue: queue, push: push, streams: streams)
  }

  /// What is answered at once; nil when the answer is left to another thread.
  private func answer(
    _ method: Request.Method = .get, _ target: String, _ headers: [(String, String)] = [], by routes: Routes? = nil,
    through listener: String? = nil
  ) -> Response? {
    var request = Request(method, target, headers: Headers(headers))
    if let listener { request.listener = listener }
    let number = questions.statuses.count
    (routes ?? self.routes()).answer(request, questions.ask())
    return questions.answers(to: number).first
  }

  @Test(
    "a path leads to what it names, and to nothing else",
    arguments: [
      ("/metrics", .metrics, "/metrics"), ("/", .page(path: "/"), "/"),
      ("/assets/status.js", .page(path: "/assets/status.js"), "/assets/status.js"),
      ("/-/healthy", .healthy, "/-/healthy"),
      ("/-/ready", .ready, "/-/ready"), ("/api/v1/heartbeats", .heartbeats, "/api/v1/heartbeats"),
      ("/api/v1/heartbeats/a b%2Fc", .heartbeat(name: "a b/c"), "/api/v1/heartbeats"),
      ("/api/v1/heartbeats/a b/c", nil, "other"), ("/api/v1/heartbeats%2Fa", nil, "other"),
      ("/api/v1/heartbeats/%2F", .heartbeat(name: "/"), "/api/v1/heartbeats"),
      ("/api/v1/heartbeats/a%252F", .heartbeat(name: "a%2F"), "/api/v1/heartbeats"),
      ("/api/v1/heartbeats/a/start", .job(name: "a", word: .start), "/api/v1/heartbeats"),
      ("/api/v1/heartbeats/a%2Fstart", .heartbeat(name: "a/start"), "/api/v1/heartbeats"),
      ("/api/v1/heartbeats/a/begin", nil, "other"), ("/api/v1/heartbeats//start", nil, "other"),
      ("/api%2Fv1/host", nil, "other"), ("/-%2Fhealthy", nil, "other"),
      ("/api/v1/host", .host, "/api/v1/host"),
      ("/api/v1/events", .events, "/api/v1/events"), ("/api/v1/heartbeats/", nil, "other"), ("/metrics/", nil, "other"),
      ("", nil, "other"), ("/assets/", nil, "other"), ("/api/v1/heartbeatsx", nil, "other"), ("//", nil, "other"),
    ] as [(String, Routes.Route?, String)])
  func paths(path: String, route: Routes.Route?, handler: String) {
    #expect(routes().route(path) == route)
    #expect(routes().handlerName(path) == handler)
  }

  @Test("the metrics are where the flag says, and only there")
  func telemetryPath() {
    let routes = routes("/m")
    #expect(routes.route("/m") == .metrics && routes.route("/metrics") == nil && routes.handlerName("/m") == "/m")
    #expect(answer(.get, "/x", by: routes)?.text == "not found; the metrics are at /m\n")
  }

  @Test(
    "only GET and HEAD are taken, whatever is there; the others are told so in the form of the place",
    arguments: ["/metrics", "/", "/-/healthy", "/api/v1/host", "/api/v1/events"],
    [.post, .put, .delete, .patch, .trace] as [Request.Method])
  func methods(path: String, method: Request.Method) throws {
    let refused = try #require(answer(method, path))
    #expect(refused.status == 405 && refused.header("Allow") == "GET, HEAD, OPTIONS")
    #expect((refused.header("Content-Type") == "application/json") == path.hasPrefix("/api/"))
    #expect(refused.text.contains("\(method.rawValue) is not allowed here"))
  }

  @Test(
    "OPTIONS and a method that is wrong tell all methods that are right, those that push only where pushing is on",
    arguments: [
      ("/metrics", "GET, HEAD", "GET, HEAD"), ("/api/v1/host", "GET, HEAD", "GET, HEAD"),
      ("/api/v1/heartbeats", "GET, HEAD, POST", "GET, HEAD"),
      ("/api/v1/heartbeats/a", "GET, HEAD, POST, PUT, DELETE", "GET, HEAD"),
      ("/api/v1/heartbeats/a/success", "POST", ""),
    ])
  func allow(path: String, withPushes: String, without: String) throws {
    var options = ExporterOptions.Push()
    options.isOnWeb = true
    let pushes = PushRoutes(options: options, procfs: "/proc", queue: PushQueue(limit: 1, timeout: 5))
    for (methods, routes) in [(withPushes, routes(push: pushes)), (without, routes())] {
      let all = methods.isEmpty ? "OPTIONS" : methods + ", OPTIONS"
      let options = try #require(answer(.options, path, by: routes))
      #expect(options.status == 204 && options.header("Allow") == all)
      let refused = try #require(answer(.patch, path, by: routes))
      #expect(refused.status == 405 && refused.header("Allow") == all)
      #expect(refused.text.contains("; use \(methods.hasPrefix("GET") ? "GET" : "POST")"))
    }
  }

  @Test(
    "the head alone tells what has no chance, and lets through what may have one",
    arguments: [
      (.post, "/api/v2/heartbeats/a", "application/json", nil, 404), (.post, "/metrics", "application/json", nil, 405),
      (.post, "/api/v1/heartbeats/a", "text/plain", nil, 415), (.post, "/api/v1/heartbeats/a", nil, nil, 415),
      (.post, "/api/v1/heartbeats/a/start", "text/plain", nil, 415),
      (.post, "/api/v1/heartbeats/a", "application/json", "br", 415),
      (.put, "/api/v1/heartbeats/%ff", "application/json", nil, 422),
      (.put, "/api/v1/heartbeats/heartbeat-exporter", "application/json", nil, 422),
      (.post, "/api/v1/heartbeats/heartbeat-exporter/start", "application/json", nil, 422),
      (.post, "/api/v1/heartbeats/" + String(repeating: "x", count: 1025), "application/json", nil, 422),
      (.post, "/api/v1/heartbeats/a/fail?exit_code=x", "application/json", nil, 422),
      (.post, "/api/v1/heartbeats/a/start?exit_code=1", "application/json", nil, 422),
      (.post, "/api/v1/heartbeats/a/fail?exit_code=1", "application/json", nil, nil),
      (.delete, "/api/v1/heartbeats/heartbeat-exporter", nil, nil, nil),
      (.post, "/api/v1/heartbeats", "application/json", nil, nil),
      (.put, "/api/v1/heartbeats/a", "application/json", "gzip", nil),
    ] as [(Request.Method, String, String?, String?, Int?)])
  func refusalByHead(method: Request.Method, target: String, type: String?, coding: String?, status: Int?) {
    var options = ExporterOptions.Push()
    options.isOnWeb = true
    let pushes = PushQueue(limit: 1, timeout: 5)
    let routes = routes(push: PushRoutes(options: options, procfs: "/proc", queue: pushes))
    let headers = [("Content-Type", type), ("Content-Encoding", coding)].compactMap { name, value in
      value.map { (name, $0) }
    }
    let request = Request(method, target, headers: Headers(headers))
    #expect(routes.refusal(request, hasBody: true)?.status == status)
    #expect(pushes.count == 0)
  }

  @Test(
    "what is not there is not found, in the form of the place",
    arguments: ["/x", "/api/v1/x", "/api", "/api/"], [.get, .post] as [Request.Method])
  func notFound(path: String, method: Request.Method) throws {
    let missing = try #require(answer(method, path))
    #expect(missing.status == 404)
    #expect((missing.header("Content-Type") == "application/json") == path.hasPrefix("/api/"))
  }

  @Test("health and the page are answered at once, HEAD like GET", arguments: [.get, .head] as [Request.Method])
  func atOnce(method: Request.Method) {
    #expect(answer(method, "/-/healthy")?.text == "heartbeat-exporter is healthy\n")
    #expect(answer(method, "/-/ready")?.text == "heartbeat-exporter is ready\n")
    #expect(answer(method, "/")?.header("Content-Type") == "text/html; charset=utf-8")
  }

  @Test("a scrape is left to its thread, with what it asked for")
  func scrape() throws {
    let accept = "application/openmetrics-text;version=1.0.0;escaping=dots"
    #expect(
      answer(.get, "/metrics?collect[]=process", [("Accept", accept), ("Accept-Encoding", "gzip")]) == nil)
    guard case .scrapes(let requests)? = queue.next(), let request = requests.first else { throw Unexpected() }
    #expect(request.selection.names == [.process] && request.coding == .gzip)
    #expect(request.style == ExpositionStyle(.openMetrics1_0_0, .dots))
    request.responder.send(.text(200, "metrics"))
    #expect(questions.statuses == [200])
  }

  @Test("a question of the API is left to the same thread, with what its client knows")
  func question() throws {
    #expect(answer(.get, "/api/v1/heartbeats/a%20b", [("If-None-Match", "\"x\"")]) == nil)
    guard case .status(let requests)? = queue.next(), let request = requests.first,
      case .heartbeat(let name) = request.subject
    else {
      throw Unexpected()
    }
    #expect(name == "a b" && request.knownTag == "\"x\"" && request.coding == .identity && request.responder != nil)
    queue.finished()
    #expect(answer(.head, "/api/v1/heartbeats") == nil)
    guard case .status(let all)? = queue.next(), case .heartbeats? = all.first?.subject else { throw Unexpected() }
    queue.finished()
    #expect(answer(.get, "/api/v1/host", [("Accept-Encoding", "gzip")]) == nil)
    guard case .status(let host)? = queue.next(), case .host? = host.first?.subject else { throw Unexpected() }
    #expect(host.first?.coding == .gzip)
  }

  @Test("what the thread has no room for is refused, to come again", arguments: ["/metrics", "/api/v1/heartbeats"])
  func busy(path: String) throws {
    #expect(answer(.get, path) == nil)
    let refused = try #require(answer(.get, path))
    #expect(refused.status == 503 && refused.header("Retry-After") == "1")
    #expect((refused.header("Content-Type") == "application/json") == path.hasPrefix("/api/"))
  }

  @Test(
    "who takes neither gzip nor the text as it is gets nothing", arguments: ["/metrics", "/api/v1/heartbeats"])
  func coding(path: String) {
    #expect(answer(.get, path, [("Accept-Encoding", "br, identity;q=0, *;q=0")])?.status == 406)
  }

  @Test("a query that names no collector, or one that is off, is told so")
  func query() {
    #expect(answer(.get, "/metrics?collect[]=hart")?.text.contains("did you mean") != true)
    #expect(answer(.get, "/metrics?collect[]=proces")?.text.contains("did you mean process?") == true)
    #expect(answer(.get, "/metrics?exclude[]=system")?.status == 400)
  }

  @Test("the page's news have room for so many and no more")
  func events() {
    #expect(answer(.get, "/api/v1/events")?.header("Content-Type") == "text/event-stream")
    #expect(answer(.get, "/api/v1/events")?.status == 503)
  }

  @Test(
    "the page's news come in the coding that is asked for",
    arguments: [("gzip", 200, "gzip"), ("identity", 200, nil), ("br", 200, nil), ("gzip;q=0, identity;q=0", 406, nil)]
      as [(String, Int, String?)])
  func codedEvents(wanted: String, status: Int, coding: String?) {
    let response = answer(.get, "/api/v1/events", [("Accept-Encoding", wanted)])
    #expect(response?.status == status && response?.header("Content-Encoding") == coding)
  }

  @Test("on the socket for pushes there is what pushing needs, and nothing of the host")
  func pushSocket() {
    for path in ["/metrics", "/", "/assets/status.js", "/api/v1/host", "/api/v1/events"] {
      #expect(answer(.get, path, through: PushRoutes.listener)?.status == 404, "\(path)")
    }
    for path in ["/-/healthy", "/-/ready"] {
      #expect(answer(.get, path, through: PushRoutes.listener)?.status == 200, "\(path)")
    }
    #expect(answer(.get, "/api/v1/heartbeats", through: PushRoutes.listener) == nil)
  }

  @Test("a push is told that pushing is off, or goes to where pushes are taken")
  func push() throws {
    let off = try #require(answer(.post, "/api/v1/heartbeats/a"))
    #expect(off.status == 403 && off.text.contains("pushing is off"))
    var options = ExporterOptions.Push()
    options.isOnWeb = true
    let pushes = PushQueue(limit: 1, timeout: 5)
    let routes = routes(push: PushRoutes(options: options, procfs: "/proc", queue: pushes))
    #expect(answer(.post, "/api/v1/heartbeats/a", by: routes) == nil)
    #expect(pushes.count == 1)
    #expect(answer(.get, "/api/v1/heartbeats/a", by: routes) == nil)
    guard case .status? = queue.next() else { throw Unexpected() }
    #expect(answer(.post, "/metrics", by: routes)?.status == 405)
  }

  private struct Unexpected: Error {}

  @Test("a scrape that has been waiting for more than 10 s shows in the health")
  func health() throws {
    let time = Lock<UInt64>(0)
    let queue = ScrapeQueue(limit: 1) { time.withLock { $0 } }
    let routes = Routes(telemetryPath: "/metrics", collectors: [.heartbeat], queue: queue, push: nil, streams: streams)
    #expect(answer(.get, "/metrics", by: routes) == nil)
    time.withLock { $0 = 9_000_000_000 }
    #expect(answer(.get, "/-/healthy", by: routes)?.status == 200)
    time.withLock { $0 = 12_000_000_000 }
    let sick = try #require(answer(.get, "/-/healthy", by: routes))
    #expect(sick.status == 503 && sick.text.contains("a scrape has been waiting for 12 s"))
    #expect(answer(.get, "/-/ready", by: routes)?.status == 200)
  }
}
