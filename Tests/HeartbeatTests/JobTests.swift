import JSON
import Testing

@testable import Heartbeat

@Suite("What is told of a job's runs")
struct JobRecordTests {
  private func read(_ job: String) throws -> (JobRecord?, [String]) {
    let text = #"{"processes":{"a":{"last_heartbeat":1,"job":\#(job)}}}"#
    let snapshot = try HeartbeatSnapshot(parsing: Array(text.utf8))
    #expect(snapshot.entries.count == 1, "the rest of the process counts")
    let record = snapshot.entries[0].job.map { snapshot.jobs[$0] }
    return (record, snapshot.problems.map { "\($0.reason.rawValue) \(text.utf8.count - ($0.offset ?? 0))" })
  }

  @Test("is read")
  func whole() throws {
    let (record, problems) = try read(
      """
      {"started": 1700000000.5, "ended": 1700000063, "exit_code": 3, "duration_seconds": 62.5, "last_success": 1690000000,
       "runs": 12, "failures": 1, "other": {"deep": [1]}}
      """)
    var expected = JobRecord()
    (expected.started, expected.ended, expected.exitCode) = (1_700_000_000.5, 1_700_000_063, 3)
    (expected.durationSeconds, expected.lastSuccess, expected.runs, expected.failures) = (62.5, 1_690_000_000, 12, 1)
    #expect(record == expected && problems.isEmpty)
    #expect(record?.hasFailed == true && record?.isRunning == false)
  }

  @Test("in milliseconds, as texts and with nulls is read too")
  func spelling() throws {
    let (record, problems) = try read(#"{"started": 1700000000500, "ended": null, "runs": "12"}"#)
    #expect(record?.started == 1_700_000_000.5 && record?.ended == nil && record?.runs == 12 && problems.isEmpty)
    #expect(record?.isRunning == true && record?.hasFailed == false)
  }

  @Test("is none where it says nothing", arguments: ["null"])
  func none(job: String) throws {
    let (record, problems) = try read(job)
    #expect(record == nil && problems.isEmpty)
  }

  @Test(
    "is named where it cannot be, and the rest of it counts",
    arguments: [
      #""backup""#, "7", "true", "[]", "{}", #"{"id": 5}"#, #"{"runs": 5}"#,
      #"{"started": 0}"#, #"{"started": -1}"#, #"{"started": 1e300}"#, #"{"started": 1e999}"#, #"{"started": "soon"}"#,
      #"{"started": {}}"#, #"{"ended": 253402300800000000000000}"#,
    ])
  func bad(job: String) throws {
    let (record, problems) = try read(job)
    #expect(record == nil)
    #expect(problems.count == 1 && problems.allSatisfy { $0.hasPrefix("bad_job ") }, "\(problems)")
  }

  @Test(
    "leaves out single values that cannot be",
    arguments: [
      #""duration_seconds": -1"#, #""duration_seconds": 1e999"#, #""exit_code": 0.5"#, #""exit_code": 1e10"#,
      #""runs": -1"#, #""runs": 0.5"#, #""runs": 1e300"#, #""failures": "many""#, #""last_success": []"#,
      #""exit_code": true"#,
    ])
  func badValue(value: String) throws {
    let (record, problems) = try read("{\"ended\": 1700000000, \(value)}")
    var expected = JobRecord()
    expected.ended = 1_700_000_000
    #expect(record == expected)
    #expect(problems.count == 1 && problems.allSatisfy { $0.hasPrefix("bad_job ") }, "\(problems)")
  }

  @Test("is the same whether it is read anew or again")
  func again() throws {
    var reader = SnapshotReader()
    var spare = HeartbeatSnapshot()
    for runs in [1, 2, 2, 3, 1] {
      let text = #"{"processes":{"b":{"last_heartbeat":1},"a":{"last_heartbeat":2,"job":{"ended":5,"runs":\#(runs)}}}}"#
      let snapshot = try reader.read(Array(text.utf8), into: &spare)
      #expect(snapshot.entries.map { $0.job.map { snapshot.jobs[$0].runs } } == [nil, Double(runs)])
    }
  }

  @Test(
    "of several in one entry the last counts, and one of an entry that is left out is nobody's",
    arguments: [
      (#""a":{"last_heartbeat":1,"job":{"ended":5,"runs":1},"job":{"ended":5,"runs":2}}"#, [2]),
      (#""a":{"last_heartbeat":1,"job":{"ended":5,"runs":1},"job":null}"#, [nil]),
      (#""a":{"last_heartbeat":1,"job":{"ended":5,"runs":1},"job":7}"#, [nil]),
      (
        #""bad":{"job":{"ended":5,"runs":1}},"a":{"last_heartbeat":1},"b":{"last_heartbeat":1,"job":{"ended":5,"runs":3}}"#,
        [nil, 3]
      ),
    ] as [(String, [Double?])])
  func several(entries: String, runs: [Double?]) throws {
    let snapshot = try HeartbeatSnapshot(parsing: Array("{\"processes\":{\(entries)}}".utf8))
    #expect(snapshot.entries.map { $0.job.flatMap { snapshot.jobs[$0].runs } } == runs)
    #expect(snapshot.jobs.count == runs.compactMap(\.self).count)
  }

  // MARK: Writing

  private func tell(_ events: [JobEvent], over old: JSONObject = [:], at now: Double) -> JSONObject {
    events.reduce(old) { $1.applied(to: $0, at: now) }
  }

  @Test("a run that succeeds, one that fails, and one whose start nobody told")
  func runs() {
    var job = tell([JobEvent(.start)], at: 1_000)
    #expect(job == ["started": 1000.0])
    job = tell([JobEvent(.success)], over: job, at: 1_063.5)
    #expect(
      job == [
        "started": 1000.0, "ended": 1063.5, "exit_code": 0, "duration_seconds": 63.5, "last_success": 1063.5,
        "runs": 1, "failures": 0,
      ])
    job = tell([JobEvent(.start)], over: job, at: 2_000)
    #expect(JobRecord(job).isRunning)
    job = tell([JobEvent(.fail, exitCode: 3)], over: job, at: 2_010)
    #expect(JobRecord(job).hasFailed && JobRecord(job).lastSuccess == 1_063.5)
    #expect(job["exit_code"] == 3 && job["duration_seconds"] == 10.0 && job["runs"] == 2 && job["failures"] == 1)
    #expect(tell([JobEvent(.fail, exitCode: 3)], over: job, at: 2_010) == job, "told again, since the answer was lost")
    #expect(tell([JobEvent(.fail, exitCode: 4)], over: job, at: 2_010)["runs"] == 3, "another end in the same moment")
    job = tell([JobEvent(.success)], over: job, at: 3_000)
    #expect(job["duration_seconds"] == nil && job["last_success"] == 3000.0 && job["runs"] == 3)
  }

  @Test("keys that nobody knows stay, and what cannot be is written anew")
  func foreign() {
    let job = tell([JobEvent(.fail)], over: ["x": [1], "runs": "many", "failures": -3, "started": "soon"], at: 1_000)
    #expect(job["x"] == [1] && job["runs"] == 1 && job["failures"] == 1 && job["exit_code"] == 1)
  }

  @Test("a clock that was set back makes no run that never ends")
  func clockSetBack() {
    let job = tell(
      [JobEvent(.end(exitCode: 0, isSuccess: true), durationSeconds: 5)], over: ["started": 9000.0], at: 1_000)
    #expect(!JobRecord(job).isRunning && job["started"] == 995.0 && job["duration_seconds"] == 5.0)
    #expect(tell([JobEvent(.success)], over: ["started": 9000.0], at: 1_000)["duration_seconds"] == nil)
  }

  @Test("the exit code decides whether a run succeeded")
  func exitCode() {
    #expect(JobEvent(.fail, exitCode: 0).kind == .end(exitCode: 0, isSuccess: true))
    #expect(JobEvent(.success, exitCode: 3).kind == .end(exitCode: 3, isSuccess: false))
    #expect(JobEvent(.success).word == .success && JobEvent(.fail).word == .fail && JobEvent(.start).word == .start)
  }

  @Test("counts have an end that is exact")
  func counts() {
    let job = tell([JobEvent(.success)], over: ["runs": 9_007_199_254_740_992], at: 1)
    #expect(job["runs"] == 9_007_199_254_740_992)
  }

  private func merged(_ beats: [Beat], into text: String, now: Double, oldest: Double? = nil) throws -> JSONObject {
    let bytes = try HeartbeatMerge(beats, into: Array(text.utf8), now: now, removingBefore: oldest).bytes
    return try #require(try JSONValue(parsing: bytes).objectValue?["processes"]?.objectValue)
  }

  @Test("is written into its entry; a usual beat, and the data of a failure, leave what stands there")
  func entry() throws {
    var text = ""
    func write(_ beat: Beat, at now: Double) throws -> JSONObject {
      let bytes = try HeartbeatMerge([beat], into: Array(text.utf8), now: now, removingBefore: now - 100).bytes
      text = String(decoding: bytes, as: UTF8.self)
      return try #require(try JSONValue(parsing: bytes).objectValue?["processes"]?.objectValue?["a"]?.objectValue)
    }
    var entry = try write(.job("a", JobEvent(.start), pid: 7), at: 1_000)
    #expect(entry["status"] == "running" && entry["pid"] == 7)
    entry = try write(.job("a", JobEvent(.success), additionalData: ["files": 12]), at: 1_010)
    #expect(entry["status"] == "succeeded" && entry["pid"] == nil && entry["additional_data"] == ["files": 12])
    entry = try write(.job("a", JobEvent(.fail), additionalData: ["error": "full"]), at: 1_020)
    #expect(entry["additional_data"] == ["files": 12, "error": "full"])
    let job = entry["job"]
    entry = try write(Beat("a", additionalData: ["job": 5]), at: 1_030)
    #expect(entry["job"] == job && entry["status"] == "alive")
    entry = try write(.job("b", JobEvent(.start)), at: 50_000)
    #expect(entry["job"] == job, "no clean-up takes it before a year is over")
    let all = try merged(
      [.job("b", JobEvent(.start))], into: text, now: 1_030 + JobRecord.keptLonger + 101,
      oldest: 1_030 + JobRecord.keptLonger + 1)
    #expect(all["a"] == nil)
  }

  @Test("events that are written together are all told, each with its time")
  func together() throws {
    let beats = [Beat.job("a", JobEvent(.start), time: 1_000), .job("a", JobEvent(.success), time: 1_010)]
    let entry = try merged([beats[1].following(beats[0])], into: "", now: 2_000)["a"]?.objectValue
    #expect(entry?["job"]?.objectValue?["duration_seconds"] == 10.0)
    #expect(entry?["status"] == "succeeded")
  }
}
