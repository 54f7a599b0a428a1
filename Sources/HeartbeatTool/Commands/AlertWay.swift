internal import Flags
internal import HTTP
internal import Heartbeat
internal import JSON

/// The way of an alert, and how far the test alert has come on it.
struct AlertWay {
  /// The process that the test alert is about. Its status says that it ended, so that no other alert is about it.
  static let name = "heartbeat-test-alert"
  /// The alert of prometheus/rules.
  static let alert = "HeartbeatTestAlert"

  let exporter: ServerURL
  let prometheus: ServerURL
  let alertmanager: ServerURL
  /// Whose certificates are believed.
  var trust = TLSTrust()

  /// The stations behind the heartbeat file, in their order.
  enum Step: String, CaseIterable {
    case exporter, scrape = "Prometheus's scrape", rule = "Prometheus's rule", alertmanager = "Alertmanager", receiver

    /// What to look at when the alert got stuck here.
    var advice: String {
      switch self {
      case .exporter:
        "Does the exporter run, and does it read this file? See its --heartbeat.file, and --exporter here."
      case .scrape: "Is the exporter a target, and up? See Status, Targets in Prometheus, and --prometheus here."
      case .rule: "Are the rules of prometheus/rules loaded, those of this version? See Status, Rules in Prometheus."
      case .alertmanager:
        "Does Prometheus know this Alertmanager? See alerting: in prometheus.yml, and --alertmanager here."
      case .receiver: "Alertmanager's log says what the mail server or Slack answered."
      }
    }
  }

  /// What was seen of a step.
  enum Sight: Equatable {
    case done(String)
    case waiting(String)
    /// What stays so however long one waits, and what to do about it.
    case refused(String, advice: String)
  }

  /// The beat that raises the alert.
  static func beat(at time: Double) -> Beat {
    Beat(name, status: "stopped", additionalData: ["test_alert": 1], pid: nil, time: time)
  }

  func look(at step: Step, since began: Double, sentBefore: [String: Sent]?) -> Sight {
    do throws(Refusal) {
      return switch step {
      case .exporter: try lookAtExporter(since: began)
      case .scrape: try lookAtScrape(since: began)
      case .rule: try lookAtRule()
      case .alertmanager: try lookAtAlertmanager(isCounted: sentBefore != nil)
      case .receiver: try lookAtReceiver(sentBefore ?? [:])
      }
    } catch {
      return error.sight
    }
  }

  private func lookAtExporter(since began: Double) throws(Refusal) -> Sight {
    let answer = try ask(exporter, "api/v1/heartbeats/\(Self.name)")
    guard answer.status == 200, let entry = try? JSONValue(parsing: answer.body).objectValue else {
      return .waiting("\(exporter.endpoint.authority) does not show the process \(Self.name) (status \(answer.status))")
    }
    guard let time = entry["last_heartbeat"]?.doubleValue, time >= began.rounded(.down) else {
      return .waiting("\(exporter.endpoint.authority) shows an older beat")
    }
    return .done("\(exporter.endpoint.authority) shows the beat")
  }

  private func lookAtScrape(since began: Double) throws(Refusal) -> Sight {
    let question = "heartbeat_last_timestamp_seconds%7Bprocess%3D%22\(Self.name)%22%7D"
    let answer = try ask(prometheus, "api/v1/query?query=\(question)")
    guard let data = object(answer)?["data"]?.objectValue, case .array(let series)? = data["result"] else {
      return .waiting("\(prometheus.endpoint.authority) does not answer as Prometheus does (status \(answer.status))")
    }
    let isThere = series.contains { item in
      guard case .array(let pair)? = item.objectValue?["value"], pair.count == 2 else { return false }
      return (pair[1].stringValue.flatMap(Double.init) ?? 0) >= began.rounded(.down)
    }
    return isThere
      ? .done("\(prometheus.endpoint.authority) has scraped it")
      : .waiting("\(prometheus.endpoint.authority) has not scraped it")
  }

  private func lookAtRule() throws(Refusal) -> Sight {
    let answer = try ask(prometheus, "api/v1/alerts")
    guard let data = object(answer)?["data"]?.objectValue, case .array(let alerts)? = data["alerts"] else {
      return .waiting("\(prometheus.endpoint.authority) does not answer as Prometheus does (status \(answer.status))")
    }
    let fires = alerts.contains { alert in
      let alert = alert.objectValue
      return alert?["labels"]?.objectValue?["alertname"] == .string(Self.alert) && alert?["state"] == "firing"
    }
    return fires ? .done("\(Self.alert) fires") : .waiting("\(Self.alert) does not fire")
  }

  private func lookAtAlertmanager(isCounted: Bool) throws(Refusal) -> Sight {
    let answer = try ask(alertmanager, "api/v2/alerts?filter=alertname%3D%22\(Self.alert)%22")
    guard answer.status == 200, case .array(let alerts)? = try? JSONValue(parsing: answer.body) else {
      return .waiting(
        "\(alertmanager.endpoint.authority) does not answer as Alertmanager does (status \(answer.status))")
    }
    guard isCounted else { return .waiting("\(alertmanager.endpoint.authority) does not say what it has sent") }
    guard let alert = alerts.first?.objectValue else {
      return .waiting("\(alertmanager.endpoint.authority) has no such alert")
    }
    if alert["status"]?.objectValue?["state"] == "suppressed" {
      return .waiting("\(alertmanager.endpoint.authority) holds it back: a silence or an inhibition matches it")
    }
    var receivers: [String] = []
    if case .array(let items)? = alert["receivers"] {
      receivers = items.compactMap { $0.objectValue?["name"]?.stringValue }
    }
    return .done("it goes to \(receivers.isEmpty ? "nobody" : receivers.map { quoted($0) }.joined(separator: ", "))")
  }

  // MARK: What Alertmanager has sent

  /// Attempts to send a message to one kind of receiver; counted when they are over.
  struct Sent: Equatable {
    var total = 0.0
    var failed = 0.0
  }

  /// What Alertmanager has sent since its start, by kind: email, slack, ... Webhooks are left out: the dead man's
  /// switch is one.
  func sent() throws(Refusal) -> [String: Sent] {
    Self.sent(in: try ask(alertmanager, "metrics").body)
  }

  /// Reads them from Alertmanager's metrics.
  static func sent(in metrics: [UInt8]) -> [String: Sent] {
    var found: [String: Sent] = [:]
    for line in metrics.split(separator: UInt8(ascii: "\n")) {
      // All that is looked for is ASCII.
      let line = String(decoding: line.map { $0 < 0x80 ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
      let isFailed = line.hasPrefix("alertmanager_notification_requests_failed_total{")
      guard isFailed || line.hasPrefix("alertmanager_notification_requests_total{"),
        let value = line.split(separator: " ").last.flatMap({ Double($0) }), value.isFinite
      else { continue }
      let words = line.split(separator: "\"", omittingEmptySubsequences: false)
      guard let label = words.firstIndex(where: { $0.hasSuffix("integration=") }), label + 1 < words.count
      else { continue }
      let kind = String(words[label + 1])
      if kind == "webhook" { continue }
      if isFailed { found[kind, default: Sent()].failed += value } else { found[kind, default: Sent()].total += value }
    }
    return found
  }

  private func lookAtReceiver(_ before: [String: Sent]) throws(Refusal) -> Sight {
    let now = try sent()
    guard !now.isEmpty else { return .waiting("\(alertmanager.endpoint.authority) does not say what it has sent") }
    return Self.sight(of: now, since: before)
  }

  /// What has been sent since a moment. Alertmanager tries again what failed, so that a kind by which something went out in the end
  /// is not stuck; that attempts failed is said all the same, for there may be two receivers of one kind.
  static func sight(of now: [String: Sent], since before: [String: Sent]) -> Sight {
    func rise(_ kind: String, _ count: (Sent) -> Double) -> Double {
      count(now[kind, default: Sent()]) - count(before[kind, default: Sent()])
    }
    let kinds = now.keys.sorted()
    let went = kinds.filter { rise($0, \.delivered) > 0 }
    let stuck = kinds.filter { rise($0, \.failed) > 0 && !went.contains($0) }
    if !stuck.isEmpty { return .waiting("Alertmanager cannot send by \(stuck.joined(separator: " and "))") }
    guard !went.isEmpty else { return .waiting("Alertmanager has sent no mail and no chat message") }
    let again = went.filter { rise($0, \.failed) > 0 }
    let note =
      again.isEmpty ? "" : ", after attempts that failed (\(again.joined(separator: ", "))): see Alertmanager's log"
    return .done("sent by \(went.joined(separator: " and "))\(note)")
  }

  // MARK: Asking

  /// That there is no answer that helps.
  struct Refusal: Error {
    let sight: Sight
  }

  private func ask(_ server: ServerURL, _ path: String) throws(Refusal) -> HTTPClient.Answer {
    guard let page = server.page(path) else {
      throw Refusal(sight: .refused("\(server.endpoint.authority): this is no URL", advice: "See the flags here."))
    }
    let answer: HTTPClient.Answer
    do throws(NetworkError) {
      answer = try HTTPClient.get(page, timeout: 5, authorization: server.authorization, trust: trust)
    } catch {
      throw Refusal(sight: Self.sight(of: error, server))
    }
    if answer.status == 401 || answer.status == 403 {
      let isNamed = server.authorization != nil
      throw Refusal(
        sight: .refused(
          "\(server.endpoint.authority) \(isNamed ? "does not take this user and password" : "wants a user and a password") (status \(answer.status))",
          advice:
            "The user is a part of the URL (https://USER@HOST), the password comes from the ...-password-file beside it."
        ))
    }
    // As servers written in Go answer: "Client sent an HTTP request to an HTTPS server."
    if answer.status == 400, server.endpoint.scheme == .http,
      String(decoding: answer.body.prefix(200), as: UTF8.self).split(separator: " ").contains("HTTPS")
    {
      throw Refusal(sight: .refused("\(server.endpoint.authority) speaks https", advice: "Write https:// in its URL."))
    }
    return answer
  }

  /// What a failed question says: a certificate that is not believed will not be in a minute either.
  private static func sight(of error: NetworkError, _ server: ServerURL) -> Sight {
    switch error {
    case .encryption(let reason):
      .refused(
        "\(server.endpoint.authority): \(reason)",
        advice: "Whose certificates are believed is said by --ca. Does it speak https at all?")
    case .alert(let reason):
      .refused(
        "\(server.endpoint.authority): no TLS: \(reason)",
        advice: "Does it want a client certificate? This tool has none.")
    case .unknownHost, .system, .timeout, .tooLarge, .closed, .notHTTP:
      .waiting("\(server.endpoint.authority): \(error.description)")
    }
  }

  private func object(_ answer: HTTPClient.Answer) -> JSONObject? {
    guard answer.status == 200 else { return nil }
    return try? JSONValue(parsing: answer.body).objectValue
  }
}

extension AlertWay.Sent {
  /// Those that arrived.
  var delivered: Double { total - failed }
}
