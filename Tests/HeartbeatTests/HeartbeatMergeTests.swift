import Foundation
import JSON
import POSIX
import Testing

@testable import Heartbeat

struct HeartbeatMergeTests {
  /// Merges and returns the text with every time replaced by a word, so that tables can be read.
  private func merge(
    _ beats: [Beat], into text: String, now: Double = 2000.25, removingBefore oldest: Double? = nil
  ) throws -> String {
    let merge = try HeartbeatMerge(beats, into: Array(text.utf8), now: now, removingBefore: oldest)
    let result = String(decoding: merge.bytes, as: UTF8.self)
    return result.replacingOccurrences(of: LocalTime.formatted(now), with: "NOW")
  }

  private func beat(_ name: String, _ data: JSONObject? = nil) -> Beat {
    Beat(name, additionalData: data, pid: 7)
  }

  @Test("a new file is laid out for human readers")
  func newFile() throws {
    let text = try merge([beat("bidder", ["offset": 140, "memory": ["rss": 1.5], "list": [1], "none": [:]])], into: "")
    #expect(
      text == """
        {
          "last_updated": 2000.25,
          "processes": {
            "bidder": {
              "last_heartbeat": 2000.25,
              "last_heartbeat_formatted": "NOW",
              "pid": 7,
              "status": "alive",
              "additional_data": {
                "offset": 140,
                "memory": {
                  "rss": 1.5
                },
                "list": [
                  1
                ],
                "none": {}
              }
            }
          }
        }

        """)
  }

  private static let deepMember =
    "\"k\":" + String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
  private static let deepEntry = "{\(deepMember)}"

  /// The text of a beaten entry without data of its own.
  private static let entry = """
    {
          "last_heartbeat": 2000.25,
          "last_heartbeat_formatted": "NOW",
          "pid": 7,
          "status": "alive"
    """

  @Test(
    "only the beaten entry and the time of the last change are other bytes than before",
    arguments: splices)
  func splice(text: String, expected: String) throws {
    #expect(try merge([beat("a")], into: text) == expected)
  }

  private static let splices: [(String, String)] = [
    // Unknown keys of the root, odd white space and number spellings stay.
    (
      #"{"v":1.0e2 , "last_updated":1,"processes":{"a":{"last_heartbeat":9,"z":[1, 2.50]},"b" : {"q":-0.0}},"t":"é\u00e9"}"#,
      #"{"v":1.0e2 , "last_updated":2000.25,"processes":{"a":\#(entry),\#n      "z":[1, 2.50]\#n    },"b" : {"q":-0.0}},"t":"é\u00e9"}"#
    ),
    // A name that is spelt with escapes is the same name, and keeps its spelling.
    (
      #"{"last_updated":1,"processes":{"\u0061":{"additional_data":{ "x":1 }}}}"#,
      #"{"last_updated":2000.25,"processes":{"\u0061":\#(entry),\#n      "additional_data":{ "x":1 }\#n    }}}"#
    ),
    // Of two entries with one name the last counts.
    (
      #"{"last_updated":1,"processes":{"a":{"k":1},"a":{"k":2}}}"#,
      #"{"last_updated":2000.25,"processes":{"a":{"k":1},"a":\#(entry),\#n      "k":2\#n    }}}"#
    ),
    // No entry, no processes, no object: each gets what is missing.
    (
      #"{"last_updated":1,"processes":{ }}"#,
      #"{"last_updated":2000.25,"processes":{\#n    "a": \#(entry),\#n      "additional_data": {}\#n    }\#n  }}"#
    ),
    (
      #"{"last_updated":1,"processes":null,"x":0}"#,
      #"{"last_updated":2000.25,"processes":{\#n    "a": \#(entry),\#n      "additional_data": {}\#n    }\#n  },"x":0}"#
    ),
    (
      #"{"x":0}"#,
      #"{\#n  "last_updated": 2000.25,\#n  "processes": {\#n    "a": \#(entry),\#n      "additional_data": {}\#n    }\#n  },"x":0}"#
    ),
    // What is no entry is replaced when it is beaten, and left alone when not.
    (
      #"{"last_updated":1,"processes":{"a":5,"b":null}}"#,
      #"{"last_updated":2000.25,"processes":{"a":\#(entry),\#n      "additional_data": {}\#n    },"b":null}}"#
    ),
    // A beat of this host ends another one's.
    (
      #"{"last_updated":1,"processes":{"a":{"host":"web1","k":1}}}"#,
      #"{"last_updated":2000.25,"processes":{"a":\#(entry),\#n      "k":1\#n    }}}"#
    ),
  ]

  @Test("new data replace the old, and a flat member of the same name goes")
  func flat() throws {
    let text = #"{"last_updated":1,"processes":{"a":{"pid":3,"offset":1,"port":"80","additional_data":{"old":1}}}}"#
    let merged = try JSONValue(parsing: try merge([beat("a", ["offset": 2])], into: text))
    let entry = try #require(merged.objectValue?["processes"]?.objectValue?["a"]?.objectValue)
    #expect(entry["additional_data"] == ["offset": 2])
    #expect(entry["offset"] == nil)
    #expect(entry["port"] == "80")
    #expect(entry["pid"] == 7)
  }

  @Test("several beats go in at once, in their order")
  func several() throws {
    let text = #"{"last_updated":1,"processes":{"b":{}}}"#
    let merged = try JSONValue(parsing: try merge([beat("a"), beat("b"), beat("c")], into: text))
    #expect(merged.objectValue?["processes"]?.objectValue?.members.map(\.key) == ["b", "a", "c"])
  }

  @Test(
    "stale entries go with one comma each, wherever they stand",
    arguments: [
      ([1.0, 9, 9], ["b", "c"]), ([9, 1, 9], ["a", "c"]), ([9, 9, 1], ["a", "b"]), ([1, 1, 9], ["c"]),
      ([9, 1, 1], ["a"]), ([1, 9, 1], ["b"]), ([1, 1, 1], []), ([9, 9, 9], ["a", "b", "c"]),
    ])
  func stale(times: [Double], kept: [String]) throws {
    let members = zip(["a", "b", "c"], times).map { "\"\($0)\" : {\"last_heartbeat\":\($1)}" }
    let text = #"{"processes":{ \#(members.joined(separator: " ,\n")) },"last_updated":1}"#
    for beats in [[], [beat("new")]] {
      let merged = try JSONValue(parsing: try merge(beats, into: text, removingBefore: 5))
      let names = merged.objectValue?["processes"]?.objectValue?.members.map(\.key)
      #expect(names == kept + beats.map(\.name))
    }
  }

  @Test("many names are removed in the time of one: each entry is looked up once")
  func manyForgotten() throws {
    let names = (0..<4000).map { "worker-\($0)" }
    let entries = names.map { "\"\($0)\": {\"last_heartbeat\": 1}" }.joined(separator: ", ")
    let text = Array("{\"processes\": {\(entries)}}".utf8)
    func removal(of forgotten: [String]) throws -> UInt64 {
      let begin = Clock.threadNanoseconds
      let merge = try HeartbeatMerge([], into: text, now: 2, forgetting: forgotten, removingBefore: nil)
      let end = Clock.threadNanoseconds
      #expect(merge.removed == forgotten)
      return end - begin
    }
    _ = try removal(of: ["worker-0"])
    let one = try removal(of: ["worker-3999"])
    let all = try removal(of: names)
    #expect(all < one * 20)
  }

  @Test("a name is forgotten by its bytes, and each of its entries goes")
  func forgottenByBytes() throws {
    let text = #"{"processes": {"caf\u00e9": {}, "café": {}, "cafe\u0301": {}, "a": {}, "b": {}}}"#
    let forgotten = ["café", "x", "y", "z", "b", "w"]
    let merge = try HeartbeatMerge([], into: Array(text.utf8), now: 2, forgetting: forgotten, removingBefore: nil)
    #expect(merge.removed.map { Array($0.utf8) } == ["café", "café", "b"].map { Array($0.utf8) })
  }

  @Test("a stale entry that is beaten stays, and so does one without a time")
  func staleButBeaten() throws {
    let text = #"{"processes":{"a":{"last_heartbeat":1},"b":{"last_heartbeat":"1"},"c":7}}"#
    let merged = try JSONValue(parsing: try merge([beat("a")], into: text, removingBefore: 5))
    #expect(merged.objectValue?["processes"]?.objectValue?.members.map(\.key) == ["a", "b", "c"])
  }

  private static let deeplyNested = "{\"a\":" + String(repeating: "[", count: 100_000)

  @Test(
    "what is no heartbeat file is refused",
    arguments: [
      "[]", "7", "{", #"{"processes":{"a":{}}"#, #"{"processes":{}} x"#, #"{"a":01}"#,
      #"{"a":"\#u{1}"}"#, #"{"a":Nan}"#, #"{"a":"\x"}"#, #"{"a":1,}"#,
      deeplyNested,
    ])
  func refused(text: String) {
    #expect(throws: JSONError.self) { try merge([beat("a")], into: text) }
  }

  @Test("the files of a running system keep every byte but the beaten entry's")
  func realFiles() throws {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let folder = tests.appendingPathComponent("Fixtures/heartbeats")
    for name in ["heartbeat_status-2025-06-25.json", "heartbeat_status-2025-07-03.json"] {
      let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
      let merged = try merge([beat("new-one")], into: text)
      let lines = Set(merged.components(separatedBy: "\n"))
      let missing = text.components(separatedBy: "\n").filter { !lines.contains($0) }
      // The last entry's closing brace gets a comma; "last_updated" is new.
      #expect(missing.allSatisfy { $0.contains("last_updated") }, "\(missing)")
      let old = try #require(try JSONValue(parsing: text).objectValue?["processes"]?.objectValue)
      let new = try #require(try JSONValue(parsing: merged).objectValue?["processes"]?.objectValue)
      #expect(Array(new.members.dropLast()) == old.members)
    }
  }
}

@Suite("What was pruned")
struct PrunedNamesTests {
  private func adding(_ names: [String], to text: String, now: Double = 1_700_000_000) throws -> JSONValue {
    try JSONValue(parsing: try PrunedNames.adding(names, to: Array(text.utf8), now: now))
  }

  @Test(
    "is noted beside the processes, whatever else stands there",
    arguments: [
      (#"{}"#, #"{"pruned": {"a": 1700000000.0}}"#),
      (#"{"x": [1], "processes": {}}"#, #"{"x": [1], "processes": {}, "pruned": {"a": 1700000000.0}}"#),
      (
        #"{"pruned": {"b": 1699999000, "a": 1, "old": 1699900000, "odd": "x"}, "y": 2}"#,
        #"{"pruned": {"b": 1699999000, "a": 1700000000.0}, "y": 2}"#
      ),
      (#"{"pruned": null}"#, #"{"pruned": {"a": 1700000000.0}}"#),
    ])
  func noted(text: String, expected: String) throws {
    #expect(try adding(["a"], to: text) == JSONValue(parsing: Array(expected.utf8)))
  }

  @Test("only so many are kept, the latest")
  func bound() throws {
    let text = try PrunedNames.adding((0...PrunedNames.most).map { "p\($0)" }, to: Array("{}".utf8), now: 1_700_000_000)
    let snapshot = try HeartbeatSnapshot(parsing: Array(#"{"processes": {}, "#.utf8) + text.dropFirst())
    #expect(snapshot.pruned.count == PrunedNames.most && snapshot.pruned[Array("p0".utf8)] == nil)
    #expect(snapshot.pruned[Array("p\(PrunedNames.most)".utf8)] == 1_700_000_000)
  }
}
