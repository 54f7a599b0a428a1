internal import Exposition
internal import HTTP

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
    /// The host's figures.
    case host
    /// The status page's news, without an end.
    case events

    /// Whether it is there on the push socket too.
    var isOnPushSocket: Bool {
      switch self {
      case .healthy, .ready, .heartbeats, .heartbeat: true
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

  /// The route of a percent-decoded path; nil when there is nothing.
  func route(_ path: String) -> Route? {
    switch path {
    case telemetryPath: return .metrics
    case "/-/healthy": return .healthy
    case "/-/ready": return .ready
    case APIPath.heartbeats: return .heartbeats
    case APIPath.host: return .host
    case APIPath.events: return .events
    case let path where StatusPage.paths.contains(path): return .page(path: path)
    default:
      guard path.hasPrefix(APIPath.heartbeats + "/") else { return nil }
      let name = path.dropFirst(APIPath.heartbeats.count + 1)
      return name.isEmpty ? nil : .heartbeat(name: String(name))
    }
  }

  /// The value of the label `handler`: never anything that a client made up.
  func handlerName(_ path: String) -> String {
    switch route(path) {
    case .metrics: telemetryPath
    case .page(let path): path
    case .healthy: "/-/healthy"
    case .ready: "/-/ready"
    case .heartbeats, .heartbeat: APIPath.heartbeats
    case .host: APIPath.host
    case .events: APIPath.events
    case nil: "other"
    }
  }

  /// Answers a request, or has another thread answer it.
  func answer(_ request: Request, _ responder: Responder) {
    if let push, APIPath.isHeartbeats(request.path), APIPath.changes(request.method) {
      push.answer(request, responder)
      return
    }
    let isAPI = request.path.hasPrefix(APIPath.prefix)
    guard let route = route(request.path), request.listener == ListenSocket.web || route.isOnPushSocket else {
      let text = "not found; the metrics are at \(telemetryPath)"
      responder.send(isAPI ? APIError(404, text).response : .text(404, text))
      return
    }
    guard APIPath.jobWord(request.rawPath) == nil || APIPath.changes(request.method) else {
      let text = "\(request.method.rawValue) is not allowed here; use POST"
      responder.send(APIError(405, text, allow: "POST").response)
      return
    }
    guard request.method == .get || request.method == .head else {
      refuse(request, isAPI: isAPI, responder)
      return
    }
    switch route {
    case .metrics: scrape(request, responder)
    case .page: responder.send(statusPage.answer(request))
    case .healthy: responder.send(health)
    case .ready: responder.send(.text(200, "heartbeat-exporter is ready"))
    case .heartbeats: ask(.heartbeats, request, responder)
    case .heartbeat(let name): ask(.heartbeat(name: name), request, responder)
    case .host: ask(.host, request, responder)
    case .events:
      if !streams.add(responder) { responder.send(StatusRequest.busy.response) }
    }
  }

  /// Whether scrapes come in time.
  private var health: Response {
    guard let seconds = queue.oldest, seconds > ScrapeQueue.lateness else {
      return .text(200, "heartbeat-exporter is healthy")
    }
    return .text(
      503, "a scrape has been waiting for \(Int(clamping: seconds)) s: this host, or what is read on it, is too slow")
  }

  private func refuse(_ request: Request, isAPI: Bool, _ responder: Responder) {
    if APIPath.isHeartbeats(request.path), APIPath.changes(request.method) {
      let hint = "pushing is off; --web.enable-push or --push.socket turns it on"
      responder.send(APIError(403, hint).response)
      return
    }
    let text = "\(request.method.rawValue) is not allowed here; use GET or HEAD"
    var response = isAPI ? APIError(405, text).response : .text(405, text)
    response.headers.append(("Allow", "GET, HEAD"))
    responder.send(response)
  }

  /// Has the scrape thread answer a question of the API.
  private func ask(_ subject: StatusRequest.Subject, _ request: Request, _ responder: Responder) {
    let coding = ContentCoding.negotiate(acceptEncoding: request.header("Accept-Encoding"))
    guard coding != .notAcceptable else {
      responder.send(APIError(406, "Accept-Encoding leaves no coding; gzip and identity can be had").response)
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
