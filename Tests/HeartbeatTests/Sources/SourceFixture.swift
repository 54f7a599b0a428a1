import Foundation
import Testing

@testable import Heartbeat

/// A folder of `Tests/Fixtures/sources`: `input/` with times such as `{{unix -8}}`, made fresh, and `expected.json`.
struct SourceFixture: Decodable, CustomTestStringConvertible, Sendable {
  struct Process: Decodable, Sendable {
    var age: Double?
    var pid: Int64?
    var status: String?
    var interval: Double?
    var host: String?
    var data: Data?
    /// Whether there is no other data.
    var exactly: Bool?

    /// The numbers of a process's data, by key path.
    struct Data: Decodable {
      var numbers: [String: Double] = [:]

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        for (key, value) in try container.decode([String: Value].self) { value.flatten(key, &numbers) }
      }

      private enum Value: Decodable {
        case number(Double)
        case object([String: Value])

        init(from decoder: any Decoder) throws {
          let container = try decoder.singleValueContainer()
          if let truth = try? container.decode(Bool.self) {
            self = .number(truth ? 1 : 0)
          } else if let number = try? container.decode(Double.self) {
            self = .number(number)
          } else {
            self = .object(try container.decode([String: Value].self))
          }
        }

        func flatten(_ path: String, _ numbers: inout [String: Double]) {
          switch self {
          case .number(let number): numbers[path] = number
          case .object(let object): for (key, value) in object { value.flatten(path + "." + key, &numbers) }
          }
        }
      }
    }
  }

  var about: String
  var processes: [String: Process]?
  var failure: String?
  var layout: String?
  var glob: String?
  var stars: Bool?
  var settings: [String: String]?
  var modified: [String: Double]?
  var encoding: String?
  /// The folder's name.
  var name = ""

  private enum CodingKeys: String, CodingKey {
    case about, processes, failure, layout, glob, stars, settings, modified, encoding
  }

  var testDescription: String { name }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Fixtures/sources").standardizedFileURL

  static let all: [SourceFixture] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.sorted().compactMap { name in
      guard let data = try? Data(contentsOf: folder.appending(path: "\(name)/expected.json")),
        var fixture = try? JSONDecoder().decode(SourceFixture.self, from: data)
      else { return nil }
      fixture.name = name
      return fixture
    }
  }()

  /// One file, made fresh.
  struct File {
    var facts: SourceFacts
    var bytes: [UInt8]
  }

  /// The files as they are written at a moment in a zone.
  func files(at now: Double, in zone: TestZone) throws -> [File] {
    let input = Self.folder.appending(path: "\(name)/input")
    let paths = try FileManager.default.subpathsOfDirectory(atPath: input.path).sorted()
    var files: [File] = []
    for path in paths {
      var isFolder: ObjCBool = false
      let url = input.appending(path: path)
      guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), !isFolder.boolValue,
        let stars = matched(path)
      else { continue }
      let raw = try Data(contentsOf: url)
      var ages: [Double] = []
      let bytes: [UInt8]
      if encoding == "utf-16-le", let text = String(data: raw, encoding: .utf16LittleEndian) {
        bytes = Array(try #require(TestTimes.fill(text, at: now, in: zone, &ages).data(using: .utf16LittleEndian)))
      } else if let text = String(data: raw, encoding: .utf8) {
        bytes = Array(TestTimes.fill(text, at: now, in: zone, &ages).utf8)
      } else {
        bytes = Array(raw)
      }
      let age = modified?[path] ?? ages.filter { $0 >= 0 }.min() ?? 0
      files.append(
        File(
          facts: SourceFacts(path: "/srv/" + path, stars: stars, modified: now - age, zone: zone.rules), bytes: bytes))
    }
    return files
  }

  /// What the stars of the pattern matched; nil when a path does not match.
  private func matched(_ path: String) -> [String]? {
    guard let glob else { return [] }
    let pattern = "^" + NSRegularExpression.escapedPattern(for: glob).replacing("\\*", with: "([^/]*)") + "$"
    guard let expression = try? NSRegularExpression(pattern: pattern),
      let match = expression.firstMatch(in: path, range: NSRange(path.startIndex..., in: path))
    else { return nil }
    guard stars != false else { return [] }
    return (1..<match.numberOfRanges).compactMap { Range(match.range(at: $0), in: path).map { String(path[$0]) } }
  }

  var sourceSettings: SourceSettings {
    var made = SourceSettings(path: "/srv/x")
    for (key, value) in settings ?? [:] {
      switch key {
      case "time": made.time = value == "mtime" ? .modified : SourceSettings.KeyPath(value).map { .key($0) }
      case "zone": made.zone = ZoneRules.named(value)
      case "each": made.each = SourceSettings.KeyPath(value)
      case "name": made.name = value
      case "pid": made.pid = SourceSettings.KeyPath(value).map { .key($0) } ?? .none
      case "status": made.status = SourceSettings.KeyPath(value).map { .key($0) } ?? .none
      case "data": made.data = SourceSettings.KeyPath(value)
      default: preconditionFailure("\(name): no setting is called \(key)")
      }
    }
    return made
  }
}
