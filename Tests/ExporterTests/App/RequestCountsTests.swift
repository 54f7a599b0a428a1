import Testing

@testable import Exporter
@testable import Exposition

@Suite("Counted requests")
struct RequestCountsTests {
  @Test("are sorted by handler and code, those of the metrics' handler are there from the start")
  func sorted() {
    let counts = RequestCounts(handler: "/metrics")
    for (handler, code) in [("other", 404), ("/metrics", 400), ("/", 200), ("/metrics", 200), ("other", 404)] {
      counts.add(handler: handler, code: code)
    }
    var exposition = Exposition()
    counts.collect(into: &exposition)
    let samples = String(decoding: exposition.bytes, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(
      samples == [
        #"heartbeat_exporter_http_requests_total{handler="/",code="200"} 1"#,
        #"heartbeat_exporter_http_requests_total{handler="/metrics",code="200"} 1"#,
        #"heartbeat_exporter_http_requests_total{handler="/metrics",code="400"} 1"#,
        #"heartbeat_exporter_http_requests_total{handler="/metrics",code="500"} 0"#,
        #"heartbeat_exporter_http_requests_total{handler="/metrics",code="503"} 0"#,
        #"heartbeat_exporter_http_requests_total{handler="other",code="404"} 2"#,
      ])
  }
}
