import JSON
import Testing

@testable import HeartbeatTool

@Suite("Network")
struct NetworkTests {
  @Test("reads samples")
  func metrics() {
    let text = """
      # HELP a help
      # TYPE a gauge
      a{process="x \\"y\\" \\n\\\\",z="1"} 1.5
      a 2e3 1700000000
      a{broken 3
      a{x="open} 3
      b NaN
      c 1
      """
    let reader = MetricsReader(Array(text.utf8)) { $0 != "c" }
    #expect(
      reader["a"] == [
        .init(labels: ["process": "x \"y\" \n\\", "z": "1"], value: 1.5), .init(labels: [:], value: 2000),
      ])
    #expect(reader["b"].first?.value.isNaN == true)
    #expect(reader["c"].isEmpty)
  }
}
