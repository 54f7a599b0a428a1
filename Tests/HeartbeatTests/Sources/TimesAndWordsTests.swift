import Testing

@testable import Heartbeat

/// A content of a file with times such as `{{iso-z -9}}`, and the age that must come of it.
struct TimedText: CustomTestStringConvertible, Sendable {
  var text: String
  /// In seconds; nil says that it never beat.
  var age: Double?
  var file: String

  init(_ text: String, _ age: Double?, file: String = "state.json") {
    (self.text, self.age, self.file) = (text, age, file)
  }

  var testDescription: String { text }

  /// What it is recognised as where clocks go as in a zone. The file was changed one second ago.
  func recognised(at now: Double = TestTimes.july, in zone: TestZone = TestZone.all[0])
    -> Result<SourceRecognition, SourceFailure>
  {
    var ages: [Double] = []
    let filled = TestTimes.fill(text, at: now, in: zone, &ages)
    let facts = SourceFacts(path: "/srv/pump/\(file)", modified: now - 1, zone: zone.rules)
    return Recogniser.recognise(Array(filled.utf8), facts, SourceSettings(path: "x"))
  }

  /// The only process that comes of it.
  func process(at now: Double = TestTimes.july, in zone: TestZone = TestZone.all[0]) throws -> SourceProcess {
    let recognition = try recognised(at: now, in: zone).get()
    try #require(recognition.processes.count == 1)
    return recognition.processes[0]
  }

  func hasAge(at now: Double = TestTimes.july, in zone: TestZone = TestZone.all[0]) throws -> Bool {
    let time = try process(at: now, in: zone).time
    guard let age, let time else { return age == nil && time == nil }
    return abs(now - time - age) <= 1.001
  }

  /// Why it is none; nil when it is one.
  var refusal: String? {
    switch recognised() {
    case .success: nil
    case .failure(.noBeat(let sentence)): sentence
    case .failure(let failure): "\(failure)"
    }
  }
}

@Suite("Zones of files")
struct ZoneVotesTests {
  @Test(
    "a time that is no beat does not decide in which zone a beat is read",
    arguments: [
      TimedText(#"{"timestamp": "{{space-local -9}}", "market_close": "{{space-local 10800}}"}"#, 9),
      TimedText(#"{"timestamp": "{{space-utc -9}}", "market_close": "{{space-utc 10800}}"}"#, 9),
      TimedText(#"{"timestamp": "{{iso-local -9}}", "token_refresh_at": "{{iso-local 18000}}"}"#, 9),
      TimedText(#"{"updated_at": "{{iso-local -9}}", "source_refresh_at": "{{iso-local 10800}}"}"#, 9),
      TimedText(#"{"updated_at": "{{iso-naive -9}}", "source_refresh_at": "{{iso-naive 10800}}"}"#, 9),
      TimedText(#"{"timestamp": "{{iso-local -9}}", "shift_end": "{{iso-local 14400}}"}"#, 9),
      TimedText(#"{"timestamp": "{{iso-naive -9}}", "updated_at": "{{iso-naive -21000}}"}"#, 9),
      TimedText(#"{"last_update": "{{iso-local -9}}", "note": "{{space-local 18000}}"}"#, 9),
      TimedText(#"{"last_update": "{{iso-local -9}}", "job": {"end": "{{space-local 18000}}"}}"#, 9),
      TimedText("timestamp={{iso-local -9}}\nmarket_close={{iso-local 10800}}\n", 9, file: "state.env"),
    ], TestZone.all)
  func othersDoNotVote(_ text: TimedText, _ zone: TestZone) throws {
    for now in [TestTimes.july, TestTimes.january] { #expect(try text.hasAge(at: now, in: zone)) }
  }

  @Test("times under names decide, and so does the key that a source names", arguments: TestZone.all)
  func names(_ zone: TestZone) throws {
    let now = TestTimes.july
    var ages: [Double] = []
    let map = #"{"saved_at": "{{iso-local -200000}}", "workers": {"a": "{{iso-local -9}}", "b": "{{iso-local -90}}"}}"#
    let facts = SourceFacts(path: "/srv/pump/state.json", modified: now - 9, zone: zone.rules)
    let found = Recogniser.recognise(
      Array(TestTimes.fill(map, at: now, in: zone, &ages).utf8), facts, SourceSettings(path: "x"))
    #expect(try found.get().processes.map { (now - ($0.time ?? 0)).rounded() } == [10, 91])

    var settings = SourceSettings(path: "x")
    settings.time = SourceSettings.KeyPath(".tour.letzte").map { .key($0) }
    let keyed = #"{"saved_at": "{{iso-naive -9}}", "tour": {"letzte": "{{iso-local -9}}"}}"#
    let one = Recogniser.recognise(Array(TestTimes.fill(keyed, at: now, in: zone, &ages).utf8), facts, settings)
    #expect(try one.get().processes.map { (now - ($0.time ?? 0)).rounded() } == [10])
  }
}

@Suite("Times that stand still in a file that is still written")
struct StandingTimesTests {
  /// Minutes for which a time has stood still, up to where local time and UTC are apart.
  private func ages(_ offset: Double) -> [Double] {
    Array(stride(from: 60, to: abs(offset) - 60, by: 300)) + [abs(offset) / 2 + 2, abs(offset) - 10].filter { $0 > 0 }
  }

  @Test(
    "a time without a zone is never read as one to come when it may be one that is past",
    arguments: [
      (#"{"last_message_at": "{{iso-T AGE}}", "queue": 3}"#, "feed.json"),
      (#"{"updated_at": "{{iso-T AGE}}", "last_run_at": "{{iso-T AGE}}"}"#, "feed.json"),
      ("beat {{space-T AGE}}\n", "beat.txt"),
      (#"{"ts": "{{iso-T AGE}}"}"# + "\n" + #"{"ts": "{{iso-T AGE}}"}"# + "\n", "a.jsonl"),
    ], TestZone.all)
  func stands(_ file: (text: String, name: String), _ zone: TestZone) throws {
    for now in [TestTimes.july, TestTimes.january] {
      let offset = zone.offset(at: now)
      // East of Greenwich the UTC reading is the later one, west of it the local one.
      for age in ages(offset) {
        let filled = file.text.replacing("iso-T", with: offset > 0 ? "iso-local" : "iso-naive")
          .replacing("space-T", with: offset > 0 ? "space-local" : "space-utc").replacing("AGE", with: "\(-age)")
        #expect(try TimedText(filled, age, file: file.name).hasAge(at: now, in: zone), "\(filled)")
      }
    }
  }

  @Test("a writer whose clock is a little ahead keeps its zone", arguments: TestZone.all)
  func ahead(_ zone: TestZone) throws {
    for format in ["iso-local", "iso-naive"] {
      #expect(try TimedText(#"{"last_message_at": "{{\#(format) 3}}"}"#, -3).hasAge(in: zone))
    }
  }

  @Test("while clocks are set back, the hour that comes again is not the one to come")
  func setBack() throws {
    let zurich = try #require(ZoneRules(posix: "CET-1CEST,M3.5.0,M10.5.0/3"))
    // Shown at 1,792,888,200 and an hour later.
    let time = WrittenTime(seconds: 1_792_895_400, hasZone: false)
    #expect(time.moment(in: zurich, nearest: 1_792_888_200 + 2400) == 1_792_888_200)
    #expect(time.moment(in: zurich, nearest: 1_792_891_800 - 3) == 1_792_891_800)
  }
}

@Suite("Numbers, nulls and intervals of files")
struct BareNumbersTests {
  @Test(
    "a number that only looks like a time stands behind a time",
    arguments: [
      TimedText(#"{"last_run": "{{iso-z -9}}", "memory_active": 1700000000}"#, 9),
      TimedText(#"{"last_scan": "{{iso-z -9}}", "active": 1700000000}"#, 9),
      TimedText(#"{"updated_at": "{{iso-z -9}}", "tick": 1700000000}"#, 9),
      TimedText(#"{"updated_at": "{{iso-z -9}}", "tick": "1700000000"}"#, 9),
      TimedText(#"{"updated_at": "{{iso-z -9}}", "pulse": 1783021213000000}"#, 1_000_000),
      TimedText(#"{"last_success": {{unix -9}}, "last_offset": {{unix -5}}}"#, 9),
      TimedText(#"{"last_success": "{{iso-z -9}}", "last_block": {{unix -5}}}"#, 9),
      TimedText(#"{"last_success": "{{iso-z -9}}", "last_block_ts": {{unix -5}}}"#, 5),
      TimedText(#"{"last_success": "{{iso-z -9}}", "active_connections": {{unix -5}}}"#, 9),
      TimedText(#"{"last_seen": null, "tick": 1700000000}"#, nil),
      // It is the only one.
      TimedText(#"{"last_run": 1700000000}"#, TestTimes.july - 1_700_000_000),
      TimedText("user 1700000000 did x at {{iso-z -9}}\n", 9, file: "bot.txt"),
      TimedText("{{iso-z -9}} in\nuser 1700000000 went\n", 9, file: "bot.log"),
      TimedText("1700000000\n", TestTimes.july - 1_700_000_000, file: "beat.txt"),
      TimedText("1600000000 a\n1700000000 b\n", TestTimes.july - 1_700_000_000, file: "beat.txt"),
    ])
  func weak(_ text: TimedText) throws {
    #expect(try text.hasAge())
  }

  @Test(
    "a number under a word for a quantity is no time",
    arguments: [
      #"{"memory_active": {{unix -9}}}"#, #"{"active": {{unix -9}}}"#, #"{"last_chat": {{unix -9}}}"#,
      #"{"last_value": {{unix -9}}}"#, #"{"active_bytes": {{unix -9}}}"#, #"{"last_bytes_read": {{unix -9}}}"#,
      #"{"memory_active": {{unix -9}}, "memory_used": {{unix -9}}}"#, #"{"chat": {{unix -9}}}"#,
    ])
  func quantities(_ text: String) {
    #expect(TimedText(text + " ", nil).refusal != nil)
  }

  @Test("names may be such words")
  func names() throws {
    let text = TimedText(#"{"chat": {{unix -9}}, "deploy": {{unix -90}}, "token": "{{iso-z -5}}"}"#, nil)
    #expect(try text.recognised().get().processes.map(\.name) == ["chat", "deploy", "token"])
  }

  @Test(
    "nothing under a word that may be a latency or a truth says nothing",
    arguments: [
      TimedText(#"{"timestamp": "{{iso-z -9}}", "ping": null, "status": "up"}"#, 9),
      TimedText(#"{"timestamp": "{{iso-z -9}}", "alive": ""}"#, 9),
      TimedText(#"{"timestamp": "{{iso-z -9}}", "last_ping_ms": null}"#, 9),
      TimedText(#"{"timestamp": "{{iso-z -9}}", "last_ping": null}"#, 9),
      TimedText(#"{"timestamp": "{{iso-z -9}}", "last_heartbeat": null}"#, nil),
      TimedText(#"{"last_ping": null}"#, nil), TimedText(#"{"last_seen": null}"#, nil),
    ])
  func nulls(_ text: TimedText) throws {
    #expect(try text.hasAge())
  }

  @Test(
    "an interval counts where its unit is known",
    arguments: [
      (#"{"ts": "{{iso-z -9}}", "interval": 60000}"#, nil),
      (#"{"ts": "{{iso-z -9}}", "heartbeatInterval": 30000}"#, nil),
      (#"{"ts": "{{iso-z -9}}", "interval": 180000}"#, nil), (#"{"ts": "{{iso-z -9}}", "interval": 36000}"#, 36_000),
      (#"{"ts": "{{iso-z -9}}", "interval": 300}"#, 300), (#"{"ts": "{{iso-z -9}}", "interval_ms": 60000}"#, 60),
      (#"{"ts": {{unix -9}}, "interval": 60000}"#, nil),
      (#"{"ts": {{unix -9}}, "heartbeat_interval": 30000}"#, nil), (#"{"ts": {{unix -9}}, "interval": 300}"#, 300),
      (#"{"ts": {{unix -9}}, "interval": 3600}"#, 3600), (#"{"ts": {{unix-milli -9}}, "interval": 60000}"#, 60),
      (#"{"ts": {{unix-milli -9}}, "interval": 30}"#, 30), (#"{"ts": {{unix-milli -9}}, "interval": 500}"#, nil),
      (#"{"ts": "{{iso-z -9}}", "interval": "300"}"#, 300), (#"{"ts": "{{iso-z -9}}", "interval": "5m"}"#, 300),
      (#"{"ts": "{{iso-z -9}}", "interval": "1500ms"}"#, 1.5), (#"{"ts": "{{iso-z -9}}", "interval": "60000"}"#, nil),
      (#"{"ts": "{{iso-z -9}}", "interval": "often"}"#, nil),
    ] as [(String, Double?)])
  func interval(_ text: String, _ interval: Double?) throws {
    let process = try TimedText(text, 9).process()
    #expect(process.interval == interval)
    // What is passed over is said.
    let isSaid = process.rule.contains("seconds or milliseconds")
    #expect(isSaid == (interval == nil && !text.contains("often")), "\(process.rule)")
  }
}

@Suite("Lines that speak of other times than the writer's")
struct OtherTimesOfLinesTests {
  @Test(
    "a time to come counts only if there is no other",
    arguments: [
      TimedText("Backup finished at {{space-utc -9}}\nWill run again at {{space-utc 21600}}\n", 9),
      TimedText("[{{space-utc -9}}] cycle ok\n  sleeping, continue at {{space-utc 21600}}\n", 9),
      TimedText("Heartbeat ok {{space-utc -9}}\nCertificate good through {{space-utc 5184000}}\n", 9),
      TimedText("certificate good through {{space-utc 5184000}}, checked {{space-utc -9}}\n", 9),
      TimedText("again at {{iso-z 7200}}\nfully at {{iso-z 9200}}\nwas at {{iso-z -9}}", 9),
      TimedText("Will run again at {{space-utc 21600}}\n", -21_600),
      // A clock that is ahead is so in all lines.
      TimedText("beat 1 at {{space-utc -900}}\nbeat 2 at {{space-utc 3600}}\n", -3600),
      TimedText("{{space-utc -900}} a\n{{space-utc 3600}} b\n", -3600),
      TimedText("INFO {{space-utc -900}} a\nERROR {{space-utc 3600}} b\n", -3600),
    ].map { TimedText($0.text, $0.age, file: "bot.log") })
  func toCome(_ text: TimedText) throws {
    #expect(try text.hasAge())
  }

  @Test(
    "below a line that begins with its time, an older one is none of the writer's",
    arguments: [
      TimedText("{{space-utc -9}} fetching\n  HTTP/1.1 200 OK\n  Last-Modified: {{mail -777600}}\n", 9),
      TimedText("{{space-utc -9}} done\n-rw-r--r-- 1 root root 12345 {{space-utc -777600}} old.tar.gz\n", 9),
      TimedText("[{{iso-z -9}}] query\n  where updated_at > '{{space-utc -777600}}'\n", 9),
      TimedText("INFO {{iso-z -9}} query\nwhere updated_at > '{{space-utc -777600}}'\nand so on\n", 9),
      TimedText("{{space-utc -900}} started\nbeat at {{space-utc -9}}\n", 9),
      TimedText("{{space-utc -9}} report\nlast heartbeat: {{space-utc -900}}\n", 900),
      TimedText("{{space-utc -9}} report\n{{space-utc -900}} report\n", 900),
      TimedText("beat at {{space-utc -9}}\nbeat at {{space-utc -900}}\n", 900),
    ].map { TimedText($0.text, $0.age, file: "bot.log") })
  func older(_ text: TimedText) throws {
    #expect(try text.hasAge())
  }

  @Test(
    "a time in a file's name says what is in the file",
    arguments: [
      ("created db-{{compact -9}}.sql.gz\nremoved db-{{compact -777600}}.sql.gz\ndone\n", 1),
      ("beat {{iso-z -9}}\nremoved {{iso-z -777600}}.log\n", 9), ("beat {{iso-z -9}} /srv/{{iso-z -777600}}/x\n", 9),
      ("beat {{iso-z -9}}\nwrote /srv/{{iso-z -777600}}/x\n", 9), ("beat {{iso-z -9}}.\n", 9),
      ("at {{iso-z -9}}. Ok\n", 9),
      ("worker/1: {{iso-z -9}}\n", 9),
    ])
  func fileNames(_ text: String, _ age: Double) throws {
    #expect(try TimedText(text, age, file: "bot.log").hasAge())
  }
}

@Suite("Words around times")
struct WordsAroundTimesTests {
  @Test(
    "a text's time counts unless the words in front make it another one's",
    arguments: [
      TimedText("\u{1B}[32m{{space-utc -90}}\u{1B}[0m | INFO | a\n\u{1B}[32m{{space-utc -9}}\u{1B}[0m | INFO | b\n", 9),
      TimedText("{{space-utc -50}} done\nnext run at {{space-utc 3600}}\n", 50),
      TimedText("{{space-utc -50}} next run at {{space-utc 3600}}\n", 50),
      TimedText("INFO {{space-utc -50}} started\n", 50), TimedText("ERROR {{space-utc -50}} refused\n", 50),
      TimedText("Worker started. Last beat at {{space-utc -50}}\n", 50),
      TimedText("started=5 beat={{iso-z -50}}\n", 50), TimedText("count 5 at {{iso-z -50}}\n", 50),
      TimedText("time: {{iso-z -50}} last error {{iso-z -5}}\n", 50),
    ].map { TimedText($0.text, $0.age, file: "bot.log") })
  func counts(_ text: TimedText) throws {
    #expect(try text.hasAge())
  }

  @Test(
    "what starts, comes or went wrong is no beat",
    arguments: [
      "next run at {{space-utc 3600}}", "sleeping till {{space-utc 3600}}",
      "Server started on port 80 at {{iso-z -50}}", "start time is {{iso-z -50}}", "last restart {{iso-z -50}}",
      "last error {{iso-z -50}}", "last crash was on {{iso-z -50}}", "will resume at {{iso-z 3600}}",
      "rebooted {{iso-z -50}}", "Next wake-up {{iso-z 3600}}",
    ])
  func refused(_ text: String) {
    #expect(TimedText(text + "\n", nil, file: "bot.txt").refusal?.contains("only time stands behind") ?? false)
  }

  @Test(
    "what speaks for a program outweighs one word of an article",
    arguments: [
      TimedText(#"{"timestamp": "{{iso-z -9}}", "symbol": "BTCUSDT", "status": "running"}"#, 9),
      TimedText(#"{"timestamp": "{{iso-z -9}}", "title": "Pump 3", "pid": 4711}"#, 9),
      TimedText(#"{"timestamp": "{{iso-z -9}}", "symbol": "BTCUSDT", "price": 5, "state": "Running"}"#, 9),
      TimedText(#"{"timestamp": "{{iso-z -9}}", "lat": 47.1, "lon": 8.5, "pid": 4711}"#, 9),
      TimedText(#"{"timestamp": "{{iso-z -9}}", "tags": ["a"], "hostname": "pump-3"}"#, 9),
    ])
  func programs(_ text: TimedText) throws {
    #expect(try text.hasAge())
  }

  @Test(
    "a line of a log is a sign of life whatever it is about",
    arguments: [
      #""severity": "INFO""#, #""tags": ["a"]"#, #""alert": {"id": 5}"#, #""price": 5"#, #""title": "x""#,
      #""username": "eve""#, #""lat": 5, "lon": 7"#,
    ])
  func linesOfLogs(_ members: String) throws {
    let last = #"{"time": "{{iso-z -9}}", \#(members)}"# + "\n"
    let above = #"{"time": "{{iso-z -90}}", \#(members)}"# + "\n"
    #expect(try TimedText(above + last, 9, file: "state.txt").hasAge())
    #expect(try TimedText(last, 9, file: "app.jsonl").hasAge())
    #expect(TimedText(last, 9).refusal?.contains("of an article") ?? false)
  }

  @Test(
    "a time of somebody or something else stands behind one of the program",
    arguments: [
      TimedText(#"{"last_check": {{unix -9}}, "config_changed_at": {{unix -5000}}}"#, 9),
      TimedText(#"{"last_run_at": "{{iso-z -9}}", "model_updated_at": "{{iso-z -5000}}"}"#, 9),
      TimedText(#"{"updated_at": "{{iso-z -9}}", "leader_last_heartbeat": "{{iso-z -5000}}"}"#, 9),
      TimedText(#"{"updated_at": "{{iso-z -9}}", "leader_last_heartbeat": null}"#, 9),
      TimedText(#"{"last_checked": "{{iso-z -9}}", "last_modified": "{{iso-z -5000}}", "etag": "x"}"#, 9),
      TimedText(#"{"last_checked": "{{iso-z -5000}}", "last_modified": "{{iso-z -9}}"}"#, 9),
      TimedText(#"{"last_poll": "{{iso-z -9}}", "a": {"peer_seen": "{{iso-z -5000}}"}}"#, 9),
      // It is the only one that goes on.
      TimedText(#"{"model_updated_at": "{{iso-z -9}}", "pid": 4711}"#, 9),
      TimedText(#"{"cache_refreshed_at": "{{iso-z -9}}", "last_success": "{{iso-z -5000}}"}"#, 9),
      TimedText(#"{"leader_last_heartbeat": null, "pid": 4711}"#, nil),
      // What is run for it, the program runs; and a model may beat.
      TimedText(#"{"last_cache_sync": "{{iso-z -9}}", "last_run": "{{iso-z -5000}}"}"#, 9),
      TimedText(#"{"model_heartbeat": "{{iso-z -9}}", "updated_at": "{{iso-z -5000}}"}"#, 9),
    ])
  func foreign(_ text: TimedText) throws {
    #expect(try text.hasAge())
  }

  @Test(
    "of a line of a log the time at which it was written counts, unless lines of several are told apart",
    arguments: [
      #""ts": "{{iso-z -9}}", "last_heartbeat": "{{iso-z -7000}}""#,
      #""@timestamp": "{{iso-z -9}}", "last_heartbeat": null"#,
      #""event_time": "{{iso-z -9}}", "updated_at": "{{iso-z -7000}}""#, #""last_heartbeat": "{{iso-z -9}}", "n": 5"#,
    ])
  func timeOfRecord(_ members: String) throws {
    let line = "{\(members), \"job\": \"a\"}\n"
    #expect(try TimedText(line, 9, file: "app.jsonl").hasAge())
    #expect(try TimedText(line + line, 9, file: "state.txt").hasAge())
    var ages: [Double] = []
    let filled = TestTimes.fill(line + line, at: TestTimes.july, in: TestZone.all[0], &ages)
    var settings = SourceSettings(path: "x")
    settings.each = .init(keys: ["job"])
    let facts = SourceFacts(path: "/srv/app.jsonl", modified: TestTimes.july, zone: .utc)
    let found = try Recogniser.recognise(Array(filled.utf8), facts, settings).get()
    let age = found.processes.first?.time.map { (TestTimes.july - $0).rounded(.down) }
    #expect(age == (members.contains("null") ? nil : members.contains("7000") ? 7000 : 9))
  }

  @Test("a start is no beat beside one that is none yet, nor before it")
  func starts() throws {
    let start = #""bot_startup": "{{iso-z -20}}", "bot_startup_ts": {{unix -20}}"#
    #expect(try TimedText(#"{"last_process": "{{iso-z -5000}}", \#(start)}"#, 5000).hasAge())
    #expect(try TimedText(#"{"last_process_ts": {{unix -5000}}, \#(start)}"#, 5000).hasAge())
    #expect(try TimedText(#"{"last_process": null, \#(start)}"#, nil).hasAge())
    #expect(TimedText("{\(start)}", nil).refusal?.contains(#"by its word "startup""#) ?? false)
  }

  @Test(
    "other people's things stay what they are",
    arguments: [
      #"{"updated_at": "{{iso-z -9}}", "title": "A lamp", "price": 5, "status": "running"}"#,
      #"{"last_seen": "{{iso-z -9}}", "username": "eve", "status": "online"}"#,
      #"{"time": "{{iso-z -9}}", "monitor": "shop", "status": "up"}"#,
      #"{"updated_at": "{{iso-z -9}}", "symbol": "BTCUSDT", "status": "open"}"#,
      #"{"time": "{{iso-z -9}}", "lat": 47.1, "lon": 8.5, "magnitude": 3}"#,
      #"{"updated_at": "{{iso-z -9}}", "symbol": "BTCUSDT", "pid": null, "hostname": ""}"#,
    ])
  func things(_ text: String) {
    #expect(TimedText(text, nil).refusal?.contains("of an article") ?? false)
  }

  @Test(
    "of YAML and INI with several blocks the youngest time counts, whichever stands last",
    arguments: [
      TimedText("workers:\n  a:\n    last_seen: {{iso-z -3}}\n  b:\n    last_seen: {{iso-z -300}}\n", 3, file: "w.yml"),
      TimedText(
        "workers:\n  a:\n    last_seen: {{iso-z -300}}\n  b:\n    last_seen: {{iso-z -3}}\n", 3, file: "w.yaml"),
      TimedText(
        "workers:\n  a:\n    last_seen: {{iso-z -30}}\n    next_run: {{iso-z -3}}\n  b:\n    seen: {{iso-z 9000}}\n",
        30,
        file: "w.yml"),
      TimedText("[a]\nlast_seen = {{space-utc -9}}\n[b]\nlast_seen = {{space-utc -12}}\n", 9, file: "x.ini"),
      TimedText("[a]\nlast_seen = {{space-utc -12}}\n[b]\nlast_seen = {{space-utc -9}}\n", 9, file: "x.ini"),
      // A log counts by its last line.
      TimedText("{{space-utc -3}} a\n{{space-utc -300}} b\n", 300, file: "w.log"),
    ])
  func youngestOfBlocks(_ text: TimedText) throws {
    #expect(try text.hasAge())
    #expect(try text.process().rule.contains(text.file == "w.log" ? "the last line" : "the youngest"))
  }

  @Test("times as other tools wrap them")
  func wrapped() throws {
    for text in [
      #"{"ts": {"$date": {"$numberLong": "{{unix-milli -9}}"}}}"#, #"{"ts": {"seconds": "{{unix -9}}", "nanos": "5"}}"#,
      #"{"ts": {"value": "/Date({{unix-milli -9}})/", "DisplayHint": 2, "DateTime": "Dienstag"}}"#,
      #"{"ts": "{{space-utc -9}}.123456789 +0000 UTC m=+0.012345678"}"#,
    ] {
      #expect(try TimedText(text, 9).hasAge(), "\(text)")
    }
  }

  @Test("a text under a beat's name that is not understood is quoted")
  func unreadable() {
    let sentence = TimedText(#"{"last_heartbeat": "2026-W48-4T20:04:45Z"}"#, nil).refusal
    #expect(
      sentence?.hasPrefix(#"`last_heartbeat` is by its name a beat, but its text "2026-W48-4T20:04:45Z""#) ?? false)
  }

  @Test("a time in a list is named, though no key leads to it")
  func inList() {
    let sentence = TimedText(#"{"history": [{"n": 1}, {"timestamp": "{{iso-z -9}}"}]}"#, nil).refusal
    #expect(
      sentence
        == "`.history[1].timestamp` is a time, but stands in a list; `time: mtime` makes the file's own time the beat")
  }
}
