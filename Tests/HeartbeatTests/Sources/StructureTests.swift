import Foundation
import Testing

@testable import Heartbeat
@testable import JSON

@Suite("What a file is by its structure")
struct StructureTests {
  /// The file's own time, and times of beats before it: 18:26:50 and 18:20:00.
  private static let now = 1_784_053_620.0
  private static let beat = "2026-07-14T18:26:50Z"
  private static let older = "2026-07-14T18:20:00Z"
  private static let unix = 1_784_053_610

  private static func recognise(
    _ text: String, _ path: String = "/srv/gate/state.json", isTail: Bool = false,
    change: (inout SourceSettings) -> Void = { _ in }
  ) -> Result<SourceRecognition, SourceFailure> {
    var settings = SourceSettings(path: path)
    change(&settings)
    var facts = SourceFacts(path: path, modified: now, zone: .utc)
    facts.isTail = isTail
    return Recogniser.recognise(Array(text.utf8), facts, settings)
  }

  /// `lines gate 10`: the layout, and each process with the age of its beat; or why there is none.
  private static func told(_ outcome: Result<SourceRecognition, SourceFailure>) -> String {
    switch outcome {
    case .success(let found):
      ([found.layout.rawValue]
        + found.processes.map { "\($0.name) \($0.time.map { String(Int(now - $0)) } ?? "never")" })
        .joined(separator: ", ")
    case .failure(let failure): RecogniserTests.word(failure)
    }
  }

  private static func told(_ text: String, _ path: String = "/srv/gate/state.json") -> String {
    told(recognise(text, path))
  }

  // MARK: - Text that begins as JSON does

  @Test(
    "a word in brackets in front of a line does not make it JSON",
    arguments: [
      "[INFO] 2026-07-14 18:20:00 loop\n[INFO] 2026-07-14 18:26:50 loop\n", "[main] 2026-07-14 18:26:50\n",
      "[pid:1234] 2026-07-14 18:26:50 beat\n", "[OK] 1784053610\n", "{worker-1} alive 1784053610\n",
      "[1234] 2026-07-14 18:26:50 beat\n", "\n[ INFO ] 2026-07-14 18:26:50\n", "[2026-07-14 18:26:50,123] beat\n",
    ])
  func labels(_ text: String) {
    for path in ["/srv/gate/heartbeat", "/srv/gate/state.log"] {
      let told = Self.told(text, path)
      #expect(told == "text, gate 10" || told == "lines, gate 10" || told == "text, gate 9", "\(text): \(told)")
    }
  }

  @Test(
    "what is half of JSON is torn, and what has garbage behind it is no JSON",
    arguments: [
      ("[1784053610, 17840", "torn"), (#"["2026-07-14T18:26:50Z", "20"#, "torn"), ("[\n  {\"id\": \"a\"", "torn"),
      (#"{"ts": 1784053610"#, "torn"), (#"{"ts": 1784053610}} 1784053610"#, "not_json"),
      ("[1, 2] 1784053610", "not_json"),
      ("{'ts': 1784053610}", "not_json"), ("{ts: 1784053610} x", "not_json"), ("[true] x", "not_json"),
    ])
  func half(_ text: String, _ word: String) { #expect(Self.told(text, "/srv/gate/heartbeat") == word) }

  @Test("a layout of text or lines that the configuration names is obeyed")
  func layoutOfText() {
    let text = "{'ts': 1, 'at': '2026-07-14 18:26:50'}\n"
    for layout in [SourceLayout.text, .lines] {
      #expect(Self.told(Self.recognise(text) { $0.layout = layout }).hasSuffix("gate 10"))
    }
    #expect(Self.told(text) == "not_json")
    #expect(Self.told(Self.recognise(#"{"n": "\#(Self.beat)"}"#) { $0.layout = .text }) == "text, gate 10")
  }

  // MARK: - Lists and maps

  @Test(
    "things that are worked on are no processes",
    arguments: [
      #"{"tasks": [{"id": 1, "description": "x", "status": "todo", "createdAt": "T", "updatedAt": "T"}, {"id": 2, "description": "y", "status": "done", "createdAt": "T", "updatedAt": "T"}]}"#,
      #"[{"id": 1, "description": "x", "status": "done", "createdAt": "T", "updatedAt": "T"}]"#,
      #"{"tasks": [{"id": 1, "status": "todo", "updated_at": "T"}, {"id": 2, "status": "done", "updated_at": "T"}]}"#,
      #"[{"id": 1, "task": "milk", "done": true, "completed_at": "T"}, {"id": 2, "task": "tea", "done": true, "completed_at": "T"}]"#,
      #"{"tasks": {"a": {"status": "todo", "updated_at": "T"}, "b": {"status": "done", "updated_at": "T"}}}"#,
      #"[{"user": "a", "text": "hi", "ts": "T"}, {"user": "b", "text": "yo", "ts": "T"}]"#,
      #"[{"name": "a", "score": 5, "timestamp": "T"}, {"name": "b", "score": 3, "timestamp": "T"}]"#,
      #"[{"id": 1, "name": "Shoe", "stock": 5, "updated_at": "T"}, {"id": 2, "name": "Hat", "stock": 6, "updated_at": "T"}]"#,
      #"{"customers": [{"id": 1, "name": "Joe", "updated_at": "T"}, {"id": 2, "name": "Ann", "updated_at": "T"}]}"#,
      #"{"notes": [{"id": "n1", "text": "x", "updated": "T"}, {"id": "n2", "text": "y", "updated": "T"}]}"#,
      #"[{"labels": {"alertname": "x"}, "startsAt": "T", "endsAt": "T", "updatedAt": "T", "fingerprint": "ab"}]"#,
    ])
  func records(_ text: String) {
    #expect(Self.told(text.replacing("\"T\"", with: "\"\(Self.beat)\"")) == "no_beat", "\(text)")
  }

  @Test("a list that is none of processes is named in what is said")
  func listIsNamed() {
    let outcome = Self.recognise(#"{"notes": [{"text": "x", "updated": "\#(Self.beat)"}]}"#)
    guard case .failure(.noBeat(let sentence)) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(sentence.contains("`.notes[0].updated` is a time, but stands in a list"))
  }

  @Test(
    "those that work are, whatever else is said of them",
    arguments: [
      #"[{"id": "a", "description": "x", "created_at": "T", "last_seen": "T"}]"#,
      #"[{"id": "a", "message": "ok", "created_at": "T", "last_heartbeat": "T"}]"#,
      #"[{"id": "a", "user": "root", "message": "ok", "last_run": "T"}]"#,
      #"[{"id": "a", "score": 0.5, "last_run": "T"}]"#,
      #"{"tasks": [{"id": "a", "status": "done", "finished_at": "T"}]}"#,
      #"{"jobs": [{"id": "a", "description": "x", "schedule": "* * * * *", "created_at": "T", "updated_at": "T"}]}"#,
    ])
  func noRecords(_ text: String) {
    let told = Self.told(text.replacing("\"T\"", with: "\"\(Self.beat)\""))
    #expect(["list, a 10", "list, gate 10"].contains(told), "\(text): \(told)")
  }

  @Test("runs of one name are one process, its youngest; of several names, or with pids of their own, each is one")
  func history() {
    func list(_ one: String, _ other: String) -> String {
      Self.told(#"[{\#(one), "ts": \#(Self.unix - 50)}, {\#(other), "ts": \#(Self.unix)}]"#)
    }
    #expect(list(#""name": "nightly", "run_id": "r1""#, #""name": "nightly", "run_id": "r2""#) == "list, nightly 10")
    #expect(list(#""name": "nightly", "run_id": "r1""#, #""name": "weekly", "run_id": "r2""#) == "list, r1 60, r2 10")
    #expect(list(#""name": "api", "id": "a", "pid": 7"#, #""name": "api", "id": "b", "pid": 8"#) == "list, a 60, b 10")
    #expect(list(#""host": "h", "id": "a""#, #""host": "h", "id": "b""#) == "list, a 60, b 10")
  }

  @Test(
    "the only object in a file that is about the process itself has the name of the file",
    arguments: ["progress", "result", "session", "summary", "poller", "gateway", "spec", "bot", "status"])
  func oneInside(_ key: String) {
    #expect(Self.told(#"{"ok": true, "\#(key)": {"done": 5, "updated_at": "\#(Self.beat)"}}"#) == "single, gate 10")
  }

  @Test("the end of the last run is that of a run")
  func lastRun() {
    #expect(Self.told(#"{"last_run": {"finished_at": "\#(Self.beat)"}}"#) == "single, gate 10")
    #expect(Self.told(#"{"last_error": {"finished_at": "\#(Self.beat)"}}"#) == "no_beat")
  }

  @Test("an entry of a map that has no place for a time is left out, and said; one whose time is null is never")
  func entriesWithoutTimes() throws {
    let entries = #""a": {"last_seen": "\#(Self.beat)"}, "b": {"last_seen": "\#(Self.beat)"}"#
    let found = try Self.recognise(
      #"{"config": {"interval": 5}, "_meta": {"v": 1}, \#(entries), "d": {"last_seen": "\#(Self.beat)"}, "e": {"last_seen": "\#(Self.beat)"}}"#
    ).get()
    #expect(found.processes.map(\.name) == ["a", "b", "d", "e"])
    #expect(found.leftOut.map(\.place) == [".config", "._meta"])
    #expect(Self.told(#"{"c": {"last_seen": null}, \#(entries)}"#) == "map, c never, a 10, b 10")
    #expect(Self.told(#"{"c": {"started_at": ""}, \#(entries)}"#) == "map, c never, a 10, b 10")
    // Under a name for processes all are.
    #expect(Self.told(#"{"workers": {"c": {"jobs": 5}, \#(entries)}}"#) == "map, c never, a 10, b 10")
  }

  @Test(
    "a key that speaks of a time names no program",
    arguments: ["as_of", "mtime", "event_time", "snapshot_time", "generated", "dt"])
  func wordsForTimes(_ key: String) {
    #expect(Self.told(#"{"\#(key)": "\#(Self.beat)"}"#) == "single, gate 10")
    #expect(Self.told(#"{"\#(key)": "\#(Self.beat)", "bidder": "\#(Self.beat)"}"#).hasPrefix("map"))
    #expect(Self.told(#"{"\#(key)": "\#(Self.beat)", "n": 1}"#) == "no_beat")
  }

  @Test("a name of a program, or of what it does, does")
  func wordsForPrograms() {
    #expect(Self.told(#"{"bidder": "\#(Self.beat)"}"#) == "map, bidder 10")
    #expect(Self.told(#"{"backup": "\#(Self.beat)"}"#) == "map, backup 10")
  }

  // MARK: - Lines

  @Test("of lines of JSON the last that has a time counts")
  func linesWithoutTimes() {
    let line = #"{"ts": "\#(Self.beat)", "n": 1}"# + "\n"
    let older = #"{"ts": "\#(Self.older)", "n": 1}"# + "\n"
    #expect(Self.told(older + line + #"{"summary": "done", "n": 2}"# + "\n", "/srv/gate/run.jsonl") == "lines, gate 10")
    let traceback = "Traceback (most recent call last):\n" + String(repeating: "  File \"x.py\", line 1\n", count: 40)
    #expect(Self.told(older + line + traceback, "/srv/gate/run.jsonl") == "lines, gate 10")
    #expect(Self.told(#"{"n": 1}"# + "\n" + #"{"n": 2}"# + "\n", "/srv/gate/run.jsonl") == "no_beat")
    let log = String(repeating: "2026-07-14 18:26:50 beat\n", count: 5)
    #expect(Self.told(Self.recognise(older + log, "/srv/gate/run.log", isTail: true)) == "lines, gate 10")
    let far = older + String(repeating: "{\"n\": 1}\n", count: 2_000)
    #expect(Self.told(far, "/srv/gate/run.jsonl") == "no_beat")
  }

  @Test("a key for each line is refused for a text, and names the items of a list")
  func eachOfText() {
    let text = "2026-07-14 18:20:00 a\n2026-07-14 18:26:50 b\n"
    let outcome = Self.recognise(text, "/srv/gate/x.log") { $0.each = .init(".job.name") }
    guard case .failure(.noBeat(let sentence)) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(sentence.contains("`each`"))
    let list =
      #"[{"id": 1, "job": {"name": "a"}, "ts": \#(Self.unix)}, {"id": 2, "job": {"name": "b"}, "ts": \#(Self.unix)}]"#
    #expect(Self.told(Self.recognise(list) { $0.each = .init(".job.name") }) == "list, a 10, b 10")
  }

  // MARK: - No heartbeats

  @Test(
    "numbers, ids and addresses are no processes",
    arguments: [
      #"{"used": 1783500000, "free": 1783200000, "cached": 1783100000}"#,
      #"{"heap_used": 1783500000, "rss": 1783100000}"#,
      #"{"rx": 1700000000, "tx": 1200000000}"#, #"{"alice": 1234567890, "bob": 1434567890}"#,
      #"{"nasa": "1592345678901234567", "bbc": "1692345678901234567"}"#,
      #"{"welcome": 1043215678901234567, "logs": 1143215678901234567}"#,
      #"{"123456789012345678": 1784053610, "-223456789": 1784053000}"#,
      #"{"10.0.0.1": 1784053610.5, "10.0.0.2": 1784053000.5}"#, #"{"fe80::1": 1784053610, "fe80::2": 1784053000}"#,
      #"{"https://a.example/x": "2026-07-14T18:26:50Z", "https://a.example/y": "2026-07-14T18:20:00Z"}"#,
    ])
  func mapsOfOthers(_ text: String) { #expect(Self.told(text) == "no_beat") }

  @Test("numbers and addresses may be processes where something says so, and most keys suffice")
  func mapsOfProcesses() {
    let numbered = #"{"1": 1784053610, "2": 1784053220}"#
    #expect(Self.told(numbered) == "no_beat")
    #expect(Self.told(numbered, "/srv/gate/workers.json") == "map, 1 10, 2 400")
    #expect(Self.told(#"{"workers": \#(numbered)}"#) == "map, 1 10, 2 400")
    #expect(Self.told(Self.recognise(numbered) { $0.layout = .map }) == "map, 1 10, 2 400")
    #expect(Self.told(#"{"a": 1784053610, "free": 1784053220, "b": 1784053610}"#) == "map, a 10, free 400, b 10")
    #expect(
      Self.told(#"{"1": {"pid": 5, "last_seen": 1784053610}, "2": {"pid": 6, "last_seen": 1784053220}}"#)
        == "map, 1 10, 2 400")
  }

  @Test("rows of what was measured or happened are a history, whatever ids they have")
  func rows() {
    for (key, value) in [("value", "21.5"), ("event", #""push""#)] {
      let rows = [(1, Self.older), (2, Self.beat)].map {
        #"{"id": \#($0.0), "\#(key)": \#(value), "timestamp": "\#($0.1)"}"#
      }
      let text = "[\(rows.joined(separator: ", "))]"
      #expect(Self.told(text) == "list, gate 10")
      #expect(Self.told(text, "/srv/gate/workers.json") == "list, 1 420, 2 10")
      #expect(Self.told(text.replacing("{", with: #"{"pid": 7, "#)) == "list, 1 420, 2 10")
    }
  }

  @Test("JSON without any time is no heartbeat", arguments: ["true", "null", "\"running\"", "12"])
  func scalars(_ text: String) {
    #expect(Self.told(text) == "no_beat")
    #expect(Self.told(text, "/srv/gate/alive") == "touched, gate 0")
  }

  @Test("a mark of a start is none under a word for any time either", arguments: ["server-started", "started", "boot"])
  func marks(_ stem: String) {
    #expect(Self.told(#"{"time": "\#(Self.beat)"}"#, "/srv/gate/\(stem).json") == "no_beat")
    #expect(Self.told(#"{"heartbeat": "\#(Self.beat)"}"#, "/srv/gate/\(stem).json").hasSuffix(" 10"))
    #expect(Self.told(#"{"last_seen": "\#(Self.beat)"}"#, "/srv/gate/\(stem).json").hasSuffix(" 10"))
    let configured = Self.recognise(#"{"time": "\#(Self.beat)"}"#, "/srv/gate/\(stem).json") {
      $0.time = .key(.init(keys: ["time"]))
    }
    #expect(Self.told(configured).hasSuffix(" 10"))
  }
}

@Suite("What a file is by its structure, as it lies there")
final class StructureOfFilesTests {
  let folder = FileManager.default.temporaryDirectory.appending(path: "structure-\(UUID().uuidString)")
  private static let unix = 1_784_053_610

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: folder) }

  /// The layout and the names of a file's processes, or what is wrong with it.
  private func told(_ name: String, _ text: String = "", hole: UInt64 = 0) throws -> String {
    let file = folder.appending(path: name)
    try Data().write(to: file)
    let handle = try FileHandle(forWritingTo: file)
    try handle.truncate(atOffset: hole)
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(text.utf8))
    try handle.close()
    var sources = SourceSet([SourceSettings(path: file.path)])
    sources.refresh(readTimeout: 5)
    if let problem = sources.files[0].lastProblem { return problem.failure.rawValue }
    let snapshot = sources.snapshot
    return
      ([sources.files[0].layout?.rawValue ?? "-"]
      + snapshot.entries.map { "\(snapshot.string($0.name)) \($0.lastHeartbeat.map { String(Int($0)) } ?? "never")" })
      .joined(separator: ", ")
  }

  @Test("with processes that are no object it is of another program, if it beats")
  func processesThatAreNone() throws {
    #expect(try told("gate.json", #"{"timestamp": \#(Self.unix), "processes": 312}"#) == "single, gate \(Self.unix)")
    #expect(
      try told(
        "gate.json", #"{"processes": [{"name": "a", "last_seen": \#(Self.unix)}, {"name": "b", "last_seen": 0}]}"#)
        == "list, a \(Self.unix), b never")
    #expect(try told("gate.json", #"{"n": 1, "processes": 312}"#) == "wrong_shape")
    #expect(try told("gate.json", #"{"last_updated": \#(Self.unix), "processes": []}"#) == "wrong_shape")
    #expect(try told("gate.json", #"{"processes": [{"name": "a", "last_se"#) == "torn")
  }

  @Test("an object of processes of which none has our beat is another program's, if it beats")
  func processesOfAnother() throws {
    let time = Self.unix
    #expect(
      try told("gate.json", #"{"updated_at": \#(time), "processes": {"web": {"pid": 1, "status": "running"}}}"#)
        == "single, gate \(time)")
    #expect(
      try told("gate.json", #"{"processes": {"a": {"last_seen": \#(time)}, "b": {"last_seen": \#(time - 9)}}}"#)
        == "map, a \(time), b \(time - 9)")
    #expect(try told("gate.json", #"{"processes": {"a": \#(time), "b": \#(time - 9)}}"#).hasPrefix("map, a \(time)"))
    // Ours, with entries that are broken.
    for entries in [
      "{}", #"{"a": {"pid": 1}}"#, #"{"a": {"last_heartbeat": "x", "last_seen": \#(time)}}"#,
    ] { #expect(try told("gate.json", #"{"last_updated": \#(time), "processes": \#(entries)}"#) == "ours") }
    #expect(
      try told(
        "gate.json",
        #"{"updated": \#(time), "processes": {"a": {"last_heartbeat": \#(time)}, "b": {"last_seen": \#(time)}}}"#)
        == "ours, a \(time)")
  }

  @Test("ours is read anew behind a content of another program that waited")
  func oursAgain() throws {
    let file = folder.appending(path: "gate.json")
    let ours = #"{"processes": {"a": {"last_heartbeat": \#(Self.unix)}}}"#
    var sources = sources()
    for (text, isUp) in [
      (ours, true), (#"{"updated_at": \#(Self.unix), "processes": {"a": {"pid": 1}, "b": {"pid": 2}}}"#, false),
      (ours, true), (#"{"processes": {"a": {"last_heartbeat": \#(Self.unix + 1)}}}"#, true),
    ] {
      try Data(text.utf8).write(to: file)
      sources.refresh(readTimeout: 5)
      #expect((sources.files[0].lastProblem == nil) == isUp, "\(text)")
      #expect(sources.snapshot.entries.map { sources.snapshot.string($0.name) } == ["a"])
    }
    #expect(sources.snapshot.entries.first?.lastHeartbeat == Double(Self.unix + 1))
  }

  /// The key paths of all numbers, and how many keys are left out.
  private func numbers(_ sources: inout SourceSet, _ text: String, at second: Int) throws -> ([String], Int) {
    let file = folder.appending(path: "gate.json")
    try Data(text.utf8).write(to: file)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: Double(Self.unix + second))], ofItemAtPath: file.path)
    sources.refresh(readTimeout: 5)
    let keys = sources.processes(of: sources.files[0]).flatMap(\.numbers).map(\.key)
    return (keys.sorted(), sources.skipped[.changingKey] ?? 0)
  }

  private func sources() -> SourceSet { SourceSet([SourceSettings(path: folder.path + "/gate.json")]) }

  @Test("ids as keys become no flood of series: they are held back, counted and said, also after all was forgotten")
  func keysThatChange() throws {
    var (one, other) = (sources(), sources())
    var all: Set<String> = []
    for turn in 0..<40 {
      let text = #"{"ts": \#(Self.unix + turn), "n": 1, "orders": {"open": 1, "ord_\#(turn + 1002)": {"px": 1}}}"#
      let found = try numbers(&one, text, at: turn)
      other.forget()
      let others = try numbers(&other, text, at: turn)
      #expect(found == others)
      #expect(found.0.starts(with: ["n", "orders.open"]))
      all.formUnion(found.0)
      if turn == 0 { #expect(found.0 == ["n", "orders.open", "orders.ord_1002.px"]) }
      if turn == 39 {
        #expect(found == (["n", "orders.open"], 1))
        #expect(one.files[0].leftOut.contains { $0.place == "gate .orders" })
      }
    }
    #expect(all.count <= 2 + 8)
    // One that stays counts.
    for turn in 40..<50 {
      let text = #"{"ts": \#(Self.unix + turn), "n": 1, "orders": {"open": 1, "ord_2000": {"px": 1}}}"#
      let found = try numbers(&one, text, at: turn)
      #expect(found.0 == (turn < 47 ? ["n", "orders.open"] : ["n", "orders.open", "orders.ord_2000.px"]), "\(turn)")
    }
  }

  @Test("keys that come again, new keys and lines of several kinds are data")
  func keysThatReturn() throws {
    var sources = sources()
    for turn in 0..<60 {
      let more = turn % 3 == 0 ? #", "markets": {"m\#(turn / 3 % 5)": 1}"# : #", "k\#(turn / 20)": 1"#
      let found = try numbers(&sources, #"{"ts": \#(Self.unix + turn)\#(more)}"#, at: turn)
      #expect(found.0.count == 1 && found.1 == 0, "\(turn): \(found)")
    }
  }

  @Test("what is remembered of keys has a bound")
  func bound() throws {
    var churn = KeyChurn()
    for turn in 0..<200 {
      let inner = JSONObject((0..<50).map { .init(key: "a\(turn)b\($0)", value: .object(["n": .integer(1)])) })
      var process = SourceProcess(name: "p\(turn)", time: 1, place: "", rule: "")
      process.data = ["x": .object(inner)]
      var recognition = SourceRecognition(.single, [process])
      churn.take(&recognition, isNew: true)
    }
    #expect(churn.count <= 2_000)
    var process = SourceProcess(name: "p", time: 1, place: "", rule: "")
    let wide = JSONObject((0..<2 * KeyChurn.mostKeys).map { .init(key: "k\($0)", value: .integer(1)) })
    process.data = wide
    var recognition = SourceRecognition(.single, [process])
    churn.take(&recognition, isNew: true)
    #expect(recognition.processes[0].data.count == wide.count)
  }

  @Test("the end of a file that grows counts, whatever stands in front of it, and however long its lines are")
  func ends() throws {
    let line = "2026-07-14 18:26:50 beat\n"
    #expect(try told("gate.log", line, hole: 9 << 20) == "text, gate \(Self.unix)")
    let many = String(repeating: "2026-07-14 18:26:50 \(String(repeating: "y", count: 8_000))\n", count: 1_100)
    #expect(
      try told("gate.log", "argv: " + String(repeating: "x", count: 20_000) + "\n" + many) == "lines, gate \(Self.unix)"
    )
    let wide = #"{"ts": \#(Self.unix), "n": "\#(String(repeating: "x", count: 70_000))"}"# + "\n"
    #expect(try told("gate.jsonl", String(repeating: wide, count: 130)) == "lines, gate \(Self.unix)")
    // Neither is one that grows.
    let zeros = String(repeating: "\0", count: 9 << 20)
    #expect(try told("gate.bin", zeros) == "no_beat")
    #expect(try told("gate.txt", "{" + String(repeating: "x", count: 9 << 20) + line) == "no_beat")
  }
}
