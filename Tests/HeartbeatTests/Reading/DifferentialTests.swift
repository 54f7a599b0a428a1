import Foundation
import JSON
import Testing

@testable import Heartbeat

/// Small numbers that look random and are the same in each run (xorshift64).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}

@Suite("Our reader beside JSONSerialization")
struct DifferentialTests {
  /// Writes random values as JSON text, with the odd spelling that writers have.
  struct Writer {
    var random: SeededGenerator

    mutating func value(depth: Int) -> String {
      switch Int.random(in: 0..<(depth > 4 ? 6 : 8), using: &random) {
      case 0: return "true"
      case 1: return "false"
      case 2: return "null"
      case 3: return String(Int.random(in: -1_000_000...1_000_000, using: &random))
      case 4:
        let double =
          Double.random(in: -1e6...1e6, using: &random) * pow(10, Double(Int.random(in: -20...20, using: &random)))
        return "\(double)"
      case 5: return string()
      case 6:
        let count = Int.random(in: 0..<4, using: &random)
        return "[" + (0..<count).map { _ in value(depth: depth + 1) }.joined(separator: space() + ",") + "]"
      default: return object(depth: depth + 1)
      }
    }

    mutating func object(depth: Int) -> String {
      let count = Int.random(in: 0..<6, using: &random)
      let members = (0..<count).map {
        "\"k\($0)\(["", "é", "\\n", "\\u0041"].randomElement(using: &random) ?? "")\"\(space()):\(space())\(value(depth: depth))"
      }
      return "{" + space() + members.joined(separator: ",") + space() + "}"
    }

    mutating func string() -> String {
      let parts = ["a", "ü", "🙂", "\\\"", "\\\\", "\\/", "\\u00e9", "\\ud83d\\ude42", "\\t", " ", "\\u0000"]
      return "\""
        + (0..<Int.random(in: 0..<6, using: &random)).map { _ in parts.randomElement(using: &random) ?? "" }.joined()
        + "\""
    }

    mutating func space() -> String {
      ["", "", " ", "\n  ", "\t"].randomElement(using: &random) ?? ""
    }

    mutating func document() -> String {
      let processes = (0..<Int.random(in: 0..<5, using: &random)).map { index in
        "\"p\(index)\":\(space()){\"last_heartbeat\": \(Int.random(in: 0...2_000_000_000, using: &random)),"
          + "\"additional_data\":\(object(depth: 0))}"
      }
      return "{\"processes\":{" + processes.joined(separator: "," + space()) + "},\"x\":\(value(depth: 0))}"
    }
  }

  /// The numbers of an object by their paths, as JSONSerialization sees them.
  static func numbers(_ object: [String: Any], prefix: String = "") -> [String: Double] {
    var result: [String: Double] = [:]
    for (key, value) in object {
      if let inner = value as? [String: Any] {
        result.merge(numbers(inner, prefix: prefix + key + ".")) { $1 }
      } else if let number = value as? NSNumber {
        result[prefix + key] = number.doubleValue
      }
    }
    return result
  }

  @Test("thousands of generated files are read the same")
  func wellFormed() throws {
    var writer = Writer(random: SeededGenerator(state: 20_250_703))
    for _ in 0..<3000 {
      let text = writer.document()
      let theirs = try #require(
        try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
      let processes = try #require(theirs["processes"] as? [String: [String: Any]])
      let ours = HeartbeatSnapshotTests.plain(try HeartbeatSnapshot(parsing: Array(text.utf8)))
      #expect(Set(ours.map(\.name)) == Set(processes.keys))
      for process in ours {
        let data = processes[process.name]?["additional_data"] as? [String: Any] ?? [:]
        let expected = DifferentialTests.numbers(data)
        #expect(Set(process.numbers.keys) == Set(expected.keys), "\(text)")
        for (key, value) in process.numbers {
          // JSONSerialization is off by a unit in the last place now and then; the test below is exact.
          #expect(abs(value - (expected[key] ?? .nan)) <= abs(value) * 1e-15, "\(key) in \(text)")
        }
      }
    }
  }

  @Test("thousands of damaged files are refused or read as by JSONSerialization")
  func damaged() {
    var writer = Writer(random: SeededGenerator(state: 42))
    var refused = 0
    for _ in 0..<6000 {
      var bytes = Array(writer.document().utf8)
      let place = Int.random(in: 0..<bytes.count, using: &writer.random)
      bytes[place] = Array("{}[]\",:0 xe-.".utf8).randomElement(using: &writer.random) ?? 0
      // Ours repairs such text on purpose, so that one odd name does not cost the file.
      guard String(validating: bytes, as: UTF8.self) != nil else { continue }
      // Where Foundation differs from RFC 8259 or the RFC leaves a choice: numbers that no double can hold, halves of
      // surrogate pairs, a comma behind the last element.
      let text = String(decoding: bytes, as: UTF8.self)
      guard text.firstMatch(of: /[0-9]e[+-]?[0-9]{3}|d83d|ude42|,\s*[}\]]/) == nil else { continue }
      let theirs = (try? JSONSerialization.jsonObject(with: Data(bytes))) != nil
      var ours = true
      do throws(JSONParseError) {
        _ = try HeartbeatSnapshot(parsing: bytes)
      } catch {
        if case .wrongShape = error {} else { ours = false }
      }
      if !ours { refused += 1 }
      #expect(ours == theirs, "\(text)")
    }
    #expect(refused > 500)
  }

  @Test("numbers are the nearest double, as strtod has it")
  func numbers() throws {
    var random = SeededGenerator(state: 7)
    for _ in 0..<20_000 {
      let bits = Double(bitPattern: random.next())
      guard bits.isFinite else { continue }
      let texts = [
        "\(bits)", String(format: "%.17g", bits), String(format: "%.3f", bits.truncatingRemainder(dividingBy: 1e12)),
      ]
      for text in texts {
        let snapshot = try HeartbeatSnapshotTests.parse(processes: "\"a\":{\"last_heartbeat\":1,\"x\":\(text)}")
        #expect(snapshot.numbers.first?.value == Double(text), "\(text)")
      }
    }
  }
}
