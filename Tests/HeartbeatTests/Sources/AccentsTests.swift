import JSON
import Testing

@testable import Heartbeat

/// Whoever may write a file may write anything into it: it costs its length, and two names that look the same are two.
@Suite("Files of accents")
struct AccentsTests {
  /// Accents without a letter between them, 200 kB: to compare them once by `==` would take minutes.
  private static let accents =
    String(repeating: "\u{344}", count: 50_000) + String(repeating: "\u{316}", count: 50_000)

  /// A text with these in the place of each `K`.
  private static func bytes(_ text: String) -> [UInt8] {
    Array(
      Array(text.utf8).split(separator: UInt8(ascii: "K"), omittingEmptySubsequences: false)
        .joined(separator: Array(accents.utf8)))
  }

  private static func recognise(_ text: [UInt8], _ path: String = "/srv/x/state.json") -> SourceRecognition? {
    let facts = SourceFacts(path: path, modified: TestTimes.july, zone: .utc)
    return try? Recogniser.recognise(text, facts, SourceSettings(path: path)).get()
  }

  @Test(
    "another program's file with keys and words of accents is read or refused", .timeLimit(.minutes(4)),
    arguments: [
      (#"{"K":1,"last_seen":1784020000,"K":{"K":"K"}}"#, SourceLayout.single),
      (#"{"state":"K","hostname":"K","time":1784020000,"K":{"last_seen":1784020000}}"#, .single),
      (#"{"a":{"last_seen":1784020000,"K":1},"b":{"last_seen":1784020000,"K":true}}"#, .map),
      (#"{"K":{"last_seen":1784020000},"b":{"last_seen":1784020000},"state":{"last_seen":1784020000}}"#, .map),
      (#"[{"id":"a","K":"K","last_seen":1784020000},{"id":"b","K":1,"last_seen":1784020000}]"#, .list),
      (#"{"K":1784020000,"b":1784020000}"#, nil), (#"{"K":1784020000,"value":{"value":"K"}}"#, nil),
      (#"{"K":{"K":{"K":1784020000}}}"#, nil), (#"{"K":"/Date(1784020000000)/","x":{"value":"K"}}"#, nil),
    ])
  func keys(text: String, layout: SourceLayout?) {
    let found = Self.recognise(Self.bytes(text))
    #expect(layout == nil || found?.layout == layout)
  }

  @Test("what a file is refused for is told in a short sentence", .timeLimit(.minutes(4)))
  func sentence() {
    let facts = SourceFacts(path: "/srv/x/state.json", modified: TestTimes.july, zone: .utc)
    for text in [#"{"K":1784020000}"#, #"{"K":1784020000,"n":1}"#] {
      guard
        case .failure(.noBeat(let sentence)) = Recogniser.recognise(Self.bytes(text), facts, SourceSettings(path: "x"))
      else { continue }
      #expect(sentence.utf8.count < 1000)
    }
  }

  @Test(
    "a text of keys and values with accents is read or refused", .timeLimit(.minutes(4)),
    arguments: [
      "K", "K=1", "a=K", "a: K\nb: 1\n", "[K]\na=1\n", "a=\"K\"", "a=1 #K", "K\nK\na=1", "a='K", "a: 1\nK: 2\n",
    ])
  func keyValues(text: String) {
    let found = KeyValueText.parse(Self.bytes(text)[...])
    if let value = found?["a"]?.stringValue { #expect(value.utf8.count >= Self.accents.utf8.count) }
    _ = Self.recognise(Self.bytes(text + "\nlast_seen=1784020000\n"), "/srv/x/state.txt")
  }

  @Test("keys that come and go cost their length", .timeLimit(.minutes(4)))
  func churn() throws {
    var churn = KeyChurn()
    for turn in 0..<3 {
      var found = try #require(Self.recognise(Self.bytes("{\"K\(turn)\":1,\"K\":{\"K\":1},\"last_seen\":1784020000}")))
      churn.take(&found, isNew: true)
      #expect(found.processes[0].data.count == 2)
    }
  }

  @Test("processes of a list and of lines whose names look the same are two")
  func names() throws {
    let one = "{\"id\":\"\u{E9}\",\"last_seen\":1784020000}"
    let other = "{\"id\":\"e\u{301}\",\"last_seen\":1784020001}"
    #expect(try #require(Self.recognise(Array("[\(one),\(other)]".utf8))).processes.count == 2)
    var settings = SourceSettings(path: "x")
    settings.each = SourceSettings.KeyPath("id")
    let facts = SourceFacts(path: "/srv/x/log.jsonl", modified: TestTimes.july, zone: .utc)
    let lines = try Recogniser.recognise(Array("\(one)\n\(other)\n".utf8), facts, settings).get()
    #expect(lines.processes.count == 2)
    #expect(SourceExplanation(lines).beats.count == 2)
  }

  @Test(
    "a heartbeat file with names, keys and words of accents is read", .timeLimit(.minutes(4)),
    arguments: [
      #"{"K":1,"processes":{"a":{"last_heartbeat":1784020000,"additional_data":{"K":1}}}}"#,
      #"{"processes":{"K":{"last_heartbeat":1},"a":{"last_heartbeat":1784020000,"K":{"K":1},"status":"K"}}}"#,
      #"{"processes":{"a":{"last_heartbeat":1784020000,"job":{"K":1,"started":1784020000}}}}"#,
      #"{"silences":{"K":{"until":1}},"pruned":{"K":1},"processes":{"a":{"last_heartbeat":1784020000,"host":"K"}}}"#,
    ])
  func ours(text: String) throws {
    let bytes = Self.bytes(text)
    let snapshot = try HeartbeatSnapshot(parsing: bytes)
    #expect(snapshot.entries.count == 1)
    let entry = try #require(try JSONValue(parsing: Array(snapshot.bytes[snapshot.entries[0].source])).objectValue)
    _ = HeartbeatEntry(name: "a", entry: entry).additionalData
    let beat = Beat.job("a", JobEvent(.success), additionalData: ["n": 1], time: 1_784_020_001)
    for beat in [beat, Beat("a", additionalData: ["n": 1], time: 1_784_020_001)] {
      let merged = try HeartbeatMerge([beat], into: bytes, now: 1_784_020_001, removingBefore: nil)
      #expect(merged.bytes.count > bytes.count / 2)
    }
  }

  @Test("problems of two names that look the same are two")
  func problems() {
    let problems = ["\u{E9}", "e\u{301}"].map { EntryProblem(process: $0, reason: .badPid, offset: nil) }
    #expect(Set(problems).count == 2 && problems[0] != problems[1] && problems[0] == problems[0])
  }

  @Test("key paths, patterns and paths are taken apart at every slash and point")
  func separators() {
    #expect(SourceSettings.KeyPath(".a.\u{301}b")?.keys.count == 2)
    #expect(SourceSettings.KeyPath(".\u{E9}") != SourceSettings.KeyPath(".e\u{301}"))
    #expect(SourceSet.matches("/srv/\u{301}x/a.json", "/srv/*/a.json"))
    #expect(PathPattern("/srv/\u{301}x/*").base.utf8.elementsEqual("/srv/\u{301}x".utf8))
    #expect(SourceName.stem("/srv/\u{301}x.json").utf8.elementsEqual("\u{301}x".utf8))
  }
}
