import Testing

@testable import Exposition

@Suite("MetricName")
struct MetricNameTests {
  @Test(
    "keys become snake_case; what only newer readers take in a name stays",
    arguments: [
      (["offset"], "heartbeat_data_offset"), (["memory_usage", "heapTotal"], "heartbeat_data_memory_usage_heap_total"),
      (["HTTPRequests"], "heartbeat_data_http_requests"), (["userID"], "heartbeat_data_user_id"),
      (["x2Y"], "heartbeat_data_x2_y"), (["RSS"], "heartbeat_data_rss"), (["cpu-load %"], "heartbeat_data_cpu-load %"),
      (["größe"], "heartbeat_data_größe"), (["🙂"], "heartbeat_data_🙂"), ([""], "heartbeat_data_"),
      (["a", "", "b"], "heartbeat_data_a__b"), (["0"], "heartbeat_data_0"),
      (["line\nbreak\"}"], "heartbeat_data_line_break\"}"), (["a.b"], "heartbeat_data_a.b"),
    ])
  func table(keyPath: [String], expected: String) {
    #expect(MetricName.make(prefix: "heartbeat_data_", keyPath: keyPath) == expected)
  }
}
