import Heartbeat
import POSIX
import Testing

@testable import Monitoring

/// What somebody does to the clock of a host changes nothing of how long something has lasted.
@Suite("Clocks that are set")
struct SetClockTests {
  /// A watch with the time of day, which can be set, and a clock that nobody sets.
  private struct Host {
    var watched: Watched
    var now = SetClockTests.start
    let uptime: Lock<Double>

    init(retention: Double = 0, remember: Double = 1000, configured: [ProcessConfiguration] = []) {
      let uptime = Lock(50.0)
      self.uptime = uptime
      watched = Watched(retention: retention, remember: remember, configured: configured) { uptime.withLock { $0 } }
    }

    mutating func pass(_ seconds: Double) {
      now += seconds
      uptime.withLock { $0 += seconds }
    }

    mutating func set(by seconds: Double) { now += seconds }

    mutating func read(_ processes: String, modified: Double? = nil) throws {
      try watched.read(processes, modified: modified, at: now)
    }

    /// The state and the reason of the first process, or of another one, now.
    mutating func word(_ name: String = "a") -> String? {
      guard let place = watched.monitored.place(of: name) else { return nil }
      watched.monitored.judge(place, .unknown, at: now)
      return watched.word(name)
    }

    var holds: Bool { watched.monitored.hold(at: now) }
  }

  private static func beat(_ name: String, _ time: Double, _ more: String = "") -> String {
    "\"\(name)\": {\"last_heartbeat\": \(time)\(more)}"
  }

  private static let start = 1_000_000.0
  private static let day = 86_400.0

  @Test(
    "who has vanished is remembered while the clock is ahead, and behind, and no longer than ever",
    arguments: [(0.0, 1000.0), (100, 90)])
  func remembered(retention: Double, end: Double) throws {
    var host = Host(retention: retention)
    try host.read(Self.beat("dead", Self.start - 10))
    try host.read(Self.beat("x1", Self.start))
    host.pass(10)
    host.set(by: Self.day)
    try host.read(Self.beat("x2", host.now))
    #expect(host.watched["dead"]?.vanished?.time == Self.start)
    host.set(by: -2 * Self.day)
    host.pass(10)
    try host.read(Self.beat("x3", host.now))
    #expect(host.watched["dead"] != nil)
    host.set(by: Self.day)
    host.pass(end - 20.5)
    try host.read(Self.beat("x4", host.now))
    #expect(host.watched["dead"] != nil && host.holds)
    host.pass(1)
    #expect(!host.holds)
    try host.read(Self.beat("x5", host.now))
    #expect(host.watched["dead"] == nil)
  }

  @Test("who vanishes while the clock is ahead is remembered too, and forgotten though the clock stays behind")
  func vanishesMeanwhile() throws {
    var host = Host(retention: 100)
    try host.read(Self.beat("dead", Self.start))
    host.pass(10)
    host.set(by: Self.day)
    try host.read(Self.beat("x1", host.now))
    #expect(host.watched.names == ["x1", "dead"])
    host.set(by: -3 * Self.day)
    host.pass(990)
    try host.read(Self.beat("x2", host.now))
    #expect(host.watched["dead"] != nil)
    host.pass(10)
    #expect(!host.holds)
    try host.read(Self.beat("x3", host.now))
    #expect(host.watched["dead"] == nil)
  }

  @Test("an entry that is there is not too old by a clock that is ahead alone, and what is known of it stays")
  func retained() throws {
    var host = Host(retention: 100)
    try host.read(Self.beat("x0", Self.start))
    try host.read(Self.beat("a", Self.start - 20) + "," + Self.beat("x1", Self.start))
    host.pass(10)
    try host.read(Self.beat("a", Self.start + 10) + "," + Self.beat("x2", Self.start + 10))
    host.set(by: Self.day)
    #expect(!host.holds)
    try host.read(Self.beat("a", Self.start + 10) + "," + Self.beat("x3", host.now))
    #expect(host.watched.names.starts(with: ["a", "x3"]) && host.watched.monitored.expired == 0)
    #expect(host.word() == "alive beating")
    host.set(by: -Self.day)
    host.pass(10)
    try host.read(Self.beat("a", Self.start + 10) + "," + Self.beat("x4", host.now))
    #expect(host.word() == "alive beating" && host.watched["a"]?.interval == 30)
    host.pass(90.5)
    #expect(!host.holds)
    try host.read(Self.beat("a", Self.start + 10) + "," + Self.beat("x5", host.now))
    #expect(host.watched["a"] == nil && host.watched.monitored.expired == 1)
  }

  @Test(
    "a beat that goes back beyond the retention is one of now: who sends it is there as long as one that is quiet",
    arguments: [-500.0, 10])
  func goesBack(more: Double) throws {
    var host = Host(retention: 100)
    try host.read(Self.beat("a", Self.start))
    host.pass(10)
    let old = Self.start - 1_000
    try host.read(Self.beat("a", old))
    #expect(host.word() == "dead silent" && host.watched.monitored.expired == 0)
    host.pass(90)
    // Another one that is old as well: it still beats, by whatever clock.
    try host.read(Self.beat("a", old + more))
    try host.read(Self.beat("a", old + more) + "," + Self.beat("x", host.now))
    #expect(host.word() == "dead silent" && host.watched.monitored.expired == 0)
    host.pass(99.5)
    #expect(host.holds)
    host.pass(1)
    #expect(!host.holds)
    try host.read(Self.beat("a", old + more) + "," + Self.beat("y", host.now))
    #expect(host.watched["a"] == nil && host.watched.monitored.expired == 1)
  }

  @Test("a job that never ran is not late because the clock of a host without one was set to the time that it is")
  func waitedFor() throws {
    var process = ProcessConfiguration(name: "job")
    process.job = JobPlan(.every(1_000), grace: 100)
    var host = Host(configured: [process])
    try host.read("")
    host.pass(10)
    #expect(host.word("job") == "never never_seen" && host.holds)
    host.set(by: 300 * Self.day)
    #expect(!host.holds)
    try host.read(Self.beat("x", host.now))
    #expect(host.word("job") == "never never_seen" && host.holds)
    #expect(host.watched["job"]?.job?.due == host.now + 990)
    host.set(by: -400 * Self.day)
    try host.read(Self.beat("y", host.now))
    #expect(host.watched["job"]?.job?.due == host.now + 990)
    host.pass(990 + 101)
    #expect(host.word("job") == "dead job_late")
  }

  @Test("a success of which was told while the clock was behind is one of then, by the clock as it is set now")
  func succeededBehind() throws {
    var process = ProcessConfiguration(name: "job")
    process.job = JobPlan(.every(1_000), grace: 100)
    var host = Host(configured: [process])
    let right = Self.start + Self.day
    let entry = Self.beat("job", right, #", "job": {"last_success": \#(right - 100), "exit_code": 0}"#)
    try host.read(entry)
    host.set(by: Self.day)
    try host.read(entry + "," + Self.beat("x", host.now))
    #expect(host.watched["job"]?.job?.due == right + 900)
  }

  @Test(
    "what was seen before the clock was set is as old as since then, however it was set",
    arguments: [3_600.0, Self.day, -30, -100])
  func judgedBySpan(step: Double) throws {
    var host = Host()
    host.pass(200)
    try host.read(Self.beat("a", host.now - 10))
    host.pass(10)
    #expect(host.word() == "alive beating")
    host.set(by: step)
    // What lies in the future by now says so, as ever.
    let alive = step < -25 ? "alive clock_ahead" : "alive beating"
    #expect(host.word() == alive)
    host.pass(39)
    #expect(host.word()?.hasPrefix("alive ") == true)
    host.pass(50)
    #expect(host.word()?.hasPrefix("dead ") == true)
    // It beats again, by the clock as it is now.
    try host.read(Self.beat("a", host.now))
    #expect(host.word() == "alive beating")
  }

  @Test("a clock that is set back by less than somebody is silent makes nobody alive")
  func setBackBySilence() throws {
    var host = Host()
    try host.read(Self.beat("a", host.now))
    host.pass(600)
    #expect(host.word() == "dead silent")
    host.set(by: -570)
    #expect(host.word() == "dead silent")
    try host.read(Self.beat("a", Self.start) + "," + Self.beat("b", 1))
    #expect(host.word() == "dead silent")
  }

  @Test("an entry that is first seen by a clock that is ahead is as old as its time says when that is right again")
  func firstSeenAhead() throws {
    var host = Host(retention: 100)
    host.set(by: 50)
    try host.read(Self.beat("a", Self.start - 10), modified: Self.start - 10)
    host.set(by: -50)
    host.pass(60)
    try host.read(Self.beat("a", Self.start - 10) + "," + Self.beat("x", host.now))
    #expect(host.watched["a"] != nil)
  }

  @Test("a clock that is set back keeps nobody alive: what was seen before counts from when it was seen")
  func keepsNobodyAlive() throws {
    var host = Host()
    host.set(by: Self.day)
    try host.read(Self.beat("a", host.now))
    host.pass(1)
    let last = host.now
    try host.read(Self.beat("a", last))
    host.set(by: -Self.day)
    host.pass(59)
    #expect(host.word() == "alive clock_ahead")
    host.pass(1)
    #expect(host.word() == "dead clock_ahead")
    // Other processes come and go.
    try host.read(Self.beat("a", last) + "," + Self.beat("b", 1))
    #expect(host.word() == "dead clock_ahead")
    try host.read(Self.beat("a", last + 1) + "," + Self.beat("b", 1))
    #expect(host.word() == "alive clock_ahead")
  }

  @Test("a beat from the future stays as old as it is when the clock is set forward, still behind it")
  func stillAhead() throws {
    var host = Host()
    try host.read(Self.beat("a", Self.start + 2 * Self.day))
    host.set(by: Self.day)
    host.pass(59)
    #expect(host.word() == "alive clock_ahead")
    host.pass(1)
    #expect(host.word() == "dead clock_ahead")
  }

  @Test("between two beats nothing is measured where the clock was set", arguments: [true, false])
  func intervals(othersChange: Bool) throws {
    var host = Host()
    func read(_ number: Int) throws {
      try host.read(Self.beat("a", host.now) + (othersChange ? "," + Self.beat("x\(number)", 1) : ""))
    }
    try read(0)
    host.pass(10)
    try read(1)
    for (number, step) in [Self.day, -Self.day, 30, -6].enumerated() {
      host.pass(20)
      host.set(by: step)
      try read(2 + 2 * number)
      #expect(host.watched["a"]?.interval == 10)
      host.pass(10)
      try read(3 + 2 * number)
      #expect(host.watched["a"]?.interval == 10)
    }
    // What lies between both readings of the clocks is no step.
    host.pass(20)
    host.set(by: 1)
    try read(20)
    #expect(host.watched["a"]?.interval == 21)
  }

  @Test("a run takes as long as it takes, whatever the clock says, and whatever else it says meanwhile")
  func runs() throws {
    var process = ProcessConfiguration(name: "a")
    process.job = JobPlan(longestRun: 100)
    for step in [Self.day, -Self.day] {
      var host = Host(configured: [process])
      let started = #", "status": "running", "job": {"started": \#(Self.start - 10)}"#
      try host.read(Self.beat("a", Self.start - 10, started))
      host.set(by: step)
      host.pass(50)
      #expect(host.word() == "alive job_running")
      try host.read(Self.beat("a", host.now, started))
      #expect(host.word() == "alive job_running")
      host.pass(39)
      try host.read(Self.beat("a", host.now, started) + "," + Self.beat("b", 1))
      #expect(host.word() == "alive job_running")
      host.pass(2)
      #expect(host.word() == "hung job_overdue")
      // Another run has its own time.
      try host.read(Self.beat("a", host.now, #", "status": "running", "job": {"started": \#(host.now)}"#))
      #expect(host.word() == "alive job_running")
      host.pass(101)
      #expect(host.word() == "hung job_overdue")
    }
  }
}
