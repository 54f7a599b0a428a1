import Exposition
import Heartbeat
import JSON
import POSIX
import Testing

@testable import Exporter
@testable import HTTP

/// What anybody may send: names, keys and words in any spelling, of any length.
@Suite("Texts from outside")
struct ForeignTextTests {
  /// Accents without a letter between them, 200 kB: more than most of it may have, so that to compare them once by `==` would take minutes.
  private static let accents =
    String(repeating: "\u{344}", count: 50_000) + String(repeating: "\u{316}", count: 50_000)
  private static let encoded = String(repeating: "%CD%84", count: 50_000) + String(repeating: "%CC%96", count: 50_000)

  private let questions: Questions
  private let queue = ScrapeQueue(limit: 16)

  init() throws { questions = try Questions() }

  private func routes(takesPushes: Bool = false) -> Routes {
    var options = ExporterOptions.Push()
    options.isOnWeb = takesPushes
    let push = PushRoutes(options: options, procfs: "/proc", queue: PushQueue(limit: 16, timeout: 5))
    return Routes(
      telemetryPath: "/metrics", collectors: [.heartbeat], queue: queue, push: push, streams: EventStreams(limit: 1))
  }

  // MARK: Paths

  @Test(
    "a process whose name begins with an accent has a path",
    arguments: [
      ("%CC%81zz", "\u{301}zz"), ("%E0%A5%87x", "\u{947}x"), ("%E2%80%8Dx", "\u{200D}x"), ("a%CC%81", "a\u{301}"),
      ("%EF%B8%8F", "\u{FE0F}"),
    ])
  func accentFirst(segment: String, name: String) throws {
    let path = "/api/v1/heartbeats/\(segment)"
    for method in [Request.Method.get, .post, .put, .delete] {
      #expect(routes(takesPushes: true).refusal(Request(method, path), hasBody: false) == nil, "\(method)")
    }
    guard case .heartbeat(let found)? = routes().route(Request(.get, path).path) else {
      Issue.record("no route")
      return
    }
    #expect(found.utf8.elementsEqual(name.utf8))
    guard case .job(let job, .start)? = routes().route(Request(.post, path + "/start").path) else {
      Issue.record("no route to its runs")
      return
    }
    #expect(job.utf8.elementsEqual(name.utf8))
    #expect(routes().route(Request(.post, path + "/%CC%81start").path) == nil)
  }

  @Test(
    "a path of accents leads where it says, and costs its length", .timeLimit(.minutes(4)),
    arguments: [
      ("/", "other"), ("/-/", "other"), ("/metrics", "other"), ("/api/", "other"), ("/api/v1/heartbeats", "other"),
      ("/api/v1/heartbeats/", "/api/v1/heartbeats"), ("/api/v1/heartbeats/x/", "other"), ("/assets/", "other"),
    ])
  func longPath(start: String, handler: String) {
    let request = Request(.get, start + Self.encoded)
    #expect(routes().handlerName(request.path) == handler)
    #expect((routes().refusal(request, hasBody: false) == nil) == (handler != "other"))
  }

  // MARK: Headers

  @Test(
    "a header of accents means nothing, and costs its length", .timeLimit(.minutes(4)),
    arguments: [
      "Accept /metrics", "Accept-Encoding /metrics", "If-None-Match /", "Accept-Encoding /", "Authorization /",
      "Content-Encoding /",
    ], ["", "W/\"", "text/plain;", "Basic "])
  func header(of place: String, start: String) {
    let words = place.split(separator: " ").map(String.init)
    let request = Request(.get, words[1], headers: Headers([(words[0], start + Self.accents)]))
    let number = questions.statuses.count
    routes().answer(request, questions.ask())
    #expect(questions.answers(to: number).allSatisfy { $0.status == 200 })
    #expect(ExpositionStyle.negotiate(accept: request.header("Accept")) == .plain)
    #expect(BasicCredentials(request) == nil)
  }

  @Test("a push with headers of accents is refused, and costs their length", .timeLimit(.minutes(4)))
  func pushHeaders() {
    for (name, status) in [("Content-Type", 415), ("Content-Encoding", 415), ("Origin", 403), ("Sec-Fetch-Site", 403)] {
      var headers = [("Content-Type", "application/json"), ("Host", "localhost")]
      headers.removeAll { $0.0 == name }
      headers.append((name, Self.accents))
      let request = Request(.post, "/api/v1/heartbeats", headers: Headers(headers), body: Array("{}".utf8))
      let response = routes(takesPushes: true).refusal(request, hasBody: true)
      #expect(response?.status == status, "\(name)")
      #expect((response?.bodyLength ?? 0) < 400, "\(name)")
    }
  }

  @Test("a query of accents is refused or without meaning, and costs its length", .timeLimit(.minutes(4)))
  func query() throws {
    _ = try CollectorSelection(query: [(Self.accents, Self.accents)], enabled: [.heartbeat])
    #expect(throws: CollectorSelection.Invalid.self) {
      try CollectorSelection(query: [("collect[]", Self.accents)], enabled: [.heartbeat])
    }
    #expect(throws: APIError.self) { try PushBody.exitCode([(Self.accents, "1")], .fail) }
  }

  // MARK: Users

  @Test("two users whose names look the same are two, each with a password of his own")
  func users() throws {
    let hashes = [
      "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
      "$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK",
    ]
    let text = "basic_auth_users:\n  \"\u{E9}\": \(hashes[0])\n  \"e\u{301}\": \(hashes[1])\n"
    let users = try WebConfigurationFile.parse(Array(text.utf8), file: "web.yml").users
    #expect(users.count == 2)
    let check = PasswordCheck()
    check.setUsers(users)
    func isRight(_ user: String, _ password: String) -> Bool {
      let credentials = BasicCredentials(user: user, password: Array(password.utf8))
      return check.verify(credentials) && check.isKnown(credentials)
    }
    #expect(isRight("\u{E9}", "U*U") && isRight("e\u{301}", "U*U*"))
    #expect(!isRight("\u{E9}", "U*U*") && !isRight("e\u{301}", "U*U"))
    check.setUsers(users.filter { $0.key == "\u{E9}" })
    #expect(isRight("\u{E9}", "U*U") && !isRight("e\u{301}", "U*U*"))
  }

  @Test("a user of accents is nobody, and costs his length", .timeLimit(.minutes(4)))
  func longUser() throws {
    let check = PasswordCheck()
    check.setUsers([
      "alice": try PasswordHash("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
      "\u{344}\u{316}": try PasswordHash("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    ])
    let nobody = BasicCredentials(user: Self.accents, password: Array("U*U".utf8))
    #expect(!check.isKnown(nobody) && !check.verify(nobody))
  }

  // MARK: Bodies

  private let defaults = PushBody.Defaults(now: 1_800_000_000, host: nil, retention: 0)

  @Test(
    "a body of accents is refused in a short sentence, and costs its length", .timeLimit(.minutes(4)),
    arguments: [
      "{\"K\":1}", "{\"status\":\"K\"}", "{\"host\":\"K\"}", "{\"name\":\"K\"}", "{\"interval\":\"K\"}", "[\"K\"]",
    ])
  func body(text: String) throws {
    let body = Array(text.utf8).split(separator: UInt8(ascii: "K"), omittingEmptySubsequences: false)
      .joined(separator: Array(Self.accents.utf8))
    let error = try #require(throws: APIError.self) { try PushBody.beat("a", Array(body), defaults) }
    #expect(error.status == 422 && error.message.utf8.count < 300)
    #expect(throws: APIError.self) { try PushBody.batch(Array(body), defaults) }
  }

  @Test("a job's body and a name of accents are refused in a short sentence", .timeLimit(.minutes(4)))
  func jobBody() throws {
    let body = Array("{\"\(Self.accents)\":1}".utf8)
    let error = try #require(throws: APIError.self) { try PushBody.job("a", .start, query: [], body, defaults) }
    #expect(error.status == 422 && error.message.utf8.count < 300)
    #expect(throws: APIError.self) { try PushBody.checkName(Self.accents) }
  }

  @Test("a beat's own data may have any key, which costs its length", .timeLimit(.minutes(4)))
  func data() throws {
    let body = Array(
      "{\"additional_data\":{\"\(Self.accents)\":1,\"\u{E9}\":1,\"e\u{301}\":2,\"status\":\"busy\"},\"merge\":true}"
        .utf8)
    let beat = try PushBody.beat("a", body, defaults)
    #expect(beat.status == "busy" && beat.additionalData?.count == 3 && beat.additionalData?["e\u{301}"] == 2)
    let merged = beat.following(beat)
    #expect(merged.additionalData?.count == 3)
  }
}
