import Testing

@testable import Exposition

@Suite("Formats")
struct FormatTests {
  private func text(_ format: ExpositionFormat, _ escaping: NameEscaping = .underscores) -> String {
    var exposition = Exposition(ExpositionStyle(format, escaping))
    exposition.family(MetricFamily("beats_total", .counter, "Say \"hi\", \\ and\nmore.")) { family in
      family.add(Labels(["process": "a"]), 1.5)
      family.add(Labels(), 2)
    }
    exposition.family(MetricFamily("age_seconds", .gauge, "Age."), 3)
    exposition.family(MetricFamily("io_read_bytes_total", .counter, "Read."), 4)
    exposition.family(MetricFamily("temp.cpu\"0", .gauge, "Heat.")) { family in
      family.add(Labels(["process": "a"]), 5)
      family.add(Labels(), 6)
      family.add(labels: Labels().bytes.span, "status", "x".utf8Span.span, 7)
    }
    exposition.end()
    return String(decoding: exposition.bytes, as: UTF8.self)
  }

  @Test("text 0.0.4")
  func text0_0_4() {
    #expect(
      text(.text0_0_4) == #"""
        # HELP beats_total Say "hi", \\ and\nmore.
        # TYPE beats_total counter
        beats_total{process="a"} 1.5
        beats_total 2
        # HELP age_seconds Age.
        # TYPE age_seconds gauge
        age_seconds 3
        # HELP io_read_bytes_total Read.
        # TYPE io_read_bytes_total counter
        io_read_bytes_total 4
        # HELP temp_cpu_0 Heat.
        # TYPE temp_cpu_0 gauge
        temp_cpu_0{process="a"} 5
        temp_cpu_0 6
        temp_cpu_0{status="x"} 7

        """#)
  }

  @Test("text 1.0.0 puts names that need it in quotes")
  func text1_0_0() {
    let expected = #"""
      # HELP "temp.cpu\"0" Heat.
      # TYPE "temp.cpu\"0" gauge
      {"temp.cpu\"0",process="a"} 5
      {"temp.cpu\"0"} 6
      {"temp.cpu\"0",status="x"} 7

      """#
    #expect(text(.text1_0_0, .allowUTF8).hasSuffix(expected))
    #expect(text(.text1_0_0, .allowUTF8).hasPrefix("# HELP beats_total Say"))
    #expect(text(.text1_0_0, .values).contains("\nU__temp_2e_cpu_22_0{process=\"a\"} 5\n"))
    #expect(text(.text1_0_0) == text(.text0_0_4))
  }

  @Test("OpenMetrics names counters without their suffix, says units, escapes quotes in help, and ends")
  func openMetrics() {
    #expect(
      text(.openMetrics1_0_0) == #"""
        # HELP beats Say \"hi\", \\ and\nmore.
        # TYPE beats counter
        beats_total{process="a"} 1.5
        beats_total 2
        # HELP age_seconds Age.
        # TYPE age_seconds gauge
        # UNIT age_seconds seconds
        age_seconds 3
        # HELP io_read_bytes Read.
        # TYPE io_read_bytes counter
        # UNIT io_read_bytes bytes
        io_read_bytes_total 4
        # HELP temp_cpu_0 Heat.
        # TYPE temp_cpu_0 gauge
        temp_cpu_0{process="a"} 5
        temp_cpu_0 6
        temp_cpu_0{status="x"} 7
        # EOF

        """#)
    #expect(text(.openMetrics1_0_0, .allowUTF8).contains("\n{\"temp.cpu\\\"0\",process=\"a\"} 5\n"))
  }

  @Test("a counter without the suffix is no counter in OpenMetrics")
  func counterWithoutSuffix() {
    var exposition = Exposition(ExpositionStyle(.openMetrics1_0_0, .underscores))
    exposition.family(MetricFamily("beats", .counter, "Beats."), 1)
    #expect(String(decoding: exposition.bytes, as: UTF8.self).contains("# TYPE beats unknown\n"))
  }
}
