import Testing

@testable import Exposition

@Suite("Exposition")
struct ExpositionTests {
  private let age = MetricFamily("heartbeat_age_seconds", .gauge, "now - last_heartbeat.\nBackslash: \\")

  private func text(_ write: (inout Exposition) -> Void) -> String {
    var exposition = Exposition()
    write(&exposition)
    return String(decoding: exposition.bytes, as: UTF8.self)
  }

  @Test("a family is its help, its type and its samples")
  func family() {
    let written = text { exposition in
      exposition.family(age) { samples in
        samples.add(Labels(["process": "bidder"]), 1.5)
        samples.add(Labels(), 2)
        samples.add(labels: Labels(["process": "a"]).bytes.span, "status", "scanning".utf8Span.span, 1)
        samples.add(labels: Labels().bytes.span, "status", "x".utf8Span.span, -1)
      }
    }
    #expect(
      written == #"""
        # HELP heartbeat_age_seconds now - last_heartbeat.\nBackslash: \\
        # TYPE heartbeat_age_seconds gauge
        heartbeat_age_seconds{process="bidder"} 1.5
        heartbeat_age_seconds 2
        heartbeat_age_seconds{process="a",status="scanning"} 1
        heartbeat_age_seconds{status="x"} -1

        """#)
  }

  @Test("a family without samples is not there at all")
  func emptyFamily() {
    let written = text { exposition in
      exposition.family(age) { _ in }
      exposition.family(MetricFamily("up", .gauge, "One."), 1)
      exposition.family(age) { _ in }
    }
    #expect(written == "# HELP up One.\n# TYPE up gauge\nup 1\n")
  }

  @Test(
    "label values are escaped",
    arguments: [
      (#"C:\dir"#, #"C:\\dir"#), ("say \"hi\"", #"say \"hi\""#), ("two\nlines", #"two\nlines"#), ("🙂}{,=", "🙂}{,="),
      ("", ""), ("\r\t", "\r\t"),
    ])
  func escaping(value: String, expected: String) {
    #expect(Labels(["process": value]).bytes == Array("process=\"\(expected)\"".utf8))
  }

  @Test("bytes that somebody still holds are not written over")
  func sharing() {
    var exposition = Exposition()
    exposition.family(age, 1)
    let sent = exposition.bytes
    exposition.removeAll()
    exposition.family(age, 2)
    #expect(sent.suffix(3) == Array(" 1\n".utf8))
    #expect(exposition.bytes.suffix(3) == Array(" 2\n".utf8))
  }
}
