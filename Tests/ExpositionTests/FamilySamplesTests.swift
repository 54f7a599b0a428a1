import Testing

@testable import Exposition

@Suite("Samples of a family")
struct FamilySamplesTests {
  /// What is written for one sample of each kind.
  private func lines(_ name: String, _ style: ExpositionStyle = .plain) -> [String] {
    var exposition = Exposition(style)
    let labels = Labels(["process": "a"])
    exposition.family(MetricFamily(name, .gauge, "One.")) { family in
      family.add(labels, 1.5)
      family.add(labels: labels.bytes.span, 2)
      family.add(labels: labels.bytes.span, microseconds: 3_250_000)
      family.add(labels: labels.bytes.span, "status", "x".utf8Span.span, 4)
      family.add(Labels(), 5)
      family.add(labels: Labels().bytes.span, microseconds: -250_000)
      family.add(labels: Labels().bytes.span, "status", "y".utf8Span.span, 6)
    }
    return String(decoding: exposition.bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// The same as it must be for a name of usual characters.
  private func expected(_ name: String) -> [String] {
    [
      "# HELP \(name) One.", "# TYPE \(name) gauge", #"\#(name){process="a"} 1.5"#, #"\#(name){process="a"} 2"#,
      #"\#(name){process="a"} 3.25"#, #"\#(name){process="a",status="x"} 4"#, "\(name) 5", "\(name) -0.25",
      #"\#(name){status="y"} 6"#,
    ]
  }

  @Test(
    "a name of any length stands whole in front of every sample",
    arguments: [1, 2, 94, 95, 96, 97, 98, 150, 1000, 70_000])
  func longNames(length: Int) {
    let name = String(repeating: "n", count: length)
    #expect(lines(name) == expected(name))
  }

  @Test("so does a quoted one", arguments: [1, 90, 93, 94, 95, 96, 150])
  func quotedNames(length: Int) {
    let name = "ä" + String(repeating: "n", count: length)
    let written = lines(name, ExpositionStyle(.text1_0_0, .allowUTF8))
    #expect(written[2] == #"{"\#(name)",process="a"} 1.5"#)
    #expect(written[4] == #"{"\#(name)",process="a"} 3.25"#)
    #expect(written[6] == #"{"\#(name)"} 5"#)
  }

  @Test("a family to which nothing was added is empty, one with a sample is not")
  func empty() {
    var exposition = Exposition()
    exposition.family(MetricFamily("up", .gauge, "One.")) { family in
      let before = family.isEmpty
      family.add(Labels(), 1)
      let after = family.isEmpty
      #expect(before && !after)
    }
  }

  @Test("labels of any length are written whole", arguments: [1, 30, 100, 1000, 100_000])
  func longLabels(length: Int) {
    let value = String(repeating: "v", count: length)
    var exposition = Exposition()
    exposition.family(MetricFamily("up", .gauge, "One.")) { $0.add(Labels(["process": value]), 1) }
    #expect(String(decoding: exposition.bytes, as: UTF8.self).hasSuffix("\nup{process=\"\(value)\"} 1\n"))
  }
}
