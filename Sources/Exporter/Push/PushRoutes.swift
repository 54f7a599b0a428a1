internal import HTTP
internal import Heartbeat
internal import POSIX

/// Answers what changes heartbeats: `POST`, `PUT` and `DELETE` under `/api/v1/heartbeats`.
struct PushRoutes: Sendable {
  /// The name of the listening socket on which pushes are always taken.
  static let listener = "push"

  private let options: ExporterOptions.Push
  private let queue: PushQueue
  private let limiter: RateLimiter
  /// Where pids are looked up.
  private let procfs: String

  init(options: ExporterOptions.Push, procfs: String, queue: PushQueue) {
    self.options = options
    self.procfs = procfs
    self.queue = queue
    limiter = RateLimiter(rate: options.rateLimit)
  }

  /// Checks a request, and has the writer answer it.
  func answer(_ request: Request, _ responder: Responder) {
    do throws(APIError) {
      try checkAccess(request)
      let task = try task(request)
      guard queue.add(task, size: request.body.count, responder) else {
        throw APIError(503, "too many pushes wait for the disk (--push.queue-limit)", retryAfter: 1)
      }
    } catch {
      responder.send(error.response)
    }
  }

  private func checkAccess(_ request: Request) throws(APIError) {
    guard request.listener == PushRoutes.listener || options.isOnWeb else {
      throw APIError(403, "pushing is off here; it is on with --web.enable-push, or on the socket of --push.socket")
    }
    guard !RequestOrigin.isAnotherSite(request) else {
      throw APIError(403, "a page of another site may not push through its reader's browser")
    }
    guard !RequestOrigin.isBrowser(request) || RequestOrigin.isOwnName(request.header("Host") ?? "") else {
      throw APIError(
        403, "a browser may push only to an IP address or localhost: any other name may be another site's")
    }
    let wait = limiter.seconds(
      RateLimiter.Peer(request.peer, request.credentials), now: Clock.monotonicNanoseconds)
    if let wait {
      throw APIError(429, "more than \(options.rateLimit) pushes in a second (--push.rate-limit)", retryAfter: wait)
    }
  }

  private func task(_ request: Request) throws(APIError) -> PushQueue.Task {
    let defaults = PushBody.Defaults(
      now: Clock.realtime, host: PushRoutes.host(of: request), retention: options.retention)
    guard request.rawPath != APIPath.heartbeats else {
      guard request.method == .post else { throw PushRoutes.notAllowed(request, ["POST"]) }
      try checkType(request)
      return .beats(seenFromHere(try PushBody.batch(request.body, defaults), request))
    }
    let (name, word) = try PushRoutes.target(request)
    if let word { return .beats(seenFromHere([try job(name, word, request, defaults)], request)) }
    switch request.method {
    case .delete: return .forget(name)
    case .post, .put:
      try checkType(request)
      return .beats(seenFromHere([try PushBody.beat(name, request.body, defaults)], request))
    default: throw PushRoutes.notAllowed(request, ["POST", "PUT", "DELETE"])
    }
  }

  /// A beat over the network is another host's, but over the loopback interface it is of this one.
  private static func host(of request: Request) -> String? {
    request.peer.flatMap { $0.isLocal ? nil : $0.host }
  }

  /// The beats with the pids that processes of another pid namespace have here.
  private func seenFromHere(_ beats: [Beat], _ request: Request) -> [Beat] {
    // Of another /proc than its own the exporter cannot tell whose it is.
    guard let credentials = request.credentials, procfs == "/proc" else { return beats }
    return beats.map { beat in
      guard let pid = beat.pid, beat.host == nil else { return beat }
      var beat = beat
      beat.pid = PeerProcess.outerPid(pid, of: credentials)
      return beat
    }
  }

  /// The beat of what happened to a job.
  private func job(
    _ name: String, _ word: JobEvent.Word, _ request: Request, _ defaults: PushBody.Defaults
  ) throws(APIError) -> Beat {
    guard request.method == .post else {
      throw APIError(405, "\(request.method.rawValue) is not allowed here; use POST", allow: "POST")
    }
    // A body that is not there has no type, whatever a client says of it.
    if !request.body.isEmpty { try checkType(request) }
    return try PushBody.job(name, word, query: request.query, request.body, defaults)
  }

  /// The name of a process, and the word behind it when it is about a job.
  private static func target(_ request: Request) throws(APIError) -> (name: String, word: JobEvent.Word?) {
    let raw = request.rawPath.utf8.dropFirst(APIPath.heartbeats.utf8.count + 1)
    let word = APIPath.jobWord(request.rawPath)
    guard word != nil || !raw.contains(UInt8(ascii: "/")) else {
      throw APIError(
        404, "expected one name, and behind it nothing, /start, /success or /fail; a slash within it is written %2F")
    }
    // What is no UTF-8 has been replaced: such a name could not be asked for.
    let path = request.path.dropFirst(APIPath.heartbeats.count + 1)
    let name = String(path.dropLast(word.map { $0.rawValue.count + 1 } ?? 0))
    guard !name.isEmpty else { throw APIError(404, "expected the name of a process behind the slash") }
    guard !name.unicodeScalars.contains("\u{FFFD}") else {
      throw APIError(422, "the name is not UTF-8, percent-encoded")
    }
    return (name, word)
  }

  private func checkType(_ request: Request) throws(APIError) {
    if let coding = request.header("Content-Encoding"), coding.lowercased() != "identity" {
      throw APIError(415, "expected a body without Content-Encoding")
    }
    guard let type = request.header("Content-Type") else {
      // A browser can send such a body to any host without asking; and it is what a forgotten header looks like.
      if request.body.isEmpty { return }
      throw APIError(415, "expected Content-Type: application/json")
    }
    let essence = type.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
    guard essence == "application/json" else {
      throw APIError(415, "expected Content-Type: application/json, not \(essence.prefix(100))")
    }
  }

  /// `Allow` names all methods that are right for a path (RFC 9110 section 10.2.1), those that only read too.
  private static func notAllowed(_ request: Request, _ changing: [String]) -> APIError {
    let allowed = (["GET", "HEAD"] + changing).joined(separator: ", ")
    return APIError(405, "\(request.method.rawValue) is not allowed here; use \(allowed)", allow: allowed)
  }
}
