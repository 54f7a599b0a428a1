import Foundation
import Testing

@testable import Monitoring

/// A row of `Tests/Fixtures/situations/situations.json`, which the end-to-end tests try with real processes.
struct Situation: Decodable, CustomTestStringConvertible {
  struct Configured: Decodable {
    var stopped_status: [String]?
  }

  var situation: String
  var age: Double?
  var seen: Double?
  var process: String
  var status: String?
  var timeout: Double
  var configured: Configured?
  var vanished: Bool?
  var state: String
  var reason: String
  var up: Bool?

  var testDescription: String { situation }

  static let all: [Situation] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/situations/situations.json")
    return (try? JSONDecoder().decode([Situation].self, from: Data(contentsOf: file))) ?? []
  }()

  var existence: Existence? {
    switch process {
    case "running", "main thread ended", "match", "gone, match": .yes(pid: 7, isSuspended: false)
    case "suspended": .yes(pid: 7, isSuspended: true)
    case "gone", "no match": .no(.gone)
    case "zombie": .no(.zombie)
    case "reused": .no(.reused)
    case "none", "remote", "kernel thread", "hidden", "impossible pid": .unknown
    default: nil
    }
  }
}

@Suite("Situations")
struct SituationsTests {
  @Test("the table is there")
  func tableIsThere() {
    #expect(Situation.all.count >= 40)
    let reasons = Set(Situation.all.map(\.reason))
    #expect(reasons == Set(StateReason.allCases.map(\.rawValue)), "each reason stands in some row")
  }

  @Test("each has one state with one reason", arguments: Situation.all)
  func verdict(situation: Situation) throws {
    let existence = try #require(situation.existence)
    #expect(existence.isUp == situation.up)
    let facts = Facts(
      age: situation.age, ageSinceSeen: situation.seen, timeout: situation.timeout, existence: existence,
      saidStopped: situation.status.map {
        StoppedWords.contains($0.utf8, further: situation.configured?.stopped_status ?? [])
      } ?? false,
      hasVanished: situation.vanished ?? false)
    #expect(facts.verdict.state.rawValue == situation.state)
    #expect(facts.verdict.reason.rawValue == situation.reason)
  }
}
