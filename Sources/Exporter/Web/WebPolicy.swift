internal import HTTP
internal import POSIX

/// The door: lets in who may come in, as the web configuration file says at present.
final class WebPolicy: Sendable {
  /// Wrong passwords of one address at once, and the seconds after which one more is forgiven.
  static let mostFailures = 10.0
  static let forgiveness = 6.0

  private struct State {
    var tls: TLSContext?
    var headers = FurtherHeaders()
    /// What the file allows to all who must say who they are and do not yet, or need not.
    var rate: RateLimiter?
    /// What it allows to those whose password is known: others cannot use that up.
    var knownRate: RateLimiter?
  }

  private let state = Lock(State())
  private let passwords = PasswordCheck()
  private let failures = RateLimiter(
    rate: 1 / WebPolicy.forgiveness, burst: WebPolicy.mostFailures, boundsOthers: false)

  private let logger: Logger
  private let clock: @Sendable () -> UInt64

  /// - Parameter clock: gives the time of the monotonic clock in nanoseconds.
  init(logger: Logger, clock: @escaping @Sendable () -> UInt64 = { Clock.monotonicNanoseconds }) {
    self.logger = logger
    self.clock = clock
    state.withLock { $0.headers = WebPolicy.headers([]) }
  }

  /// Takes over what was read.
  func use(_ file: WebConfigurationFile) {
    let configuration = file.configuration
    func limiter() -> RateLimiter? {
      configuration.rateLimit.map { RateLimiter(rate: 1 / $0.interval, burst: Double($0.burst)) }
    }
    state.withLock { state in
      state.tls = file.tls
      state.headers = WebPolicy.headers(configuration.headers)
      state.rate = limiter()
      state.knownRate = limiter()
    }
    passwords.setUsers(configuration.users)
  }

  /// The keys for a new connection.
  var tls: TLSContext? { state.withLock { $0.tls } }

  /// What every answer has.
  var headers: FurtherHeaders { state.withLock { $0.headers } }

  /// Nothing that is served is to be embedded, guessed at or run.
  private static func headers(_ configured: [(String, String)]) -> FurtherHeaders {
    var headers = FurtherHeaders()
    headers.defaults = [
      ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"),
      ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ]
    headers.replacing = configured
    return headers
  }

  /// Starts the thread that checks passwords.
  func start() throws(Errno) { try passwords.start() }

  /// Ends it.
  func close() { passwords.close() }

  /// Has a request answered if it is let in, else answers it. What comes through the push socket was let in by that
  /// file's permissions.
  ///
  /// - Parameter isWhole: false while its body is still to come: then it counts as no request yet.
  func answer(
    _ request: Request, _ responder: Responder, isWhole: Bool = true,
    then serve: @escaping @Sendable (Request, Responder) -> Void
  ) {
    guard request.listener == ListenSocket.web else {
      serve(request, responder)
      return
    }
    let now = clock()
    let credentials = passwords.isNeeded ? BasicCredentials(request) : nil
    // First of all, whatever others have tried, from here or from elsewhere: who knows the password gets in.
    let isKnown = credentials.map { passwords.isKnown($0) } ?? false
    if isWhole, let rate = state.withLock({ isKnown ? $0.knownRate : $0.rate }),
      let wait = rate.seconds(.everybody, now: now)
    {
      refuse(429, "too many requests (rate_limit of the web configuration file)", request, responder, retryAfter: wait)
      return
    }
    guard passwords.isNeeded, !isKnown else {
      serve(request, responder)
      return
    }
    guard let credentials else {
      responder.send(challenge(request))
      return
    }
    let peer = RateLimiter.Peer(request.peer, request.credentials)
    // Taken before the check, so that many at once do not all get through, and given back when the password is right.
    if let wait = failures.seconds(peer, now: now) {
      // Once for all addresses: an attacker may have any number of them.
      logger.once(
        "wrong passwords", .warn, "too many wrong passwords: such an address gets 429 until it has waited (told once)",
        ["address": request.peer?.host ?? "-"])
      refuse(429, "too many wrong passwords", request, responder, retryAfter: wait)
      return
    }
    // Without this one: of addresses beyond those that are told apart it is not counted.
    let earlier = max(0, failures.used(peer, now: now) - 1)
    passwords.check(credentials, for: responder, from: peer, failures: earlier) { [self] isRight in
      switch isRight {
      case true?:
        failures.giveBack(peer)
        serve(request, responder)
      case false?: responder.send(challenge(request))
      case nil:
        failures.giveBack(peer)
        refuse(503, "too many passwords wait to be checked", request, responder, retryAfter: 1)
      }
    }
  }

  private func challenge(_ request: Request) -> Response {
    refusal(401, "a user name and a password are needed", request) { response in
      response.headers.append(("WWW-Authenticate", "Basic realm=\"heartbeat-exporter\", charset=\"UTF-8\""))
    }
  }

  private func refuse(
    _ status: Int, _ reason: String, _ request: Request, _ responder: Responder, retryAfter: Int
  ) {
    responder.send(refusal(status, reason, request, retryAfter: retryAfter))
  }

  private func refusal(
    _ status: Int, _ reason: String, _ request: Request, retryAfter: Int? = nil,
    _ change: (inout Response) -> Void = { _ in }
  ) -> Response {
    var response: Response
    if APIPath.isAPI(request.path) {
      response = APIError(status, reason, retryAfter: retryAfter).response
    } else {
      response = .text(status, reason)
      if let retryAfter { response.headers.append(("Retry-After", String(retryAfter))) }
    }
    change(&response)
    // Whatever the reason, a password that was given is not the known one: a new connection for each makes guessing slower. A bcrypt
    // makes it slow by itself.
    if status != 401, request.header("Authorization") != nil { response.headers.append(("Connection", "close")) }
    return response
  }
}
