import Testing

@testable import Heartbeat

@Suite("What is left out of a file is named")
struct EntryProblemTests {
  private func problems(_ processes: String) throws -> [EntryProblem] {
    try HeartbeatSnapshot(parsing: Array("{\"processes\":{\(processes)}}".utf8)).problems
  }

  // The processes begin at byte 14.
  @Test(
    "by process, reason and place",
    arguments: [
      (#""a":{"last_heartbeat":1}"#, []),
      (#""a":7"#, [("a", .notAnObject, 18)]),
      (#""a":{}"#, [("a", .missingLastHeartbeat, 14)]),
      (#""a":{"last_heartbeat":"soon"}"#, [("a", .badLastHeartbeat, 14)]),
      (#""a":{"last_heartbeat":1,"pid":0}"#, [("a", .badPid, 44)]),
      (#""":{}"#, [("", .emptyName, 17)]),
      (#""a":{"last_heartbeat":1,"x":1e999}"#, [("a", .numberOutOfRange, 42)]),
      (#""a":{"last_heartbeat":1},"a":{"last_heartbeat":2}"#, [("a", .duplicateName, 39)]),
      (#""heartbeat-exporter":{"last_heartbeat":1}"#, [("heartbeat-exporter", .reservedName, 35)]),
      (
        #""heartbeat\u002dexporter":{"last_heartbeat":1},"heartbeat-exporteR":{"last_heartbeat":1}"#,
        [("heartbeat-exporter", .reservedName, 40)]
      ),
      (#""\u00e4\n":3,"b":4"#, [("ä\n", .notAnObject, 25), ("b", .notAnObject, 31)]),
    ] as [(String, [(String, HeartbeatSnapshot.SkipReason, Int)])])
  func named(processes: String, expected: [(String, HeartbeatSnapshot.SkipReason, Int)]) throws {
    let expected = expected.map { EntryProblem(process: $0, reason: $1, offset: $2) }
    #expect(try problems(processes) == expected)
  }

  @Test("each content names all of its own, whatever was read before it")
  func readAgain() throws {
    var reader = SnapshotReader()
    var spare = HeartbeatSnapshot()
    for time in 1...3 {
      for bad in [#""bad":0,"#, #""bad":{"last_heartbeat":1,"pid":-1},"#, ""] {
        let text = "{\"processes\":{\(bad)\"good\":{\"last_heartbeat\":\(time)}}}"
        let read = try reader.read(Array(text.utf8), into: &spare)
        #expect(read.problems == (try HeartbeatSnapshot(parsing: Array(text.utf8)).problems), "\(text)")
        #expect(read.problems.isEmpty == bad.isEmpty)
      }
    }
  }

  @Test("no more than the first hundred, and all are counted", arguments: [99, 100, 101, 500])
  func many(count: Int) throws {
    let processes = (0..<count).map { "\"p\($0)\":0" }.joined(separator: ",")
    let snapshot = try HeartbeatSnapshot(parsing: Array("{\"processes\":{\(processes)}}".utf8))
    #expect(snapshot.problems.map(\.process) == (0..<min(count, 100)).map { "p\($0)" })
    #expect(snapshot.skipped[.notAnObject] == count)
  }

  @Test("of a long name the beginning", arguments: [#"x"#, #"\u0061"#, "\u{20AC}"])
  func longName(piece: String) throws {
    let name = String(repeating: piece, count: 3000)
    let told = try #require(try problems("\"\(name)\":{}").first)
    #expect(told.reason == .nameTooLong)
    #expect(told.process.utf8.count <= 1026 && told.process.utf8.count >= 1024)
  }

  @Test("the sentence says what is missing, and where", arguments: HeartbeatSnapshot.SkipReason.allCases)
  func sentence(reason: HeartbeatSnapshot.SkipReason) {
    let whole = EntryProblem(process: "mill", reason: reason, offset: 12).description
    #expect(whole.hasPrefix(reason.leavesOutEntry ? "\"mill\" is left out: " : "a part of \"mill\" is left out: "))
    #expect(whole.hasSuffix(" (byte 12)"))
    #expect(!EntryProblem(process: "mill", reason: reason, offset: nil).description.contains("byte 1"))
  }
}
