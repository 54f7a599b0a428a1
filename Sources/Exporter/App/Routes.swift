internal import Exposition
internal import HTTP
internal import Heartbeat
internal import POSIX

/// Which path is answered by what.
struct Routes: Sendable {
  /// A path that is known.
  enum Route: Sendable, Equatable {
    case metrics
    /// The status page and what belongs to it.
    case page(path: String)
    case healthy
    case ready
    /// All heartbeats.
    case heartbeats
    /// The heartbeat of one process.
    case heartbeat(name: String)
    /// What happened to a job.
    case job(name: String, word: JobEvent.Word)
    /// The host's figures.
    case host
    /// The status page's news, without an end.
    case events

    /// Whether it is there on the push socket too.
    var isOnPushSocket: Bool {
      switch self {
      case .healthy, .ready, .heartbeats, .heartbeat, .job: true
      default: false
      }
    }
  }

  private let telemetryPath: String
  private let statusPage: StatusPage
  private let collectors: Set<CollectorName>
  private let queue: ScrapeQueue
  private let push: PushRoutes?
  private let streams: EventStreams

  init(
    telemetryPath: String, collectors: Set<CollectorName>, queue: ScrapeQueue, push: PushRoutes?, streams: EventStreams
  ) {
    self.telemetryPath = telemetryPath
    self.push = push
    self.collectors = collectors
    self.queue = queue
    self.streams = streams
    statusPage = StatusPage(telemetryPath: telemetryPath)
  }

  /// The route of a path as in `Request.path`; nil when there is nothing.
  func route(_ path: String) -> Route? {
    let exact = ExactText(path)
    switch exact {
    case ExactText(telemetryPath): return .metrics
    case "/-/healthy": return .healthy
    case "/-/ready": return .ready
    case ExactText(APIPath.host): return .host
    case ExactText(APIPath.events): return .events
    case _ where StatusPage.paths.contains(exact): return .page(path: path)
    default:
      switch APIPath.target(path) {
      case .all?: return .heartbeats
      case .one(let name)?: return .heartbeat(name: name)
      case .job(let name, let word)?: return .job(name: name, word: word)
      case nil: return nil
      }
    }
  }

  /// The value of the label `handler`: never anything that a client made up.
  func handlerName(_ path: String) -> String {
    switch route(path) {
    case .metrics: telemetryPath
    case .page(let path): path
    case .healthy: "/-/healthy"
    case .ready: "/-/ready"
    case .heartbeats, .heartbeat, .job: APIPath.heartbeats
    case .host: APIPath.host
    case .events: APIPath.events
    case nil: "other"
    }
  }

  /// The answer to a request that its head rules out, whatever its body may say; nil for all others.
  ///
  /// - Parameter hasBody: whether a body has come, or is to come.
  func refusal(_ request: Request, hasBody: Bool) -> Response? {
    let isAPI = APIPath.isAPI(request.path)
    let changes = APIPath.isHeartbeats(request.path) && APIPath.changes(request.method)
    guard let route = route(request.path), request.listener == ListenSocket.web || route.isOnPushSocket else {
      let text = changes ? APIPath.expectation(request.path) : "not found; the metrics are at \(telemetryPath)"
      return isAPI ? APIError(404, text).response : .text(404, text)
    }
    let methods = methods(route)
    let isOn = push?.isOn(request.listener) ?? false
    let allowed = methods.filter { isOn || !APIPath.changes($0) }.map(\.rawValue)
    let allow = (allowed + ["OPTIONS"]).joined(separator: ", ")
    if request.method == .options { return Response(status: 204, headers: [("Allow", allow)]) }
    guard methods.contains(request.method) else {
      let right = allowed.isEmpty ? methods.map(\.rawValue) : allowed
      let text = "\(request.method.rawValue) is not allowed here; use \(Routes.list(right))"
      if isAPI { return APIError(405, text, headers: [("Allow", allow)]).response }
      var response = Response.text(405, text)
      response.headers.append(("Allow", allow))
      return response
    }
    guard changes else { return nil }
    do throws(APIError) {
      guard let push else { throw APIError(403, "pushing is off; --web.enable-push or --push.socket turns it on") }
      try push.check(request, hasBody: hasBody)
      return nil
    } catch {
      return error.response
    }
  }

  /// The methods that are right for a route where pushing is on. Where it is off, 403 answers those that push.
  private func methods(_ route: Route) -> [Request.Method] {
    switch route {
    case .heartbeats: [.get, .head, .post]
    case .heartbeat: [.get, .head, .post, .put, .delete]
    case .job: [.post]
    default: [.get, .head]
    }
  }

  /// Such as `GET or HEAD`.
  private static func list(_ words: [String]) -> String { words.joined(separator: words.count == 2 ? " or " : ", ") }

  /// Answers a request, or has another thread answer it.
  func answer(_ request: Request, _ responder: Responder) {
    if let refusal = refusal(request, hasBody: !request.body.isEmpty) {
      responder.send(refusal)
      return
    }
    if let push, APIPath.changes(request.method) {
      push.answer(request, responder)
      return
    }
    guard let route = route(request.path) else { return }
    switch route {
    case .metrics: scrape(request, responder)
    case .page: responder.send(statusPage.answer(request))
    case .healthy: responder.send(health)
    case .ready: responder.send(.text(200, "heartbeat-exporter is ready"))
    case .heartbeats: ask(.heartbeats, request, responder)
    case .heartbeat(let name): ask(.heartbeat(name: name), request, responder)
    case .host: ask(.host, request, responder)
    // It takes POST alone.
    case .job: break
    case .events:
      let coding = ContentCoding.negotiate(acceptEncoding: request.header("Accept-Encoding"))
      guard coding != .notAcceptable else {
        responder.send(Routes.notAcceptable)
        return
      }
      if !streams.add(responder, coding: coding) { responder.send(StatusRequest.busy.response) }
    }
  }

  private static var notAcceptable: Response {
    APIError(406, "Accept-Encoding leaves no coding; gzip and identity can be had").response
  }

  /// Whether scrapes come in time.
  private var health: Response {
    guard let seconds = queue.oldest, seconds > ScrapeQueue.lateness else {
      return .text(200, "heartbeat-exporter is healthy")
    }
    return .text(
      503, "a scrape has been waiting for \(Int(clamping: seconds)) s: this host, or what is read on it, is too slow")
  }

  /// Has the scrape thread answer a question of the API.
  private func ask(_ subject: StatusRequest.Subject, _ request: Request, _ responder: Responder) {
    let coding = ContentCoding.negotiate(acceptEncoding: request.header("Accept-Encoding"))
    guard coding != .notAcceptable else {
      responder.send(Routes.notAcceptable)
      return
    }
    let question = StatusRequest(
      subject: subject, coding: coding, knownTag: request.header("If-None-Match"), responder: responder)
    if !queue.add(question) { question.refuse() }
  }

  private func scrape(_ request: Request, _ responder: Responder) {
    let coding = ContentCoding.negotiate(acceptEncoding: request.header("Accept-Encoding"))
    guard coding != .notAcceptable else {
      responder.send(.text(406, "Accept-Encoding leaves no coding; gzip and identity can be had"))
      return
    }
    let selection: CollectorSelection
    do throws(CollectorSelection.Invalid) {
      selection = try CollectorSelection(query: request.query, enabled: collectors)
    } catch {
      responder.send(.text(400, error.description))
      return
    }
    let style = ExpositionStyle.negotiate(accept: request.header("Accept"))
    let scrape = ScrapeRequest(selection: selection, style: style, coding: coding, responder: responder)
    if !queue.add(scrape) { scrape.refuse() }
  }
}
