import Foundation
import JSON
import Testing

@testable import Heartbeat

@Suite("HeartbeatSnapshot")
struct HeartbeatSnapshotTests {
  /// What a test compares: one process as plain values.
  struct Plain: Equatable {
    var name: String
    var last: Double?
    var pid: Int32?
    var status: String?
    var numbers: [String: Double]
    init(_ name: String, _ last: Double?, pid: Int32? = nil, status: String? = nil, _ numbers: [String: Double] = [:]) {
      (self.name, self.last, self.pid, self.status, self.numbers) = (name, last, pid, status, numbers)
    }
  }

  static func plain(_ snapshot: HeartbeatSnapshot) -> [Plain] {
    snapshot.entries.map { entry in
      var numbers: [String: Double] = [:]
      for number in snapshot.numbers[entry.numbers] {
        numbers[snapshot.keyPaths[Int(number.key)].components.joined(separator: ".")] = number.value
      }
      return Plain(
        snapshot.string(entry.name), entry.lastHeartbeat, pid: entry.pid,
        status: entry.status.map(snapshot.string),
        numbers)
    }
  }

  static func parse(processes: String, stringKeys: Set<String> = []) throws -> HeartbeatSnapshot {
    try HeartbeatSnapshot(
      parsing: Array("{\"last_updated\": 5.5, \"processes\": {\(processes)}}".utf8), stringKeys: stringKeys)
  }

  @Test(
    "processes, well-formed",
    arguments: [
      (#""a": {"last_heartbeat": 1}"#, Plain("a", 1)),
      (#""a": {"last_heartbeat": 1703123456.789}"#, Plain("a", 1703123456.789)),
      (#""a": {"last_heartbeat": -5e3}"#, Plain("a", -5000)),
      (#""a": {"last_heartbeat": 1e300}"#, Plain("a", 1e300)),
      (#""a": {"last_heartbeat": "x", "last_heartbeat": 2}"#, Plain("a", 2)),
      (#""a": {"last_heartbeat": 1, "pid": 12, "status": "alive"}"#, Plain("a", 1, pid: 12, status: "alive")),
      (#""a": {"last_heartbeat": 1, "pid": 12.0}"#, Plain("a", 1, pid: 12)),
      (#""a": {"last_heartbeat": 1, "pid": 0}"#, Plain("a", 1)),
      (#""a": {"last_heartbeat": 1, "pid": -4}"#, Plain("a", 1)),
      (#""a": {"last_heartbeat": 1, "pid": 12.5}"#, Plain("a", 1)),
      (#""a": {"last_heartbeat": 1, "pid": 99999999999999999999}"#, Plain("a", 1)),
      (#""a": {"last_heartbeat": 1, "pid": "12"}"#, Plain("a", 1, pid: 12)),
      (#""a": {"last_heartbeat": 1, "status": 7}"#, Plain("a", 1)),
      (#""a": {"last_heartbeat": 1, "x": 1.5, "y": true, "z": false}"#, Plain("a", 1, ["x": 1.5, "y": 1, "z": 0])),
      (#""a": {"last_heartbeat": 1, "x": null, "y": "1", "z": [1, {"k": 2}]}"#, Plain("a", 1)),
      (#""a": {"last_heartbeat": 1, "additional_data": {"x": 3, "m": {"n": 4}}}"#, Plain("a", 1, ["x": 3, "m.n": 4])),
      (#""a": {"last_heartbeat": 1, "additional_data": "text"}"#, Plain("a", 1)),
      (#""a": {"last_heartbeat": 1, "additional_data": null, "flat": 2}"#, Plain("a", 1, ["flat": 2])),
      (#""a": {"last_heartbeat": null, "pid": 7}"#, Plain("a", nil, pid: 7)),
      (#""a": {"last_heartbeat": "", "x": 2}"#, Plain("a", nil, ["x": 2])),
      (#""a": {"last_heartbeat": 5, "last_heartbeat": null}"#, Plain("a", nil)),
      (#""a": {"last_heartbeat": null, "last_heartbeat": 5}"#, Plain("a", 5)),
      (#""a": {"x": 1, "last_heartbeat": 1, "additional_data": {"y": 2}}"#, Plain("a", 1, ["x": 1, "y": 2])),
      (
        #""a": {"last_heartbeat": 1, "additional_data": {"pid": 2, "m": {"pid": 3}}}"#,
        Plain("a", 1, ["pid": 2, "m.pid": 3])
      ),
      (#""a": {"last_heartbeat": 1, "x": 1, "x": 2}"#, Plain("a", 1, ["x": 2])),
      (#""a": {"last_heartbeat": 1, "x": 1, "y": 5, "x": null}"#, Plain("a", 1, ["y": 5])),
      (
        #""a": {"last_heartbeat": 1, "x": -0, "y": 9223372036854775808, "z": 1e400}"#,
        Plain("a", 1, ["x": -0.0, "y": 9_223_372_036_854_775_808])
      ),
      (#""a b\"\n": {"last_heartbeat": 1}"#, Plain("a b\"\n", 1)),
      (#""\ud83d\ude42\u00e4": {"last_heartbeat": 1}"#, Plain("🙂ä", 1)),
      (#""🙂": {"last_heartbeat": 1, "ke\u0079": 1}"#, Plain("🙂", 1, ["key": 1])),
      (#""\ud83d": {"last_heartbeat": 1}"#, Plain("\u{FFFD}", 1)),
      (#""a": {"last_heartbeat": 1}, "a": {"last_heartbeat": 2, "x": 3}"#, Plain("a", 2, ["x": 3])),
      (#""a": {"last_heartbeat": "1.5"}"#, Plain("a", 1.5)),
      // JavaScript's milliseconds, microseconds, Go's and Python's nanoseconds; what none of them means stays as it is.
      (#""a": {"last_heartbeat": 1703123456789}"#, Plain("a", 1_703_123_456.789)),
      (#""a": {"last_heartbeat": 1703123456789012}"#, Plain("a", 1_703_123_456.789012)),
      (#""a": {"last_heartbeat": 1703123456789012345}"#, Plain("a", 1_703_123_456.7890123)),
      (#""a": {"last_heartbeat": 99999999999}"#, Plain("a", 99_999_999_999)),
      (#""a": {"last_heartbeat": 1e300}"#, Plain("a", 1e300)), (#""a": {"last_heartbeat": -5e12}"#, Plain("a", -5e12)),
      (#""a": {"last_heartbeat": 1, "interval": 30, "x": 1}"#, Plain("a", 1, ["x": 1])),
    ])
  func wellFormed(text: String, expected: Plain) throws {
    #expect(HeartbeatSnapshotTests.plain(try HeartbeatSnapshotTests.parse(processes: text)) == [expected])
  }

  @Test(
    "what is malformed is left out and counted, the rest is there",
    arguments: [
      (#""a": 5"#, HeartbeatSnapshot.SkipReason.notAnObject), (#""a": null"#, .notAnObject),
      (#""a": []"#, .notAnObject),
      (#""a": {}"#, .missingLastHeartbeat), (#""a": {"pid": 5, "x": 7}"#, .missingLastHeartbeat),
      (#""a": {"last_heartbeat": "1 "}"#, .badLastHeartbeat), (#""a": {"last_heartbeat": "soon"}"#, .badLastHeartbeat),
      (#""a": {"last_heartbeat": " "}"#, .badLastHeartbeat), (#""a": {"last_heartbeat": false}"#, .badLastHeartbeat),
      (#""a": {"last_heartbeat": 1e999, "x": 7}"#, .badLastHeartbeat),
      (#""a": {"last_heartbeat": {}}"#, .badLastHeartbeat),
      (#""": {"last_heartbeat": 1}"#, .emptyName),
      ("\"\(String(repeating: "n", count: 10_000))\": {\"last_heartbeat\": 1}", .nameTooLong),
      ("\"\(String(repeating: "ü", count: 513))\": {\"last_heartbeat\": 1}", .nameTooLong),
    ])
  func malformed(text: String, reason: HeartbeatSnapshot.SkipReason) throws {
    let snapshot = try HeartbeatSnapshotTests.parse(
      processes: "\(text), \"good\": {\"last_heartbeat\": 2, \"x\": 1, \"y\": 2}")
    #expect(HeartbeatSnapshotTests.plain(snapshot) == [Plain("good", 2, ["x": 1, "y": 2])])
    #expect(snapshot.skipped == [reason: 1])
  }

  @Test("what Python writes of numbers that are not finite costs only these numbers")
  func notFinite() throws {
    let snapshot = try HeartbeatSnapshotTests.parse(
      processes: #""a": {"last_heartbeat": 1, "x": NaN, "y": Infinity, "z": -Infinity, "v": 5, "w": [NaN]}"#)
    #expect(HeartbeatSnapshotTests.plain(snapshot) == [Plain("a", 1, ["v": 5])])
    #expect(snapshot.skipped == [.numberOutOfRange: 3])
  }

  @Test("a long status word is cut between two characters")
  func longStatus() throws {
    let word = String(repeating: "a", count: 63) + "ü" + "rest"
    let snapshot = try HeartbeatSnapshotTests.parse(
      processes: "\"a\": {\"last_heartbeat\": 1, \"status\": \"\(word)\"}")
    #expect(HeartbeatSnapshotTests.plain(snapshot)[0].status == String(repeating: "a", count: 63))
  }

  @Test("of strings only those asked for are kept")
  func strings() throws {
    let snapshot = try HeartbeatSnapshotTests.parse(
      processes: #""a": {"last_heartbeat": 1, "port": "5002", "m": {"s": "x\ty", "t": "no"}}"#,
      stringKeys: ["port", "m_s"])
    let kept = snapshot.strings.map {
      snapshot.keyPaths[Int($0.key)].components.joined(separator: ".") + "=" + snapshot.string($0.value)
    }
    #expect(kept == ["port=5002", "m.s=x\ty"])
  }

  @Test("objects that lie too deep are left out and counted")
  func tooDeep() throws {
    let limit = HeartbeatSnapshot.maximumDataDepth
    func nested(_ levels: Int) -> String {
      String(repeating: "{\"k\":", count: levels) + "1" + String(repeating: "}", count: levels)
    }
    for (levels, count, skipped) in [(limit, 1, 0), (limit + 1, 0, 1), (limit + 90, 0, 1)] {
      let snapshot = try HeartbeatSnapshotTests.parse(
        processes: "\"a\": {\"last_heartbeat\": 1, \"additional_data\": \(nested(levels))}")
      #expect(snapshot.numbers.count == count)
      #expect(snapshot.skipped[.tooDeep, default: 0] == skipped)
    }
  }

  @Test("keys that are too long together are left out and counted, with all below them")
  func longKeys() throws {
    let limit = HeartbeatSnapshot.maximumKeyPathLength
    for (outer, inner, count, skipped) in [(limit - 1, 1, 2, 0), (limit, 1, 1, 1), (limit + 1, 1, 1, 1)] {
      let text =
        "\"a\": {\"last_heartbeat\": 1, \"additional_data\": {\"\(String(repeating: "k", count: outer))\": "
        + "{\"\(String(repeating: "c", count: inner))\": 1}, \"x\": 2}}"
      let snapshot = try HeartbeatSnapshotTests.parse(processes: text)
      #expect(snapshot.numbers.count == count)
      #expect(snapshot.skipped[.keyTooLong, default: 0] == skipped)
    }
  }

  @Test(
    "processes are bounded by their number and by what their names take together",
    arguments: [(3, 100, 3), (100, 1, 10), (100, 100, 20)])
  func manyProcesses(entries: Int, nameBytes: Int, shown: Int) throws {
    // Names of ten bytes.
    let members = (10..<30).map { "\"name \($0) é\": {\"last_heartbeat\": 1}" }
    var limits = ReadingLimits()
    (limits.entries, limits.nameBytes) = (entries, nameBytes)
    var reader = SnapshotReader(stringKeys: [], limits: limits)
    var spare = HeartbeatSnapshot()
    // What is remembered of the content before makes no difference.
    for text in [members, members, members.reversed(), Array(members[5...] + members[..<5])] {
      let content = Array("{\"processes\": {\(text.joined(separator: ","))}}".utf8)
      let snapshot = try reader.read(content, into: &spare)
      #expect(snapshot.entries.count == shown)
      #expect(snapshot.skipped == (shown == 20 ? [:] : [.tooManyEntries: 20 - shown]))
    }
  }

  @Test("a file may have only so many different keys; those that are known go on counting")
  func manyKeys() throws {
    let limit = HeartbeatSnapshot.maximumKeyPaths
    let keys = (0..<limit).map { "\"k\($0)\": 1" }.joined(separator: ",")
    let snapshot = try HeartbeatSnapshotTests.parse(
      processes: "\"a\": {\"last_heartbeat\": 1, \(keys)}, \"b\": {\"last_heartbeat\": 1, \"k0\": 1, \"new\": 1}")
    let known = KeyPathTree.KnownKey.allCases.count
    #expect(snapshot.keyPaths.count == limit)
    #expect(snapshot.entries.map(\.numbers.count) == [limit - known, 1])
    #expect(snapshot.skipped == [.tooManyKeys: known + 1])
  }

  @Test("more processes than the limit are left out and counted")
  func tooMany() throws {
    let text = (0..<5).map { "\"p\($0)\": {\"last_heartbeat\": 1}" }.joined(separator: ",")
    let snapshot = try HeartbeatSnapshot(parsing: Array("{\"processes\": {\(text)}}".utf8), maximumEntries: 3)
    #expect(snapshot.entries.count == 3)
    #expect(snapshot.skipped == [.tooManyEntries: 2])
  }

  @Test(
    "texts that are no heartbeat file",
    arguments: [
      ("", JSONParseError.empty), (" \n\t", .empty),
      ("{", .torn), ("{\"processes\": {\"a\": {\"last_heartbeat\": 17", .torn), ("\"abc", .torn), ("tru", .torn),
      ("[1, 2]", .wrongShape(offset: 0, expected: "an object with \"processes\"")),
      ("17", .wrongShape(offset: 0, expected: "an object with \"processes\"")),
      ("{\"processes\": []}", .wrongShape(offset: 14, expected: "an object as \"processes\"")),
      ("{\"a\": 1}", .wrongShape(offset: 7, expected: "the key \"processes\"")),
      ("{\"processes\": {}} x", .notJSON(offset: 18, expected: "the end of the file")),
      ("{'a': 1}", .notJSON(offset: 1, expected: "a string")),
      ("{\"a\" 1}", .notJSON(offset: 5, expected: "':'")),
      ("{\"a\": 1,}", .notJSON(offset: 8, expected: "a string")),
      ("{\"a\": 01}", .notJSON(offset: 6, expected: "no leading zero")),
      ("{\"a\": Nan}", .notJSON(offset: 8, expected: "a value")),
      ("{\"a\": \"\u{1}\"}", .notJSON(offset: 7, expected: "no control character in a string")),
      ("<html>", .notJSON(offset: 0, expected: "a value")),
    ])
  func noHeartbeatFile(text: String, expected: JSONParseError) {
    #expect(throws: expected) { try HeartbeatSnapshot(parsing: Array(text.utf8)) }
  }

  @Test("a byte order mark is no harm")
  func byteOrderMark() throws {
    #expect(try HeartbeatSnapshot(parsing: [0xEF, 0xBB, 0xBF] + Array("{\"processes\":{}}".utf8)).entries.isEmpty)
  }

  @Test("depth bombs are refused, not followed", arguments: ["[", "{\"a\":", "{\"processes\":{\"a\":{\"b\":["])
  func depthBomb(opening: String) {
    let bomb = Array(String(repeating: opening, count: 200_000).utf8)
    #expect(throws: JSONParseError.self) { try HeartbeatSnapshot(parsing: bomb) }
    #expect(throws: JSONParseError.self) {
      try HeartbeatSnapshot(parsing: Array("{\"processes\":{},\"x\":".utf8) + bomb)
    }
  }
}
