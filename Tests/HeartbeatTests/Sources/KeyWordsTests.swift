import Testing

@testable import Heartbeat

@Suite("Words of keys")
struct KeyWordsTests {
  @Test(
    "keys are split into words, however they are spelt",
    arguments: [
      ("last_heartbeat", ["last", "heartbeat"]), ("UpdatedAtUtc", ["updated", "at", "utc"]),
      ("lastPulseAt", ["last", "pulse", "at"]),
      ("last-run.time", ["last", "run", "time"]), ("lastseen", ["last", "seen"]), ("createdat", ["created", "at"]),
      ("UTCTime", ["utc", "time"]),
      ("stamp_ns", ["stamp", "ns"]), ("lastrunat", ["last", "run", "at"]), ("worker2Beat", ["worker", "beat"]),
      ("", []),
    ])
  func split(_ key: String, _ words: [String]) {
    #expect(KeyWords.split(key) == words)
  }

  @Test(
    "words decide what a key says",
    arguments: [
      ("heartbeat", BeatKey.rank(.beat)), ("lastPing", .rank(.beat)), ("keep_alive_at", .rank(.beat)),
      ("ts", .rank(.time)), ("unix_ts", .rank(.time)),
      ("lastTimestamp", .rank(.time)), ("updatedAt", .rank(.update)), ("last_seen", .rank(.update)),
      ("lastRunTime", .rank(.run)),
      ("generated_at", .rank(.run)), ("last_candle_ts", .never("candle")), ("last_thing", .rank(.other)),
      ("moved_at", .rank(.other)),
      ("last_success", .rank(.success)), ("finishedAt", .rank(.ended)), ("started_at", .never("started")),
      ("nextRun", .never("next")),
      ("heartbeat_interval", .never("interval")), ("pulse_count", .never("count")), ("expires", .never("expires")),
      ("launch_time", .never("launch")), ("initialized_at", .never("initialized")),
      ("connectedAt", .never("connected")),
      ("wake_at", .never("wake")), ("resume_at", .never("resume")), ("unlock_time", .never("unlock")),
      ("fire_at", .never("fire")), ("remind_at", .never("remind")), ("last_reboot", .never("reboot")),
      ("acquireTime", .never("acquire")), ("exp", .never("exp")), ("not_after", .never("after")),
      ("run_after", .never("after")), ("missed_heartbeat", .never("missed")), ("spawn_time", .never("spawn")),
      ("last_reset", .never("reset")),
      ("nbf", .never("nbf")), ("wakeup_at", .never("wakeup")), ("run", .other), ("name", .other),
      ("map_check", .other),
    ])
  func rank(_ key: String, _ expected: BeatKey) {
    #expect(BeatKey(key) == expected)
  }

  @Test(
    "what happened once at a start is no beat",
    arguments: [
      ("bot_startup_ts", "startup"), ("ready_at", "ready"), ("initialization_timestamp", "initialization"),
      ("elected_at", "elected"), ("loaded_at", "loaded"), ("loadedAt", "loaded"), ("activated_at", "activated"),
      ("issued_at", "issued"), ("reconnected_at", "reconnected"), ("last_deploy", "deploy"),
      ("last_deployment_at", "deployment"), ("last_reload_at", "reload"), ("mounted_at", "mounted"),
      ("forked_at", "forked"), ("established_at", "established"), ("onlineAt", "online"),
      ("state_changed_at", "changed"), ("StateChangeTimestamp", "change"), ("ActiveEnterTimestamp", "enter"),
      ("lastTransitionTime", "transition"),
    ])
  func starts(_ key: String, _ word: String) {
    #expect(BeatKey(key) == .never(word))
  }

  @Test(
    "names of programs and the last that was seen of one are no starts",
    arguments: [
      ("deploy", BeatKey.other), ("reload", .other), ("last_online", .rank(.other)), ("last_changed", .rank(.update)),
      ("state_updated_at", .rank(.update)), ("WatchdogTimestamp", .rank(.other)), ("last_process", .rank(.run)),
    ])
  func noStarts(_ key: String, _ expected: BeatKey) {
    #expect(BeatKey(key) == expected)
  }

  @Test("a word by which a file's name says that it is of a start says so of a key, too")
  func marksOfStart() {
    #expect(!KeyWords.marksOfStart.isEmpty)
    for word in KeyWords.marksOfStart {
      #expect(BeatKey("\(word)_at") == .never(word))
      let facts = SourceFacts(path: "/srv/x-\(word)", modified: 0, zone: .utc)
      #expect(SourceName.markOfStart(facts) == word)
    }
  }
}
