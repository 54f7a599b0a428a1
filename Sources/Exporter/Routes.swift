internal import HTTPServer

/// Which path is answered by what.
struct Routes: Sendable {
  /// A path that is known, by its name in `heartbeat_exporter_http_requests_total`.
  enum Route: String, CaseIterable, Sendable {
    case metrics
    case landingPage = "/"
    case healthy = "/-/healthy"
    case ready = "/-/ready"

    /// Whether it is there on the push socket too.
    var isOnPushSocket: Bool { self == .healthy || self == .ready }
  }

  private let telemetryPath: String
  private let landingPage: [UInt8]
  private let collectors: Set<CollectorName>
  private let queue: ScrapeQueue
  private let push: PushRoutes?

  init(telemetryPath: String, collectors: Set<CollectorName>, queue: ScrapeQueue, push: PushRoutes?) {
    self.telemetryPath = telemetryPath
    self.push = push
    self.collectors = collectors
    self.queue = queue
    landingPage = LandingPage.html(telemetryPath: telemetryPath)
  }

  /// The route of a path; nil when there is nothing.
  func route(_ path: String) -> Route? {
    path == telemetryPath ? .metrics : Route(rawValue: path)
  }

  /// The value of the label `handler`: never anything that a client made up.
  func handlerName(_ path: String) -> String {
    switch route(path) {
    case .metrics: telemetryPath
    case let known?: known.rawValue
    case nil: PushRoutes.isHeartbeats(path) ? PushRoutes.path : "other"
    }
  }

  /// Answers a request, or has the scrape thread answer it.
  func answer(_ request: Request, _ responder: Responder) {
    if let push, PushRoutes.isHeartbeats(request.path) {
      push.answer(request, responder)
      return
    }
    guard let route = route(request.path), request.listener == ListenPoint.web || route.isOnPushSocket else {
      responder.send(.text(404, "not found; the metrics are at \(telemetryPath)"))
      return
    }
    guard request.method == .get || request.method == .head else {
      var response = Response.text(405, "\(request.method.rawValue) is not allowed here; use GET or HEAD")
      response.headers.append(("Allow", "GET, HEAD"))
      responder.send(response)
      return
    }
    switch route {
    case .metrics: scrape(request, responder)
    case .landingPage: responder.send(page())
    case .healthy: responder.send(.text(200, "heartbeat-exporter is healthy"))
    case .ready: responder.send(.text(200, "heartbeat-exporter is ready"))
    }
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
    if !queue.add(ScrapeRequest(selection: selection, coding: coding, responder: responder)) {
      var response = Response.text(503, "too many scrapes at once; the limit is --web.max-requests")
      response.headers.append(("Retry-After", "1"))
      responder.send(response)
    }
  }

  private func page() -> Response {
    Response(
      status: 200,
      headers: [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"),
        ("X-Content-Type-Options", "nosniff"),
      ],
      body: landingPage)
  }
}
