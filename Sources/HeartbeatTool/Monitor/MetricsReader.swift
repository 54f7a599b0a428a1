internal import POSIX

/// Samples by metric name, read from the text exposition format (Prometheus, "Exposition formats").
struct MetricsReader: Sendable {
  /// One sample.
  struct Sample: Hashable, Sendable {
    var labels: [ExactText: String]
    var value: Double
  }

  /// The longest line that is read; a longer one is passed over.
  static let longestLine = 65_536
  /// The most samples that are kept.
  static let mostSamples = 1_000_000

  private(set) var samples: [ExactText: [Sample]] = [:]

  /// Reads the samples of metrics whose name `isWanted`; lines that are not well-formed are passed over.
  init(_ bytes: [UInt8], isWanted: (String) -> Bool) {
    var count = 0
    for line in bytes.split(separator: UInt8(ascii: "\n")) where line.count <= Self.longestLine {
      guard line.first != UInt8(ascii: "#"), count < Self.mostSamples else { continue }
      let nameBytes = line.prefix { $0 != UInt8(ascii: "{") && $0 != UInt8(ascii: " ") }
      let name = String(decoding: nameBytes, as: UTF8.self)
      guard !name.isEmpty, isWanted(name) else { continue }
      var rest = line[nameBytes.endIndex...]
      guard let labels = Self.labels(&rest) else { continue }
      let text = rest.drop { $0 == UInt8(ascii: " ") }.prefix { $0 != UInt8(ascii: " ") }
      guard let value = Double(String(decoding: text, as: UTF8.self)) else { continue }
      samples[ExactText(name), default: []].append(Sample(labels: labels, value: value))
      count += 1
    }
  }

  /// The samples of a metric.
  subscript(name: String) -> [Sample] { samples[ExactText(name)] ?? [] }

  /// Reads `{name="value",...}` at the beginning, if it is there; nil when it is broken.
  private static func labels(_ rest: inout ArraySlice<UInt8>) -> [ExactText: String]? {
    guard rest.first == UInt8(ascii: "{") else { return [:] }
    rest = rest.dropFirst()
    var labels: [ExactText: String] = [:]
    while let byte = rest.first {
      if byte == UInt8(ascii: "}") {
        rest = rest.dropFirst()
        return labels
      }
      if byte == UInt8(ascii: ",") || byte == UInt8(ascii: " ") {
        rest = rest.dropFirst()
        continue
      }
      let name = rest.prefix { $0 != UInt8(ascii: "=") }
      rest = rest[name.endIndex...].dropFirst()
      guard rest.first == UInt8(ascii: "\"") else { return nil }
      rest = rest.dropFirst()
      var value: [UInt8] = []
      while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
        guard byte == UInt8(ascii: "\\") else {
          value.append(byte)
          continue
        }
        guard let escaped = rest.popFirst() else { return nil }
        value.append(escaped == UInt8(ascii: "n") ? 0x0A : escaped)
      }
      labels[ExactText(String(decoding: name, as: UTF8.self))] = String(decoding: value, as: UTF8.self)
    }
    return nil
  }
}
