import Exposition
import Testing

@testable import Exporter

@Suite("Which format a scrape gets")
struct NegotiationTests {
  private static let text = "text/plain; version=0.0.4; charset=utf-8"
  private static let text1 = "text/plain; version=1.0.0; charset=utf-8; escaping="
  private static let openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping="

  @Test(
    "Accept chooses",
    arguments: [
      (nil, text), ("", text), ("*/*", text), ("text/plain", text), ("text/*;q=0.5", text), ("text/html", text),
      ("text/plain;version=0.0.4", text), ("TEXT/PLAIN; Version=0.0.4", text), ("application/json", text),
      // Prometheus 2.42
      (
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
          + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", openMetrics + "underscores"
      ),
      // Prometheus 3
      (
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
          + "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
          + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2", openMetrics + "allow-utf-8"
      ),
      // Prometheus 3 with native histograms, with `metric_name_escaping_scheme: values`
      (
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
          + "application/openmetrics-text;version=1.0.0;escaping=values;q=0.5,text/plain;version=1.0.0;escaping=values;"
          + "q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", openMetrics + "values"
      ),
      // Prometheus 2 before OpenMetrics
      (
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,"
          + "text/plain;version=0.0.4;q=0.3", text
      ),
      ("application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", text),
      ("application/openmetrics-text", openMetrics + "underscores"),
      ("application/openmetrics-text;version=\"1.0.0\"", openMetrics + "underscores"),
      ("application/openmetrics-text;version=2.0.0", text),
      ("application/openmetrics-text;q=0", text), ("application/openmetrics-text;q=0.1,text/plain;q=0.2", text),
      ("application/openmetrics-text;q=x,text/plain;version=1.0.0;q=0.1", text1 + "underscores"),
      ("text/plain;version=1.0.0", text1 + "underscores"), ("text/plain;version=1.0.0;escaping=dots", text1 + "dots"),
      ("text/plain;version=1.0.0;escaping=allow-utf-8", text1 + "allow-utf-8"),
      ("text/plain;version=1.0.0;escaping=klingon", text1 + "underscores"),
      ("text/plain;version=0.0.4;escaping=allow-utf-8", text),
      ("text/plain;version=0.0.4;escaping=values", text + "; escaping=values"),
      (";;,,=;q", text), ("text/plain;version=\"1.0.0", text),
    ] as [(String?, String)])
  func table(accept: String?, contentType: String) {
    #expect(ExpositionStyle.negotiate(accept: accept).contentType == contentType)
  }
}
