import Foundation
import POSIX
import Testing

@testable import Exporter
@testable import HTTP

/// The door with a clock that stands still until the test moves it; what is served says so.
private final class Door {
  let questions: Questions
  let log = LogLines()
  let access: WebPolicy
  private let time = Lock<UInt64>(1)

  /// - Parameter text: the web configuration file.
  init(_ text: String) throws {
    questions = try Questions()
    let time = time
    access = WebPolicy(logger: log.logger(), clock: { time.withLock { $0 } })
    try use(text)
  }

  deinit { access.close() }

  func use(_ text: String) throws {
    let configuration = try WebConfigurationFile.parse(Array(text.utf8), file: "web.yml")
    access.use(WebConfigurationFile(configuration: configuration, tls: nil, warnings: [], files: []))
  }

  func pass(seconds: UInt64) { time.withLock { $0 += seconds * 1_000_000_000 } }

  /// Knocks, and gives the number of the question.
  @discardableResult
  func knock(
    _ path: String = "/metrics", as credentials: String? = nil, from host: UInt8 = 1, through listener: String? = nil,
    network: [UInt8] = [192, 0, 2], client: ClientPresence = ClientPresence()
  ) -> Int {
    var request = Request(.get, path, headers: Headers(credentials.map { [("Authorization", "Basic " + $0)] } ?? []))
    request.peer = SocketAddress(bytes: network + [host], port: 1)
    if let listener { request.listener = listener }
    let number = questions.asked
    access.answer(request, questions.ask(client)) { request, responder in responder.send(.text(200, "served")) }
    return number
  }

  func answer(_ path: String = "/metrics", as credentials: String? = nil, from host: UInt8 = 1) throws -> Response {
    try #require(questions.answer(to: knock(path, as: credentials, from: host)))
  }

  /// From one of many addresses.
  func answer(as credentials: String, fromNumber number: Int) throws -> Response {
    let network = [10, UInt8(number >> 16 & 0xff), UInt8(number >> 8 & 0xff)]
    return try #require(
      questions.answer(to: knock(as: credentials, from: UInt8(number & 0xff), network: network)))
  }
}

@Suite("The door")
struct WebPolicyTests {
  /// `alice` has the password `U*U`; the hash is one of cost 4.
  private static let users = """
    basic_auth_users:
      alice: $2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW

    """
  private static let right = "YWxpY2U6VSpV"
  private static let wrong = "YWxpY2U6VSpW"
  private static let nobody = "Ym9iOlUqVQ=="

  @Test("stands open where the file says nothing")
  func open() throws {
    let door = try Door("")
    #expect(try door.answer().text == "served\n")
    #expect(door.access.tls == nil)
  }

  @Test("asks for a password, takes the right one, and refuses all else", arguments: [nil, wrong, nobody, "!"])
  func passwords(credentials: String?) throws {
    let door = try Door(Self.users)
    try door.access.start()
    #expect(try door.answer(as: Self.right).status == 200)
    let refused = try door.answer(as: credentials)
    #expect(refused.status == 401)
    #expect(refused.header("WWW-Authenticate") == "Basic realm=\"heartbeat-exporter\", charset=\"UTF-8\"")
    #expect(try door.answer(as: Self.right).status == 200)
    try door.use("")
    #expect(try door.answer(as: credentials).status == 200, "nobody needs one any more")
  }

  @Test("lets what comes through another socket in: that has its own permissions")
  func otherSocket() throws {
    let door = try Door(Self.users + "rate_limit:\n  interval: 1s\n  burst: 1\n")
    for _ in 0..<5 { #expect(door.questions.answers(to: door.knock(through: "push")).first?.status == 200) }
  }

  @Test("is shut for an address after too many wrong passwords, but for who knows the right one")
  func guessing() throws {
    let door = try Door(Self.users)
    try door.access.start()
    #expect(try door.answer(as: Self.right, from: 2).status == 200)
    for _ in 0..<Int(WebPolicy.mostFailures) { #expect(try door.answer(as: Self.wrong).status == 401) }
    for credentials in [Self.wrong, Self.nobody] {
      let refused = try door.answer(as: credentials)
      #expect(refused.status == 429 && refused.header("Retry-After") == "6")
      #expect(refused.header("Connection") == "close", "each guess needs a connection of its own")
    }
    #expect(try door.answer(as: Self.right).status == 200, "others at the same address are not to suffer")
    #expect(try door.answer().status == 401, "who gives no password guesses none")
    #expect(try door.answer(as: Self.right, from: 2).status == 200)
    #expect(door.log.count(of: "too many wrong passwords") == 1)
    #expect(door.log.text.contains("address=192.0.2.1"))
    door.pass(seconds: 6)
    #expect(try door.answer(as: Self.wrong).status == 401, "one more is forgiven")
    #expect(try door.answer(as: Self.wrong).status == 429)
    #expect(try door.answer(as: Self.right).status == 200)
    door.pass(seconds: 6)
    #expect(try door.answer(as: Self.wrong).status == 401, "the right one used nothing up")
  }

  @Test("lets who knows the password in, also where so many others guess that not all of them are told apart")
  func crowd() throws {
    let door = try Door(Self.users)
    try door.access.start()
    #expect(try door.answer(as: Self.right, from: 2).status == 200)
    // Longer than any password can be: it costs no bcrypt, but counts.
    let long = Data("alice:\(String(repeating: "x", count: 600))".utf8).base64EncodedString()
    for number in 0..<RateLimiter.mostPeers + 100 {
      #expect(try door.answer(as: long, fromNumber: number).status == 401)
    }
    for host in [2, 3, 200] as [UInt8] { #expect(try door.answer(as: Self.right, from: host).status == 200) }
    for number in 0..<3 { #expect(try door.answer(as: long, fromNumber: 10_000 + number).status == 401) }
  }

  @Test("checks no password for who has left, and lets those who have probably left make room for others")
  func clientsThatLeave() throws {
    let door = try Door(Self.users)
    let (gone, leaving) = (ClientPresence(), ClientPresence())
    // Nobody checks yet, so they all wait.
    for number in 0..<PasswordCheck.mostWaiting {
      door.knock(as: Self.wrong, from: UInt8(number), client: number == 1 ? gone : leaving)
    }
    #expect(door.questions.statuses.allSatisfy { $0 == nil })
    gone.note(.gone)
    leaving.note(.leaving)
    let last = door.knock(as: Self.right, from: 200)
    #expect(door.questions.statuses.filter { $0 != nil } == [503], "one has made room")
    try door.access.start()
    #expect(door.questions.answer(to: last)?.status == 200)
    #expect(door.questions.statuses.count { $0 == 401 } < PasswordCheck.mostWaiting - 1, "one is gone")
  }

  @Test("the rate limit of those whom nobody knows costs those with a known password nothing")
  func rateOfKnown() throws {
    let door = try Door(Self.users + "rate_limit:\n  interval: 2s\n  burst: 2\n")
    try door.access.start()
    #expect(try door.answer(as: Self.right).status == 200)
    #expect(try (0..<3).map { _ in try door.answer(as: Self.wrong).status } == [401, 429, 429])
    #expect(try door.answer(as: Self.wrong).header("Connection") == "close", "each guess needs a connection of its own")
    #expect(try door.answer().status == 429)
    #expect(try (0..<3).map { _ in try door.answer(as: Self.right).status } == [200, 200, 429], "it has its own")
  }

  @Test("knows a password that was right before, though nobody checks any more")
  func known() throws {
    let door = try Door(Self.users)
    try door.access.start()
    #expect(try door.answer(as: Self.right).status == 200)
    door.access.close()
    #expect(try door.answer(as: Self.right).status == 200)
    #expect(try door.answer(as: Self.wrong).status == 503)
  }

  @Test("turns away who comes while too many passwords wait, and holds that against nobody")
  func busy() throws {
    let door = try Door(Self.users)
    // Nobody checks yet, so they all wait; each address may have only so many under way.
    for number in 0..<PasswordCheck.mostWaiting { door.knock(as: Self.right, from: UInt8(number)) }
    #expect(door.questions.statuses.allSatisfy { $0 == nil })
    for _ in 0..<20 {
      let answer = try #require(door.questions.answers(to: door.knock(as: Self.right, from: 200)).first)
      #expect(answer.status == 503 && answer.header("Retry-After") == "1" && answer.header("Connection") == "close")
    }
    try door.access.start()
    for number in 0..<PasswordCheck.mostWaiting { #expect(door.questions.answer(to: number)?.status == 200) }
    #expect(try door.answer(as: Self.right, from: 200).status == 200)
  }

  @Test("counts the passwords under way, so that many guesses at once are no more than one after the other")
  func guessesAtOnce() throws {
    let door = try Door(Self.users)
    for _ in 0..<30 { door.knock(as: Self.wrong) }
    let waiting = door.questions.statuses.count { $0 == nil }
    #expect(waiting == Int(WebPolicy.mostFailures))
    #expect(door.questions.statuses.count { $0 == 429 } == 20)
  }

  @Test("lets so many requests in as the rate limit says, from all addresses together")
  func rate() throws {
    let door = try Door("rate_limit:\n  interval: 2s\n  burst: 3\n")
    func statuses() throws -> [Int] { try (0..<4).map { try door.answer(from: UInt8($0)).status } }
    #expect(try statuses() == [200, 200, 200, 429])
    #expect(try door.answer().header("Retry-After") == "2")
    door.pass(seconds: 2)
    #expect(try statuses() == [200, 429, 429, 429])
    door.pass(seconds: 1000)
    #expect(try statuses() == [200, 200, 200, 429])
    try door.use("")
    #expect(try statuses() == [200, 200, 200, 200])
  }

  @Test("refuses in JSON where the API was asked, in text elsewhere")
  func forms() throws {
    let door = try Door(Self.users)
    let api = try door.answer("/api/v1/heartbeats")
    #expect(api.status == 401 && api.header("Content-Type") == "application/json")
    #expect(api.text.contains(#""status":401"#) || api.text.contains(#""status": 401"#))
    #expect(api.header("WWW-Authenticate") != nil)
    let text = try door.answer("/apiary")
    #expect(text.header("Content-Type") == "text/plain; charset=utf-8")
    #expect(text.text == "a user name and a password are needed\n")
  }

  @Test("has every answer say that it is not to be embedded, guessed at or run; what the file says is added")
  func headers() throws {
    let door = try Door("http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n")
    let headers = door.access.headers
    #expect(headers.replacing.map(\.0) == ["X-Frame-Options"] && headers.replacing.map(\.1) == ["sameorigin"])
    #expect(
      headers.defaults.map(\.0) == [
        "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Content-Security-Policy",
      ])
    try door.use("")
    #expect(door.access.headers.replacing.isEmpty && door.access.headers.defaults.count == 4)
    #expect(WebPolicy(logger: .silent).headers.defaults.count == 4, "before any file is read, too")
  }
}
