import Flags
import Foundation
import Heartbeat
import Testing

@testable import Monitoring

/// A row of `Tests/Fixtures/situations/situations.json`, which the end-to-end tests try with real processes.
struct Situation: Decodable, CustomTestStringConvertible {
  struct Configured: Decodable {
    var stopped_status: [String]?
    var every: String?
    var grace: String?
    var max_duration: String?

    var plan: JobPlan? {
      func seconds(_ text: String?) -> Double? { text.flatMap { try? Durations.parse($0) } }
      guard every != nil || max_duration != nil else { return nil }
      return JobPlan(
        seconds(every).map { .every($0) }, grace: seconds(grace), longestRun: seconds(max_duration))
    }
  }

  /// What an entry says of a job's runs, its times as ages.
  struct Job: Decodable {
    var started: Double?
    var ended: Double?
    var exit_code: Double?
    var last_success: Double?

    func record(at now: Double) -> JobRecord {
      var record = JobRecord()
      record.started = started.map { now - $0 }
      record.ended = ended.map { now - $0 }
      record.lastSuccess = last_success.map { now - $0 }
      record.exitCode = exit_code
      return record
    }
  }

  var situation: String
  var age: Double?
  var seen: Double?
  var process: String
  var status: String?
  var timeout: Double
  var configured: Configured?
  var vanished: Bool?
  var job: Job?
  var watched: Double?
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

  /// What of the row its state as a job follows from; nil when it is none.
  private func job(_ situation: Situation, at now: Double) -> JobFacts? {
    let plan = situation.configured?.plan
    guard plan != nil || situation.job != nil else { return nil }
    let beat = situation.age.map {
      JobRecord(beat: now - $0, hasFailed: StoppedWords.isSame((situation.status ?? "").utf8, "failed"))
    }
    let moment = Moment(time: now, uptime: now)
    let job = MonitoredJob(
      situation.job?.record(at: now) ?? beat ?? JobRecord(), isSaid: situation.job != nil, plan,
      seen: moment.before(situation.seen ?? 0), watched: moment.before(situation.watched ?? 0), at: moment)
    return job.facts(at: moment)
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
      hasVanished: situation.vanished ?? false, job: job(situation, at: 1_700_000_000))
    #expect(facts.verdict.state.rawValue == situation.state)
    #expect(facts.verdict.reason.rawValue == situation.reason)
  }
}
