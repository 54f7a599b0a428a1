package import HTTP
public import Heartbeat
internal import JSON
internal import POSIX

/// An exporter that takes heartbeats: `http://[user:password@]host:port`, `https://…`, or the path of its push
/// socket, which may have `unix:` before it.
///
///     import Heartbeat
///     import HeartbeatPush
///
///     guard let exporter = PushTarget("http://monitoring:9464") else { ... }
///     let heartbeat = LoopHeartbeat("bidder", to: exporter)
public struct PushTarget: HeartbeatTarget, Hashable {
  private enum Place: Hashable {
    case network(Endpoint)
    case socket(String)
  }

  /// How long an exporter may take to answer.
  public static let patience = Duration.seconds(5)

  private let place: Place
  private let trust: TLSTrust
  /// Whether the URL itself has a password, which does not belong on a command line.
  package let namesPassword: Bool
  /// The value of `Authorization`.
  let authorization: String?
  /// The URL without its password.
  public let description: String

  /// Reads a URL; nil when it is none of these kinds.
  ///
  /// - Parameters:
  ///   - url: where the exporter takes pushes.
  ///   - password: of the URL's user, when it is not in the URL.
  ///   - authorities: a file with the certificates (PEM) that are believed, for `https`; nil for those of the host.
  public init?(_ url: String, password: String? = nil, authorities: String? = nil) {
    self.init(url, password: password, trust: TLSTrust(authorities: authorities))
  }

  /// Reads a URL; nil when it is none of these kinds.
  ///
  /// - Parameters:
  ///   - password: of the URL's user, when it is not in the URL.
  ///   - trust: whose certificates are believed, for `https`.
  package init?(_ text: String, password: String? = nil, trust: TLSTrust) {
    self.trust = trust
    let path = text.utf8.starts(with: "unix:".utf8) ? String(Substring(text.utf8.dropFirst(5))) : text
    if path.utf8.first == UInt8(ascii: "/") {
      place = .socket(path)
      authorization = nil
      namesPassword = false
      description = "unix:" + path
      return
    }
    guard let server = ServerURL(text, password: password), !server.endpoint.path.contains("?") else { return nil }
    authorization = server.authorization
    namesPassword = server.namesPassword
    place = .network(server.endpoint)
    description = server.description
  }

  /// Whether the exporter runs on this host for all that the URL says.
  public var isLocal: Bool {
    switch place {
    case .socket: true
    case .network(let endpoint): ["localhost", "::1"].contains(endpoint.host) || endpoint.host.hasPrefix("127.")
    }
  }

  /// Sends one beat, or what happened to a job, the oldest first, and waits for each answer, `patience` at the most.
  ///
  /// This process's own pid goes only to an exporter on this host: to another one it says nothing.
  ///
  /// - Throws: `notDelivered`, with the exporter's answer, or why there was none.
  public func send(_ beat: Beat) throws(HeartbeatError) {
    do throws(PushFailure) {
      try deliver(beat)
    } catch {
      throw error.error
    }
  }

  /// As `send`; what it throws says whether the exporter was there.
  package func deliver(_ beat: Beat) throws(PushFailure) {
    let beat = beat.takingKnownKeys()
    guard !beat.jobEvents.isEmpty else { return try deliver(beat.name, object(of: beat)) }
    for event in beat.jobEvents {
      var path = "/" + event.word.rawValue
      // That a run with another exit code than 0 is a success only its word says.
      if case .end(let exitCode, let isSuccess) = event.kind, isSuccess == (exitCode == 0) {
        path += "?exit_code=\(exitCode)"
      }
      try deliver(beat.name, path: path, object(of: event, in: beat))
    }
  }

  /// - Parameter path: what follows the name.
  private func deliver(_ name: String, path: String = "", _ object: JSONObject) throws(PushFailure) {
    let body = JSONValue.object(object).serialised()
    let answer: HTTPClient.Answer
    do throws(NetworkError) {
      answer = try post(PushTarget.encoded(name) + path, body, Deadline(after: PushTarget.patience.inSeconds))
    } catch {
      throw PushFailure(
        error: .notDelivered(
          target: description, reason: ": \(error); is the exporter running, and does it take pushes there?"))
    }
    guard answer.status != 204 else { return }
    let error = (try? JSONValue(parsing: answer.body))?.objectValue?["error"]?.objectValue?["message"]?.stringValue
    throw PushFailure(
      error: .notDelivered(
        target: description,
        reason: " answered \(answer.status)" + (error.map { ": \($0)" } ?? "; does it take pushes?")),
      refusal: PushFailure.Refusal(status: answer.status, retryAfter: answer.retryAfter))
  }

  /// The body of a push: docs/push.md.
  func object(of beat: Beat) -> JSONObject {
    var object: JSONObject = ["status": .string(beat.status)]
    if let pid = beat.pid, isLocal || pid != HeartbeatManager.currentPid {
      object["pid"] = .integer(Int64(widening: pid))
    }
    if let time = beat.time { object["timestamp"] = .number(time) }
    if let host = beat.host { object["host"] = .string(host) }
    if let interval = beat.interval { object["interval"] = .number(interval.inSeconds) }
    if let data = beat.additionalData { object["additional_data"] = .object(data) }
    if beat.mergesData { object["merge"] = .bool(true) }
    return object
  }

  /// The body of the push of what happened to a job.
  private func object(of event: JobEvent, in beat: Beat) -> JSONObject {
    var object = JSONObject()
    if let pid = beat.pid, isLocal || pid != HeartbeatManager.currentPid {
      object["pid"] = .integer(Int64(widening: pid))
    }
    if let time = event.time ?? beat.time { object["timestamp"] = .number(time) }
    if let data = beat.additionalData { object["additional_data"] = .object(data) }
    return object
  }

  private func post(_ name: String, _ body: [UInt8], _ deadline: Deadline) throws(NetworkError) -> HTTPClient.Answer {
    switch place {
    case .socket(let path):
      let connection = try ClientConnection(toSocket: path, deadline: deadline)
      return try HTTPClient.exchange(request(name, body, path: "", host: "localhost"), connection)
    case .network(let endpoint):
      let connection = try ClientConnection(to: endpoint, deadline: deadline, trust: trust)
      let path = endpoint.path.hasSuffix("/") ? String(endpoint.path.dropLast()) : endpoint.path
      return try HTTPClient.exchange(request(name, body, path: path, host: endpoint.authority), connection)
    }
  }

  private func request(_ name: String, _ body: [UInt8], path: String, host: String) -> [UInt8] {
    var head = "POST \(path)/api/v1/heartbeats/\(name) HTTP/1.1\r\nHost: \(host)\r\n"
    head += "User-Agent: heartbeat\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n"
    if let authorization { head += "Authorization: \(authorization)\r\n" }
    return Array((head + "Connection: close\r\n\r\n").utf8) + body
  }

  /// All but the unreserved characters of RFC 3986, section 2.3, as `%` and two digits.
  static func encoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        bytes.append(byte)
      default: bytes += [UInt8(ascii: "%"), digits[Int(widening: byte >> 4)], digits[Int(widening: byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
