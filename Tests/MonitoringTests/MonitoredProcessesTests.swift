import Heartbeat
import Testing

@testable import Monitoring

@Suite("Watched processes")
struct MonitoredProcessesTests {
  private static func beat(_ name: String, _ time: Double, _ more: String = "") -> String {
    "\"\(name)\": {\"last_heartbeat\": \(time)\(more)}"
  }

  @Test("an entry that vanishes without a good-bye goes on ageing, with its last facts")
  func vanished() throws {
    var watched = Watched()
    try watched.read(
      Self.beat("a", 990) + "," + Self.beat("b", 990, #", "pid": 7, "status": "busy", "host": "far""#), at: 1000)
    try watched.read(Self.beat("a", 1001), at: 1002)
    #expect(watched.names == ["a", "b"])
    #expect(watched.word("b") == "alive entry_vanished")
    let b = try #require(watched["b"])
    #expect(b.lastHeartbeat == 990 && b.reportedPid == 7 && b.pid == nil && b.isRemote && b.vanished?.time == 1002)
    #expect(b.status.map(watched.monitored.text) == "busy")
    #expect(b.host.map(watched.monitored.text) == "far")
    #expect(b.entry == nil)
    try watched.read(Self.beat("a", 1100) + "," + Self.beat("c", 1100), at: 1100)
    #expect(watched.word("b") == "dead entry_vanished")
    #expect(watched["b"]?.vanished?.time == 1002)
    #expect(watched.monitored.hold(at: 2001.9) && !watched.monitored.hold(at: 2002.1))
    try watched.read(Self.beat("a", 1100) + "," + Self.beat("b", 1101), at: 1102)
    #expect(watched.word("b") == "alive beating")
  }

  @Test(
    "a beat up to 5 seconds ahead is one of now, one that is further ahead counts from when it was seen",
    arguments: [(1005, "alive beating"), (1005.5, "alive clock_ahead")])
  func ahead(time: Double, word: String) throws {
    var watched = Watched()
    try watched.read(Self.beat("a", time), at: 1000)
    #expect(watched.word("a") == word)
    #expect(watched["a"]?.isAlive(at: 1000) == (word == "alive beating"))
  }

  @Test("it is forgotten when its time is over, a configured one never")
  func forgotten() throws {
    var watched = Watched(configured: [ProcessConfiguration(name: "kept", timeout: 5)])
    try watched.read(Self.beat("kept", 990) + "," + Self.beat("gone", 990), at: 1000)
    try watched.read("", at: 1001)
    #expect(watched.names == ["kept", "gone"])
    try watched.read(Self.beat("x", 2000), at: 2000.9)
    #expect(watched.names == ["x", "kept", "gone"])
    try watched.read(Self.beat("y", 2000), at: 2001)
    #expect(watched.names == ["y", "kept", "x"])
    #expect(watched.word("kept") == "dead entry_vanished")
  }

  @Test(
    "what said good-bye, was pruned or shall be forgotten is not remembered, nor anything when nothing shall be",
    arguments: [
      "good-bye", "pruned", "pruned before its last beat", "pruned by a clock behind its own", "forget", "nothing",
      "expired",
    ])
  func notRemembered(how: String) throws {
    var watched = Watched(
      retention: how == "expired" ? 100 : 0, remember: how == "nothing" ? 0 : 1000)
    let status = how == "good-bye" ? #", "status": "Stopped""# : ""
    let isAhead = how == "pruned by a clock behind its own"
    try watched.read(Self.beat("a", 1000) + "," + Self.beat("b", isAhead ? 1600 : 905, status), at: 1000)
    if how == "forget" { watched.monitored.forget([Array("b".utf8)]) }
    let root =
      switch how {
      case "pruned": #""pruned": {"b": 905},"#
      case "pruned before its last beat": #""pruned": {"b": 904},"#
      case "pruned by a clock behind its own": #""pruned": {"b": 1005},"#
      default: ""
      }
    try watched.read(Self.beat("a", 1010), root: root, at: 1010)
    #expect(watched.names == (how == "pruned before its last beat" ? ["a", "b"] : ["a"]))
  }

  @Test("a word that means an end does so once the entry is no job any more, as where nothing was known before")
  func noJobAnyMore() throws {
    let job = Self.beat("a", 1000, #", "status": "done", "job": {"started": 990, "ended": 1000, "exit_code": 0}"#)
    let plain = Self.beat("a", 1001, #", "status": "done""#)
    var (watched, new) = (Watched(), Watched())
    try watched.read(job, at: 1001)
    #expect(watched.word("a") == "alive job_succeeded")
    try watched.read(plain, at: 1002)
    try new.read(plain, at: 1002)
    #expect(watched.word("a") == "stopped said_stopped" && new.word("a") == "stopped said_stopped")
    try watched.read(job, at: 1003)
    #expect(watched.word("a") == "alive job_succeeded")
  }

  @Test("of a configured one the good-bye is remembered: that it was never seen would be wrong")
  func configuredGoodbye() throws {
    var watched = Watched(configured: [ProcessConfiguration(name: "b")])
    try watched.read(Self.beat("a", 990) + "," + Self.beat("b", 990, #", "status": "stopped""#), at: 1000)
    for time in [1010.0, 9000] {
      try watched.read(Self.beat("a", time), at: time)
      #expect(watched.word("b") == "stopped said_stopped" && watched["b"]?.vanished?.time == 1010)
    }
    watched.monitored.forget([Array("b".utf8)])
    try watched.read(Self.beat("c", 9001), at: 9001)
    #expect(watched.word("b") == "never never_seen")
  }

  @Test("one that vanished is left out at the end of the retention, like one whose entry is still there")
  func vanishedExpires() throws {
    var watched = Watched(retention: 100)
    try watched.read(Self.beat("a", 1000) + "," + Self.beat("b", 1000), at: 1000)
    try watched.read(Self.beat("a", 1010), at: 1010)
    #expect(watched.names == ["a", "b"])
    #expect(watched.monitored.hold(at: 1099.9) && !watched.monitored.hold(at: 1100.1))
  }

  @Test("an entry that is older than the retention is left out, also of one that was configured and never seen")
  func neverSeenExpires() throws {
    var watched = Watched(retention: 100, configured: [ProcessConfiguration(name: "b")])
    try watched.read(Self.beat("a", 1000), at: 1000)
    #expect(watched.word("b") == "never never_seen")
    watched.configured = []
    for time in [1010.0, 1011] {
      try watched.read(Self.beat("a", time) + "," + Self.beat("b", 500), at: time)
      #expect(watched.names == ["a"] && watched.monitored.expired == 1)
    }
  }

  @Test("a job that vanished is left out when its entry would be, long after others")
  func vanishedJob() throws {
    var watched = Watched(retention: 100)
    let job = Self.beat("b", 800, #", "job": {"ended": 800, "last_success": 800}"#)
    try watched.read(Self.beat("a", 1000) + "," + job, at: 1000)
    try watched.read(Self.beat("a", 1010), at: 1010)
    #expect(watched.names == ["a", "b"] && watched.word("b") == "alive job_succeeded")
    #expect(watched["b"]?.vanished?.time == 1010)
  }

  @Test("one that never beat is in its state since it was first missed, whatever is forgotten", arguments: [0, 1000])
  func never(remember: Double) throws {
    var watched = Watched(remember: remember, configured: [ProcessConfiguration(name: "never")])
    try watched.read(Self.beat("a", 990), at: 1000)
    try watched.read(Self.beat("b", 1001), at: 1001)
    watched.monitored.forget([Array("never".utf8)])
    try watched.read(Self.beat("a", 1002), at: 1002)
    #expect(watched.word("never") == "never never_seen" && watched["never"]?.since == 1000)
    #expect(!watched.monitored.transitions.contains { $0.process == "never" })
  }

  @Test("of those that vanish without end only so many are remembered, the last ones")
  func bound() throws {
    var watched = Watched()
    let most = MonitoredProcesses.mostRemembered
    try watched.read((0...most).map { Self.beat("old\($0)", 1000) }.joined(separator: ","), at: 1000)
    try watched.read(Self.beat("new", 1001), at: 1001)
    #expect(watched.monitored.processes.count == most + 1)
    try watched.read(Self.beat("other", 1002), at: 1002)
    #expect(watched.monitored.processes.count == most + 1)
    #expect(watched["new"] != nil)
  }

  @Test("what the names of those take together that are remembered is bounded, too")
  func boundOfNames() throws {
    var watched = Watched()
    let count = 2 * MonitoredProcesses.mostRememberedBytes / 1_000
    let filler = String(repeating: "x", count: 990)
    for half in 0..<2 {
      let names = (0..<count / 2).map { "\(100_000_000 + half * 1_000_000 + $0)-\(filler)" }
      try watched.read(names.map { Self.beat($0, 1000) }.joined(separator: ","), at: 1000 + Double(half))
    }
    try watched.read(Self.beat("new", 1003), at: 1003)
    #expect(watched.monitored.processes.count == MonitoredProcesses.mostRememberedBytes / 1_000 + 1)
    #expect(watched["100000000-\(filler)"] == nil && watched["101000000-\(filler)"] != nil)
  }

  @Test(
    "the timeout is the configured one, else the larger of the usual one and two and a half declared intervals",
    arguments: [
      (nil, "", 60), (nil, #", "interval": 10"#, 60), (nil, #", "interval": 100"#, 250),
      (30, #", "interval": 100"#, 30),
      (nil, #", "interval": -1"#, 60), (nil, #", "interval": 1e999"#, 60), (nil, #", "interval": "100""#, 250),
      (nil, #", "interval": true"#, 60),
      (nil, #", "interval": 2678400"#, 6_696_000), (nil, #", "interval": 2678401"#, 60),
      (nil, #", "interval": 1e300"#, 60),
    ] as [(Double?, String, Double)])
  func timeouts(configured: Double?, entry: String, expected: Double) throws {
    var watched = Watched(configured: configured.map { [ProcessConfiguration(name: "a", timeout: $0)] } ?? [])
    try watched.read(Self.beat("a", 990, entry), at: 1000)
    #expect(watched["a"]?.timeout == expected)
    // Not at the first look either.
    try watched.read(Self.beat("a", 1000), at: 1001)
    #expect(watched["a"]?.timeout == configured ?? 60)
    try watched.read(Self.beat("a", 1010, entry), at: 1011)
    #expect(watched["a"]?.timeout == expected)
  }

  @Test("a timeout is always tight after three tight intervals one after the other, whatever comes and goes meanwhile")
  func tightness() throws {
    var watched = Watched()
    var time = 1000.0
    var told: [Bool] = []
    for (number, interval) in [0.0, 50, 50, 5, 50, 50, 50, 50, 5].enumerated() {
      time += interval
      let others = number % 2 == 0 ? "" : "," + Self.beat("x\(number)", 1)
      try watched.read(Self.beat("a", time) + others, at: time)
      told.append(try #require(watched["a"]).isAlwaysTight)
    }
    #expect(told == [false, false, false, false, false, false, true, true, false])
  }

  @Test("the time between beats is measured; a timeout that leaves little room is told")
  func intervals() throws {
    var watched = Watched()
    try watched.read(Self.beat("a", 1000), at: 1000)
    #expect(watched["a"]?.interval == nil)
    try watched.read(Self.beat("a", 1041.5), at: 1041.6)
    #expect(watched["a"]?.interval == 41.5 && watched["a"]?.isTight == false)
    try watched.read(Self.beat("a", 1084), at: 1084)
    #expect(watched["a"]?.interval == 42.5 && watched["a"]?.isTight == true)
    // A clock that is set back is no interval; the other processes may change meanwhile.
    try watched.read(Self.beat("a", 500) + "," + Self.beat("b", 1), at: 1090)
    #expect(watched["a"]?.interval == 42.5)
    try watched.read(Self.beat("a", 510) + "," + Self.beat("c", 1), at: 1091)
    #expect(watched["a"]?.interval == 10)
  }

  @Test("a beat from the future counts from when it was seen to change, at first from when the file was written")
  func clockAhead() throws {
    var watched = Watched()
    try watched.read(Self.beat("a", 9000), modified: 900, at: 1000)
    #expect(watched.word("a") == "dead clock_ahead")
    try watched.read(Self.beat("a", 9001), at: 1001)
    #expect(watched.word("a") == "alive clock_ahead")
    try watched.read(Self.beat("a", 9001) + "," + Self.beat("b", 1055), at: 1060)
    #expect(watched.word("a") == "alive clock_ahead")
    watched.monitored.judge(0, .unknown, at: 1061)
    #expect(watched.word("a") == "dead clock_ahead")
  }

  @Test("changes are told with their time; what is there at the beginning is none")
  func transitions() throws {
    var watched = Watched()
    try watched.read(Self.beat("a", 1000), at: 1000)
    #expect(watched.monitored.transitions == [])
    #expect(watched["a"]?.since == 1000)
    watched.monitored.judge(0, .unknown, at: 1060)
    watched.monitored.judge(0, .yes(pid: 1, isSuspended: false), at: 1061)
    try watched.read(Self.beat("a", 1070) + "," + Self.beat("b", 1070), at: 1070)
    #expect(
      watched.monitored.transitions == [
        Transition(process: "a", time: 1060, from: Verdict(.alive, .beating), to: Verdict(.dead, .silent)),
        Transition(process: "a", time: 1061, from: Verdict(.dead, .silent), to: Verdict(.hung, .silent)),
        Transition(process: "a", time: 1070, from: Verdict(.hung, .silent), to: Verdict(.alive, .beating)),
        Transition(process: "b", time: 1070, from: nil, to: Verdict(.alive, .beating)),
      ])
    for round in 0..<Transition.most {
      watched.monitored.judge(0, round % 2 == 0 ? .no(.gone) : .unknown, at: 1071 + Double(round) / 1e6)
    }
    #expect(watched.monitored.transitions.count <= Transition.most)
    #expect(watched.monitored.transitions.last?.time == 1071 + Double(Transition.most - 1) / 1e6)
  }

  @Test("the name of the one who watches is nobody else's")
  func reserved() throws {
    var watched = Watched(configured: [ProcessConfiguration(name: "heartbeat-exporter")])
    try watched.read(Self.beat("heartbeat-exporter", 990) + "," + Self.beat("a", 990), at: 1000)
    #expect(watched.names == ["a"])
  }

  @Test("what ended does not come back for the same beat and pid, unless it is looked for in another way")
  func ends() throws {
    var watched = Watched()
    let entry = Self.beat("a", 990, #", "pid": 7"#)
    let other = Self.beat("b", 990)
    for (content, remains) in [
      (entry, true), (entry + "," + other, true), (other, true), (Self.beat("a", 991, #", "pid": 7"#), false),
      (Self.beat("a", 990, #", "pid": 8"#), false), (Self.beat("a", 990), false),
      (Self.beat("a", 990, #", "pid": 7, "host": "far""#), false),
    ] {
      try watched.read(entry, at: 1000)
      #expect(watched.monitored.note(0, .yes(pid: 7, isSuspended: false)).isUp == true)
      #expect(watched.monitored.note(0, nil) == .unknown, "who was there may have ended")
      for absence in [Existence.Absence.gone, .zombie, .reused] {
        #expect(watched.monitored.note(0, .no(absence)) == .no(absence))
        #expect(watched.monitored.note(0, nil) == .no(absence))
      }
      try watched.read(content, at: 1001)
      let place = try #require(watched.monitored.place(of: "a"))
      #expect(watched.monitored.note(place, nil) == (remains ? .no(.reused) : .unknown), "\(content)")
      watched.monitored.forgetEnds()
      #expect(watched.monitored.note(place, nil) == .unknown)
    }
    #expect(watched.monitored.note(0, .no(.gone)) == .no(.gone))
    #expect(watched.monitored.note(0, .unknown) == .unknown, "a look that came to it, and could not know")
    #expect(watched.monitored.note(0, nil) == .unknown)
  }

  @Test(
    "who said good-bye and is gone is shown while it is configured: not before, not after, and again as it was",
    arguments: [nil, "ended"])
  func goodbyeOfConfigured(word: String?) throws {
    var configuration = ProcessConfiguration(name: "a")
    configuration.stoppedWords = word.map { [$0] } ?? []
    let configured = [configuration]
    for isConfiguredFirst in [true, false] where isConfiguredFirst || word == nil {
      var watched = Watched(configured: isConfiguredFirst ? configured : [])
      try watched.read(Self.beat("a", 990, #", "status": "\#(word ?? "stopped")", "host": "far""#), at: 1000)
      #expect(watched.word("a") == "stopped said_stopped")
      try watched.read("", at: 1001)
      #expect(watched.word("a") == (isConfiguredFirst ? "stopped said_stopped" : nil))
      for time in [1002.0, 1010, 1020] {
        watched.configured = []
        watched.monitored.join(HeartbeatSnapshot(), configured: [], modified: { _ in nil }, at: time)
        #expect(watched.names == [])
        // Contents of others in between.
        try watched.read(Self.beat("b", time, #", "status": "done""#), at: time + 1)
        #expect(watched.names == ["b"])
        try watched.read("", at: time + 2)
        watched.configured = configured
        watched.monitored.join(HeartbeatSnapshot(), configured: configured, modified: { _ in nil }, at: time + 3)
        for place in watched.monitored.processes.indices { watched.monitored.judge(place, .unknown, at: time + 3) }
        #expect(watched.word("a") == "stopped said_stopped")
        let a = try #require(watched["a"])
        #expect(a.lastHeartbeat == 990 && a.status.map(watched.monitored.text) == word ?? "stopped")
        #expect(a.host.map(watched.monitored.text) == "far" && a.configured == 0)
      }
    }
  }

  @Test("who said good-bye is forgotten where it is pruned or deleted, beats again, or after the time to remember")
  func goodbyeForgotten() throws {
    let entry = Self.beat("a", 990, #", "status": "stopped""#)
    for (what, expected) in [
      ("nothing", "stopped said_stopped"), ("pruned", "never never_seen"), ("deleted", "never never_seen"),
      ("late", "never never_seen"), ("beats", "dead entry_vanished"),
    ] {
      var watched = Watched(remember: 100)
      try watched.read(entry, at: 1000)
      try watched.read("", at: 1001)
      #expect(watched.monitored.departed.count == 1)
      switch what {
      case "deleted": watched.monitored.forget([Array("a".utf8)])
      case "beats":
        try watched.read(Self.beat("a", 1002), at: 1002)
        #expect(watched.monitored.departed.isEmpty)
      default: break
      }
      watched.configured = [ProcessConfiguration(name: "a")]
      let now: Double = what == "late" ? 1101.5 : 1063
      try watched.read("", root: what == "pruned" ? #""pruned": {"a": 1003}, "# : "", at: now)
      let pruned = what == "pruned" ? #", "pruned": {"a": 1003}"# : ""
      let snapshot = try HeartbeatSnapshot(parsing: Array("{\"processes\": {}\(pruned)}".utf8))
      watched.monitored.join(snapshot, configured: watched.configured, modified: { _ in nil }, at: now)
      for place in watched.monitored.processes.indices { watched.monitored.judge(place, .unknown, at: now) }
      #expect(watched.word("a") == expected, "\(what)")
      #expect(watched.monitored.departed.isEmpty, "\(what)")
    }
    var many = Watched()
    for round in 0..<3 {
      let entries = (0..<700).map { Self.beat("p\(round)-\($0)", 990, #", "status": "done""#) }
      try many.read(entries.joined(separator: ","), at: 1000 + Double(round))
    }
    try many.read("", at: 1010)
    #expect(many.monitored.departed.count == MonitoredProcesses.mostDeparted)
    #expect(many.monitored.departed.keys.count { String(decoding: $0, as: UTF8.self).hasPrefix("p2-") } == 700)
  }

  @Test("status words that say good-bye are taken over with new content, also when others stay as they are")
  func goodbye() throws {
    var watched = Watched()
    try watched.read(Self.beat("a", 990, #", "status": "busy""#) + "," + Self.beat("b", 990), at: 1000)
    #expect(watched.word("a") == "alive beating")
    try watched.read(Self.beat("a", 1000, #", "status": "done""#) + "," + Self.beat("b", 990), at: 1001)
    #expect(watched.word("a") == "stopped said_stopped")
    #expect(watched["a"]?.status.map(watched.monitored.text) == "done")
    #expect(watched.names == ["a", "b"])
    try watched.read("", at: 1002)
    #expect(watched.names == ["b"])
  }
}
