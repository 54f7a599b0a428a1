import Heartbeat
import Testing

@testable import HeartbeatTool

@Suite("The way of an alert")
struct AlertWayTests {
  @Test("what Alertmanager has sent is added up by kind, and webhooks are left out")
  func sent() {
    let text = """
      # TYPE alertmanager_notification_requests_total counter
      alertmanager_notification_requests_total{integration="email"} 3
      alertmanager_notification_requests_total{receiver_name="critical",integration="slack"} 2
      alertmanager_notification_requests_total{receiver_name="warning",integration="slack"} 1e0
      alertmanager_notification_requests_failed_total{integration="slack"} 1
      alertmanager_notification_requests_total{integration="webhook"} 99
      alertmanager_notifications_total{integration="email"} 77
      """
    let sent = AlertWay.sent(in: Array(text.utf8))
    #expect(sent == ["email": .init(total: 3, failed: 0), "slack": .init(total: 3, failed: 1)])
    #expect(sent["slack"]?.delivered == 2)
  }

  @Test(
    "what is no metric of Alertmanager's counts nothing",
    arguments: [
      "", "\n\n", "alertmanager_notification_requests_total{",
      "alertmanager_notification_requests_total{integration=\"email\"}",
      "alertmanager_notification_requests_total{integration=\"email\"} NaN",
      "alertmanager_notification_requests_total{integration=\"email\"} +Inf",
      "alertmanager_notification_requests_total{integration=\"email\"} many",
      "alertmanager_notification_requests_total{receiver=\"a\"} 1",
      "alertmanager_notification_requests_total{integration=} 1", "\u{0}\u{ff}",
    ])
  func hostile(_ text: String) {
    #expect(AlertWay.sent(in: Array(text.utf8)) == [:])
  }

  @Test("the beat of a test says that its process ended, and names none")
  func beat() {
    let beat = AlertWay.beat(at: 5)
    #expect(beat.status == "stopped" && beat.pid == nil && beat.time == 5 && beat.additionalData?["test_alert"] == 1)
  }

  private typealias Counts = [String: AlertWay.Sent]

  @Test("what failed and then went out is not stuck, and what failed alone is")
  func attempts() {
    let before: Counts = ["email": .init(total: 5, failed: 2), "slack": .init(total: 1)]
    func sight(_ changes: (inout Counts) -> Void) -> AlertWay.Sight {
      var now = before
      changes(&now)
      return AlertWay.sight(of: now, since: before)
    }
    #expect(sight { _ in } == .waiting("Alertmanager has sent no mail and no chat message"))
    #expect(sight { $0["email"] = .init(total: 6, failed: 2) } == .done("sent by email"))
    #expect(sight { $0["email"] = .init(total: 6, failed: 3) } == .waiting("Alertmanager cannot send by email"))
    #expect(
      sight { $0["email"] = .init(total: 7, failed: 3) }
        == .done("sent by email, after attempts that failed (email): see Alertmanager's log"))
    #expect(
      sight {
        $0["email"] = .init(total: 6, failed: 2)
        $0["slack"] = .init(total: 2, failed: 1)
      } == .waiting("Alertmanager cannot send by slack"))
    #expect(sight { $0["new"] = .init(total: 1) } == .done("sent by new"))
  }

  @Test("each step says what to look at", arguments: AlertWay.Step.allCases)
  func advice(_ step: AlertWay.Step) {
    #expect(!step.advice.isEmpty && !step.rawValue.isEmpty)
  }
}
