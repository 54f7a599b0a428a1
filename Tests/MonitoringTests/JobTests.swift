import Heartbeat
import Testing
import YAML

@testable import Monitoring

@Suite("Jobs")
struct JobTests {
  /// Reads contents of a file as the watch does, and judges everybody without a look into /proc.
  private struct Watched {
    var monitored = MonitoredProcesses(MonitoringSettings(timeout: 60, retention: 100, hostname: []))
    var configured: [ProcessConfiguration] = []
    var reader = SnapshotReader()

    init(_ plan: JobPlan? = nil) {
      guard let plan else { return }
      var process = ProcessConfiguration(name: "job")
      process.job = plan
      configured = [process]
    }

    mutating func read(_ processes: String, at now: Double) throws {
      var spare = HeartbeatSnapshot()
      let snapshot = try reader.read(Array("{\"processes\": {\(processes)}}".utf8), into: &spare)
      if snapshot.changes.keepsProcesses, monitored.generation > 0 {
        _ = monitored.takeOver(snapshot, configured: configured, at: now)
      } else {
        monitored.join(snapshot, configured: configured, modified: { _ in nil }, at: now)
      }
      judge(at: now)
    }

    mutating func judge(at now: Double) {
      for place in monitored.processes.indices { monitored.judge(place, .unknown, at: now) }
    }

    var process: MonitoredProcess? { monitored.place(of: "job").map { monitored.processes[$0] } }
    var word: String? { process?.verdict.map { "\($0.state.rawValue) \($0.reason.rawValue)" } }
  }

  private static func job(_ time: Double, _ status: String, _ job: String) -> String {
    #""job": {"last_heartbeat": \#(time), "status": "\#(status)", "job": {\#(job)}}"#
  }

  @Test("the life of a job: it runs, succeeds, is late, fails, runs again and is well again")
  func life() throws {
    var watched = Watched(JobPlan(.every(1_000), grace: 100, longestRun: 50))
    try watched.read("", at: 10_000)
    #expect(watched.word == "never never_seen" && watched.process?.job?.due == 11_000)
    try watched.read(Self.job(10_100, "running", #""started": 10100"#), at: 10_100)
    #expect(watched.word == "alive job_running")
    watched.judge(at: 10_151)
    #expect(watched.word == "hung job_overdue")
    try watched.read(
      Self.job(10_160, "succeeded", #""started": 10100, "ended": 10160, "exit_code": 0, "last_success": 10160"#),
      at: 10_160)
    #expect(watched.word == "alive job_succeeded" && watched.process?.job?.due == 11_160)
    watched.judge(at: 11_260)
    #expect(watched.word == "alive job_succeeded")
    watched.judge(at: 11_261)
    #expect(watched.word == "dead job_late")
    try watched.read(
      Self.job(11_300, "failed", #""started": 11290, "ended": 11300, "exit_code": 3, "last_success": 10160"#),
      at: 11_300)
    #expect(watched.word == "dead job_failed")
    try watched.read(
      Self.job(11_400, "running", #""started": 11400, "ended": 11300, "exit_code": 3, "last_success": 10160"#),
      at: 11_400)
    #expect(watched.word == "dead job_late", "its run has its time, and no more")
    try watched.read(
      Self.job(11_410, "succeeded", #""started": 11400, "ended": 11410, "exit_code": 0, "last_success": 11410"#),
      at: 11_410)
    #expect(watched.word == "alive job_succeeded" && watched.process?.job?.due == 12_410)
  }

  @Test("a process that begins to tell of runs becomes a job, and one that ends to do so is none any more")
  func becomesJob() throws {
    var watched = Watched()
    try watched.read(#""job": {"last_heartbeat": 1000}"#, at: 1000)
    #expect(watched.process?.job == nil && watched.process?.timeout == 60)
    try watched.read(Self.job(1010, "running", #""started": 1010"#), at: 1010)
    #expect(watched.word == "alive job_running" && watched.process?.timeout == .infinity)
    try watched.read(#""job": {"last_heartbeat": 1020}"#, at: 1020)
    #expect(watched.word == "alive beating" && watched.process?.timeout == 60)
  }

  @Test("which job was waited for since when stays when the file and the configuration are read again")
  func waitedFor() throws {
    var watched = Watched(JobPlan(.every(1_000), grace: 0))
    try watched.read("", at: 10_000)
    try watched.read(#""other": {"last_heartbeat": 10900}"#, at: 10_900)
    #expect(watched.process?.job?.due == 11_000)
    try watched.read(#""other": {"last_heartbeat": 11001}"#, at: 11_001)
    #expect(watched.word == "dead job_late")
  }

  @Test(
    "a run that ended without an exit code went as its word says; without a word nobody knows that it went well",
    arguments: [("succeeded", "alive job_succeeded"), ("failed", "dead job_failed"), ("idle", "dead job_failed")])
  func withoutExitCode(status: String, word: String) throws {
    var watched = Watched()
    try watched.read(Self.job(1_000, status, #""started": 900, "ended": 1000"#), at: 1_010)
    #expect(watched.word == word)
  }

  @Test(
    "what beats is no job any more once the configuration does not say so, though its entry has vanished",
    arguments: [true, false])
  func plainAgain(isConfigured: Bool) throws {
    var watched = Watched(JobPlan(.every(50)))
    try watched.read(#""job": {"last_heartbeat": 1000}"#, at: 1_000)
    try watched.read(#""x": {"last_heartbeat": 1010}"#, at: 1_010)
    #expect(watched.word == "alive job_succeeded")
    watched.configured = isConfigured ? [ProcessConfiguration(name: "job")] : []
    try watched.read(#""y": {"last_heartbeat": 1070}"#, at: 1_070)
    #expect(watched.word?.hasPrefix("dead ") == true && watched.process?.job == nil)
    // What its entry said of its runs stays true.
    watched = Watched(JobPlan(.every(50)))
    try watched.read(Self.job(1_000, "succeeded", #""ended": 1000, "exit_code": 0"#), at: 1_000)
    watched.configured = isConfigured ? [ProcessConfiguration(name: "job")] : []
    try watched.read(#""y": {"last_heartbeat": 1070}"#, at: 1_070)
    #expect(watched.word == "alive job_succeeded")
  }

  @Test("what says nothing of runs for a day is kept, unless it is older than a year and the retention")
  func retention() throws {
    let text = Self.job(1_000, "succeeded", #""ended": 1000, "exit_code": 0"#)
    var watched = Watched()
    try watched.read(text, at: 1_000 + JobRecord.keptLonger + 99)
    #expect(watched.word == "alive job_succeeded")
    watched = Watched()
    try watched.read(text, at: 1_000 + JobRecord.keptLonger + 101)
    #expect(watched.process == nil && watched.monitored.expired == 1)
  }

  // 2024-01-01, 03:00 is 1704078000.
  @Test(
    "by a schedule it is due at the next time behind its last success",
    arguments: [
      (1_704_078_063.0, 1_704_164_400.0), (1_704_078_000, 1_704_164_400), (1_704_077_997, 1_704_164_400),
      (1_704_077_990, 1_704_078_000),
    ])
  func schedule(success: Double, due: Double) throws {
    let plan = JobPlan(.schedule(try CronSchedule("0 3 * * *"), .utc))
    #expect(plan.due(after: success) == due)
    #expect(plan.deadline(ofDue: due) == due + 3_600)
    let often = JobPlan(.schedule(try CronSchedule("*/5 * * * *"), .utc))
    #expect(often.deadline(ofDue: due) == due + 300)
  }

  private func configuration(_ text: String) -> String {
    do throws(ConfigurationError) {
      let job = try Configuration.parse(Array("processes: {a: {\(text)}}".utf8), file: "f").processes[0].job
      return job.map { "\($0.due(after: 0) ?? -1) \($0.grace ?? -1) \($0.longestRun ?? -1)" } ?? "none"
    } catch {
      return error.description
    }
  }

  @Test(
    "are configured",
    arguments: [
      ("display_name: b", "none"),
      ("every: 24h", "86400.0 -1.0 -1.0"),
      ("every: 1h, grace: 0, max_duration: 2h", "3600.0 0.0 7200.0"),
      ("max_duration: 2h", "-1.0 -1.0 7200.0"),
      ("schedule: '30 3 * * *', time_zone: utc", "12600.0 -1.0 -1.0"),
      ("schedule: '30 3 * * *', time_zone: Asia/Tokyo, grace: 5m", "66600.0 300.0 -1.0"),
      ("schedule: '@daily', time_zone: UTC", "86400.0 -1.0 -1.0"),
    ])
  func configured(text: String, plan: String) {
    #expect(configuration(text) == plan)
  }

  @Test(
    "are refused where they contradict themselves",
    arguments: [
      ("every: 1h, schedule: '@daily'", "f:1:28: schedule beside every: expected one of them"),
      ("every: 0", "f:1:24: every is \"0\": expected a duration from 1s to 366d"),
      (
        "every: 24",
        "f:1:24: every is \"24\": expected a duration such as 30s, 1h30m or 1d: the unit is missing (24s for seconds?)"
      ),
      ("grace: 1h", "f:1:17: grace without a time at which the job is due: expected every or schedule too"),
      ("every: 1h, time_zone: utc", "f:1:28: time_zone without a schedule: expected schedule too"),
      (
        "every: 1h, timeout: 5m",
        "f:1:28: timeout of a job, which does not beat: expected max_duration, for how long a run may take"
      ),
      ("schedule: '0 25 * * *'", "f:1:27: schedule is \"0 25 * * *\": hour 25: expected 0 to 23 (character 3)"),
      ("schedule: [1]", "f:1:27: schedule is a list: expected a schedule such as \"30 3 * * mon-fri\" or @daily"),
      ("schedul: '@daily'", "f:1:17: unknown key \"schedul\", did you mean schedule?"),
    ])
  func refused(text: String, problem: String) {
    #expect(configuration(text) == problem)
  }
}
