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

  @Test("each step says what to look at", arguments: AlertWay.Step.allCases)
  func advice(_ step: AlertWay.Step) {
    #expect(!step.advice.isEmpty && !step.rawValue.isEmpty)
  }
}
