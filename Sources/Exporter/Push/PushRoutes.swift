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
  private let peerNames: @Sendable (Int32) -> PeerProcess.Names?

  /// - Parameter peerNames: the pids of a process in each namespace; nil when it is gone.
  init(
    options: ExporterOptions.Push, procfs: String, queue: PushQueue,
    peerNames: @escaping @Sendable (Int32) -> PeerProcess.Names? = { PeerProcess.Names(of: $0) }
  ) {
    self.options = options
    self.procfs = procfs
    self.queue = queue
    self.peerNames = peerNames
    limiter = RateLimiter(rate: options.rateLimit)
  }

  /// Throws when the head of a request rules it out, whatever its body may say.
  ///
  /// - Parameter hasBody: whether a body has come, or is to come.
  func check(_ request: Request, hasBody: Bool) throws(APIError) {
    try checkAccess(request)
    try checkTarget(request, hasBody: hasBody)
    try PushRoutes.checkCondition(request)
  }

  /// Throws when the path names nobody, or the body cannot be one.
  private func checkTarget(_ request: Request, hasBody: Bool) throws(APIError) {
    let target = APIPath.target(request.path)
    guard request.method != .delete else {
      // What has got into a file under a name that no push may have can still be forgotten, if it can be asked for.
      if case .one(let name)? = target { try PushBody.checkText(ofName: name) }
      return
    }
    // A part of a beat is none (RFC 9110 section 14.5).
    guard request.header("Content-Range") == nil else {
      throw APIError(400, "Content-Range: expected the whole body, not a part of it")
    }
    switch target {
    case .one(let name)?: try PushBody.checkName(name)
    case .job(let name, let word)?:
      try PushBody.checkName(name)
      _ = try PushBody.exitCode(request.query, word)
    case .all?, nil: break
    }
    // A body that is not there has no type, whatever a client says of it.
    if case .job? = target, !hasBody { return }
    try checkType(request, hasBody: hasBody)
  }

  /// Throws where the client asks that something be done only if a process is there, or is as it was: nobody knows that before the file
  /// is locked, and what is done all the same would be worse than nothing (RFC 9110 section 13.1).
  private static func checkCondition(_ request: Request) throws(APIError) {
    for name in ["If-Match", "If-None-Match"] where request.header(name) != nil {
      throw APIError(412, "\(name): a push takes no condition, so that nothing is changed")
    }
  }

  /// Has the writer answer a request that `check` lets through.
  func answer(_ request: Request, _ responder: Responder) {
    do throws(APIError) {
      let peer = RateLimiter.Peer(request.peer, request.credentials)
      if let wait = limiter.seconds(peer, now: Clock.monotonicNanoseconds) {
        throw APIError(429, "more than \(options.rateLimit) pushes in a second (--push.rate-limit)", retryAfter: wait)
      }
      guard queue.add(try unread(request, peer), responder) else { throw PushQueue.full }
    } catch {
      responder.send(error.response)
    }
  }

  /// What is left to other threads, with all that is of the moment in which it came.
  private func unread(_ request: Request, _ peer: RateLimiter.Peer) throws(APIError) -> PushQueue.Unread {
    let (pids, now) = (self.pids(of: request), Clock.realtime)
    let isPacked = try PushRoutes.packing(of: request) != nil
    let isLong = isPacked || request.body.count > PushWriter.smallBody
    // What it takes, which may be more than it is: it has grown as it came.
    // Not this value: it holds the queue, which is to hold this.
    return PushQueue.Unread(size: request.body.capacity, isLong: isLong, peer: peer) { [options] () throws(APIError) in
      let body = try PushRoutes.unpackedBody(of: request, upTo: options.maxBody)
      return (try PushRoutes.task(request, body, pids, at: now, retention: options.retention), body.count)
    }
  }

  /// Whether pushes are taken on a listening socket.
  func isOn(_ listener: String) -> Bool { listener == PushRoutes.listener || options.isOnWeb }

  private func checkAccess(_ request: Request) throws(APIError) {
    guard isOn(request.listener) else {
      throw APIError(403, "pushing is off here; it is on with --web.enable-push, or on the socket of --push.socket")
    }
    guard !RequestOrigin.isAnotherSite(request) else {
      throw APIError(403, "a page of another site may not push through its reader's browser")
    }
    guard !RequestOrigin.isBrowser(request) || RequestOrigin.isOwnName(request.header("Host") ?? "") else {
      throw APIError(
        403, "a browser may push only to an IP address or localhost: any other name may be another site's")
    }
  }

  /// What the writer is to do for a request that `check` lets through.
  ///
  /// - Parameters:
  ///   - body: the request's, unpacked.
  ///   - pids: what the client's pids mean here.
  ///   - now: when it came: Unix time in seconds.
  func task(
    _ request: Request, _ body: [UInt8], _ pids: PeerProcess.Pids, at now: Double
  ) throws(APIError) -> PushQueue.Task {
    try PushRoutes.task(request, body, pids, at: now, retention: options.retention)
  }

  private static func task(
    _ request: Request, _ body: [UInt8], _ pids: PeerProcess.Pids, at now: Double, retention: Double
  ) throws(APIError) -> PushQueue.Task {
    let defaults = PushBody.Defaults(now: now, host: PushRoutes.host(of: request), retention: retention)
    switch APIPath.target(request.path) {
    case .all?: return .beats(PushRoutes.seenFromHere(try PushBody.batch(body, defaults), pids))
    case .job(let name, let word)?:
      let beat = try PushBody.job(name, word, query: request.query, body, defaults)
      return .beats(PushRoutes.seenFromHere([beat], pids))
    case .one(let name)?:
      guard request.method != .delete else { return .forget(name) }
      return .beats(PushRoutes.seenFromHere([try PushBody.beat(name, body, defaults)], pids))
    case nil: throw APIError(404, APIPath.expectation(request.path))
    }
  }

  /// A beat over the network is another host's, but over the loopback interface it is of this one.
  private static func host(of request: Request) -> String? {
    request.peer.flatMap { $0.isLocal ? nil : $0.host }
  }

  /// What a client's pids mean here. To be asked at once: a client that does not wait for its answer may be gone in a moment.
  func pids(of request: Request) -> PeerProcess.Pids {
    // Of another /proc than its own the exporter cannot tell whose it is. Without a body there is no pid.
    guard let credentials = request.credentials, procfs == "/proc", !request.body.isEmpty else { return .same }
    return PeerProcess.Pids(of: credentials, peerNames)
  }

  /// The beats with the pids that processes of another pid namespace have here.
  private static func seenFromHere(_ beats: [Beat], _ pids: PeerProcess.Pids) -> [Beat] {
    guard pids != .same else { return beats }
    var beats = beats
    for place in beats.indices where beats[place].pid != nil && beats[place].host == nil {
      beats[place].pid = beats[place].pid.flatMap { pids.outer($0) }
    }
    return beats
  }

  /// How the body is packed; nil when it is not.
  private enum Packing { case gzip }

  /// How the body that is there is packed.
  private static func packing(of request: Request) throws(APIError) -> Packing? {
    // What is to be forgotten is named by the path: a body says nothing (RFC 9110 section 9.3.5).
    request.body.isEmpty || request.method == .delete ? nil : try packing(request.header("Content-Encoding"))
  }

  /// How a body is packed of which `Content-Encoding` says this.
  private static func packing(_ field: String?) throws(APIError) -> Packing? {
    // A list, in which empty elements mean nothing (RFC 9110 sections 5.6.1.2 and 8.4).
    let codings = HeaderList.elements(field ?? "").filter { $0 != "identity" }
    guard let coding = codings.first else { return nil }
    // Section 8.4.1.3: x-gzip is another name of it.
    if codings.count == 1, ["gzip", "x-gzip"].contains(coding) { return .gzip }
    // Section 12.5.3: what can be had instead.
    throw APIError(415, "expected Content-Encoding gzip, or none", headers: [("Accept-Encoding", "gzip")])
  }

  /// The body as it was before it was packed.
  ///
  /// - Parameter most: so many bytes it may have.
  private static func unpackedBody(of request: Request, upTo most: Int) throws(APIError) -> [UInt8] {
    guard try packing(of: request) != nil else { return request.body }
    do throws(Gunzip.Failure) {
      return try Gunzip.decompress(request.body, limit: most)
    } catch {
      switch error {
      case .malformed: throw APIError(400, "the body is not gzip, or only a part of it")
      case .tooLarge:
        throw APIError(413, "the body is larger than \(most) bytes when it is unpacked (--push.max-body)")
      case .noMemory: throw APIError(503, "there is not enough memory to unpack the body", retryAfter: 1)
      }
    }
  }

  private func checkType(_ request: Request, hasBody: Bool) throws(APIError) {
    if hasBody { _ = try PushRoutes.packing(request.header("Content-Encoding")) }
    guard let type = request.header("Content-Type") else {
      // A browser can send such a body to any host without asking; and it is what a forgotten header looks like.
      if !hasBody { return }
      throw PushRoutes.wrongType("expected Content-Type: application/json")
    }
    let essence = type.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
    guard essence == "application/json" else {
      throw PushRoutes.wrongType("expected Content-Type: application/json, not \(essence.shortened(to: 100))")
    }
  }

  /// A body of another type than what is taken (RFC 9110 section 12.5.1: `Accept`).
  private static func wrongType(_ message: String) -> APIError {
    APIError(415, message, headers: [("Accept", "application/json")])
  }
}
