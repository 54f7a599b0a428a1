import JSON
import Testing

@testable import Heartbeat

/// A snapshot as text, so that two can be compared whatever lies where in memory.
private func told(_ snapshot: HeartbeatSnapshot) -> [String] {
  var lines = ["updated \(snapshot.lastUpdated.map { "\($0)" } ?? "-")"]
  for (reason, count) in snapshot.skipped.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
    lines.append("skipped \(reason) \(count)")
  }
  for entry in snapshot.entries {
    let texts = [entry.name, entry.status, entry.host].map { $0.map(snapshot.string) ?? "-" }
    lines.append("\(texts) \(entry.lastHeartbeat?.bitPattern ?? 0) \(entry.pid ?? 0)")
    lines.append(String(decoding: snapshot.bytes[entry.source], as: UTF8.self))
    for number in snapshot.numbers[entry.numbers] {
      lines.append("\(snapshot.keyPaths[Int(number.key)].components) \(number.value.bitPattern)")
    }
    for string in snapshot.strings[entry.strings] {
      lines.append("\(snapshot.keyPaths[Int(string.key)].components) \(snapshot.string(string.value))")
    }
  }
  return lines
}

@Suite("Reading one content after the other")
struct SnapshotReaderTests {
  private struct Sequence {
    let limits: ReadingLimits
    var reader: SnapshotReader
    var snapshot = HeartbeatSnapshot()
    var spare = HeartbeatSnapshot()

    init(
      keyPaths: Int = ReadingLimits().keyPaths, rememberedPaths: Int = ReadingLimits().rememberedPaths,
      numbers: Int = ReadingLimits().numbers
    ) {
      var limits = ReadingLimits()
      (limits.keyPaths, limits.rememberedPaths, limits.numbers) = (keyPaths, rememberedPaths, numbers)
      self.limits = limits
      reader = SnapshotReader(stringKeys: ["s"], limits: limits)
    }

    /// Reads a content; what comes out must be what reading it by itself gives.
    mutating func read(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> SnapshotChanges {
      var next = try reader.read(Array(text.utf8), into: &spare)
      swap(&next, &snapshot)
      spare = next
      var fresh = SnapshotReader(stringKeys: ["s"], limits: limits)
      var nothing = HeartbeatSnapshot()
      let alone = try fresh.read(Array(text.utf8), into: &nothing)
      #expect(told(snapshot) == told(alone), sourceLocation: sourceLocation)
      return snapshot.changes
    }
  }

  private func file(_ members: String...) -> String { "{\"processes\": {\(members.joined(separator: ", "))}}" }
  private func member(_ name: String, _ x: String = "1", at time: Int = 5, more: String = "") -> String {
    "\"\(name)\": {\"last_heartbeat\": \(time), \"x\": \(x), \"y\": 2\(more)}"
  }

  @Test("the first content changes everything, the same one nothing")
  func same() throws {
    var sequence = Sequence()
    let text = file(member("a"), member("b"))
    #expect(try !sequence.read(text).keepsProcesses)
    let changes = try sequence.read(text)
    #expect(changes.keepsProcesses && changes.keepsShape && changes.keys.isEmpty)
  }

  @Test("a number that changed is told by its key, wherever the text moved to")
  func number() throws {
    var sequence = Sequence()
    _ = try sequence.read(file(member("a"), member("b"), member("c")))
    let changes = try sequence.read(file(member("a", "123456"), member("b", at: 6), member("c")))
    #expect(changes.keepsProcesses && changes.keepsShape && !changes.hasNewPid && !changes.hasNewStatus)
    #expect(changes.keys.map { sequence.snapshot.keyPaths[Int($0)].components } == [["x"]])
    #expect(try sequence.read(file(member("a", "-0"), member("b", at: 6), member("c"))).keys.count == 1)
    #expect(try sequence.read(file(member("a", "0"), member("b", at: 6), member("c"))).keys.count == 1)
  }

  @Test(
    "what else a process says differently is told",
    arguments: [
      (#", "pid": 7"#, #", "pid": 8"#, "pid"), (#", "status": "a""#, #", "status": "b""#, "status"),
      ("", #", "pid": 8"#, "pid"), (#", "status": "é""#, "", "status"), ("", #", "host": "far""#, "host"),
      (#", "z": 1"#, #", "w": 1"#, "shape"), (#", "z": 1"#, "", "shape"), (#", "z": 1"#, #", "z": "1""#, "shape"),
      (#", "z": 1"#, #", "z": 1e999"#, "shape"),
    ])
  func other(before: String, after: String, what: String) throws {
    var sequence = Sequence()
    _ = try sequence.read(file(member("o"), member("a", more: before), member("b")))
    let changes = try sequence.read(file(member("o"), member("a", more: after), member("b")))
    #expect(changes.hasNewPid == (what == "pid"))
    #expect(changes.hasNewStatus == (what == "status"))
    #expect(changes.keepsProcesses == (what != "host"))
    #expect(changes.keepsShape == (what != "shape"))
  }

  @Test("processes that come, go, move or are written twice change everything")
  func processes() throws {
    var sequence = Sequence()
    let (a, b, c) = (member("a"), member("b"), member("c"))
    let contents = [
      file(a, b), file(a, b, c), file(a, c), file(c, a), file(c, member("a", "9"), b), file(), file(b), file(b, b),
      file(b, member("b", "3")), file(a, b), file(member("a", "3"), b, member("a", "4")), file(b, a),
    ]
    for content in contents { #expect(try !sequence.read(content).keepsProcesses, "\(content)") }
  }

  @Test("a malformed process costs nothing but itself")
  func malformed() throws {
    var sequence = Sequence()
    let text = file(member("a"), "\"bad\": 7", "\"worse\": {}", member("b"))
    _ = try sequence.read(text)
    let changes = try sequence.read(text)
    #expect(changes.keepsProcesses && changes.keepsShape)
    #expect(sequence.snapshot.skipped == [.notAnObject: 1, .missingLastHeartbeat: 1])
  }

  @Test("after a content that is torn the next is compared with the last good one")
  func torn() throws {
    var sequence = Sequence()
    let text = file(member("a"), member("b"))
    _ = try sequence.read(text)
    for length in [0, 1, 20, text.utf8.count - 1] {
      #expect(throws: JSONParseError.self) {
        try sequence.reader.read(Array(text.utf8.prefix(length)), into: &sequence.spare)
      }
    }
    #expect(try sequence.read(text).keepsShape)
    #expect(try sequence.read(file(member("a", "7"), member("b"))).keepsShape)
  }

  @Test("when its keys are too many to be remembered, all that goes with them is forgotten", arguments: 6...12)
  func manyKeys(bound: Int) throws {
    var sequence = Sequence(rememberedPaths: bound)
    _ = try sequence.read(file(member("a"), member("b"), member("c")))
    for turn in 0..<50 {
      _ = try sequence.read(
        file(
          member("a", more: ", \"k\(turn)\": 1"), member("c", "\(turn)"), member("d\(turn % 3)"),
          member("b", more: ", \"l\(turn)\": {\"in\": 2}")))
    }
  }

  @Test("more keys than are remembered in one content, and few in the next")
  func manyKeysAtOnce() throws {
    var sequence = Sequence()
    let many = (0...ReadingLimits().rememberedPaths).map { ", \"k\($0)\": 1" }.joined()
    _ = try sequence.read(file(member("a", more: many), member("b")))
    for turn in 0..<3 { _ = try sequence.read(file(member("a", "\(turn)"), member("b", "\(turn + 10)"))) }
  }

  @Test("a content that is torn when it is time to forget leaves nothing half forgotten")
  func tornWhenForgetting() throws {
    var sequence = Sequence(rememberedPaths: 9)
    _ = try sequence.read(file(member("a"), member("b", more: #", "z": 1"#)))
    for end in ["", #"{"processes": {"a": {"#, #"{"processes": 7}"#] {
      #expect(throws: JSONParseError.self) {
        try sequence.reader.read(Array(end.utf8), into: &sequence.spare)
      }
      _ = try sequence.read(file(member("b", "2"), member("a", more: #", "w": 1"#), member("c", more: #", "z": 1"#)))
    }
  }

  @Test("keys of contents before take no room of a later one's", arguments: [(14, 14), (14, 22), (11, 10)])
  func roomForKeys(keyPaths: Int, rememberedPaths: Int) throws {
    var sequence = Sequence(keyPaths: keyPaths, rememberedPaths: rememberedPaths)
    for turn in 0..<20 {
      let changes = try sequence.read(file(member("a", more: ", \"k\(turn)\": 1"), member("b")))
      #expect(sequence.snapshot.skipped == [:], "\(changes)")
    }
    let tooMany = (0..<9).map { ", \"m\($0)\": 1" }.joined()
    for more in ["", tooMany, "", tooMany, tooMany, ""] {
      _ = try sequence.read(file(member("a", more: more), member("b")))
      #expect((sequence.snapshot.skipped[.tooManyKeys] != nil) == !more.isEmpty)
    }
  }

  @Test("numbers that are not told take no paths from other processes, and that they are there is told")
  func untoldNumbers() throws {
    let keys = (0..<40).map { ", \"k\($0)\": \($0)" }.joined()
    let nested = #", "o": {"p": 1, "q": {"r": true, "t": "text", "u": null}, "v": [1]}, "big": 1e999, "k0": 7"#
    var sequence = Sequence(keyPaths: 20, numbers: 4)
    for _ in 0..<2 {
      _ = try sequence.read(file(member("a", more: keys + nested), member("b", more: #", "right": 10"#)))
      let snapshot = sequence.snapshot
      #expect(snapshot.skipped == [.numberOutOfRange: 1])
      #expect(snapshot.entries.map(\.numbers.count) == [44, 3])
      let numbers = snapshot.numbers[snapshot.entries[0].numbers]
      let shown = numbers.filter { !snapshot.keyPaths[Int($0.key)].components.isEmpty }
      #expect(shown.map(\.value) == [1, 2, 7, 1], "a key that comes again counts as what it says last")
      // What the first numbers were is known from here on, which makes no difference.
      _ = try sequence.read(file(member("a", more: #", "k7": 1, "o": {"p": 1}"#)))
    }
  }

  @Test("a string that is kept is kept behind any number of numbers")
  func stringBehindNumbers() throws {
    var sequence = Sequence(numbers: 1)
    _ = try sequence.read(file(member("a", more: #", "z": 1, "s": "text", "w": "none""#)))
    #expect(sequence.snapshot.strings.map { sequence.snapshot.string($0.value) } == ["text"])
  }

  @Test("what is forgotten at any moment makes no difference, but that everything counts as changed")
  func forgetting() throws {
    var sequence = Sequence()
    let contents = [file(member("a"), member("b")), file(member("a", "2"), member("b")), file(member("b"))]
    for content in contents + contents {
      sequence.reader.forget()
      #expect(try !sequence.read(content).keepsProcesses)
      #expect(try sequence.read(content).keepsProcesses)
    }
  }

  @Test("any sequence of contents gives what each gives by itself")
  func random() throws {
    var generator = SystemRandomNumberGenerator()
    let names = ["a", "b", "c", "d", "e", "größe", "q\\\"", ""]
    let extras = [
      "", #", "pid": 1"#, #", "pid": 2"#, #", "status": "ok""#, #", "status": "\u00e9""#, #", "host": "far""#,
      #", "s": "text""#, #", "s": 1"#, #", "m": {"x": 1, "y": {"z": 2}}"#, #", "big": 1e999"#, #", "x": 3"#,
      #", "s": null, "m": 2"#, #", "x": "t", "x": 5"#,
      #", "additional_data": {"x": 4, "s": "t"}"#, #", "additional_data": null"#,
    ]
    for _ in 0..<100 {
      var sequence = Sequence(
        keyPaths: .random(in: 9...21), rememberedPaths: .random(in: 7...21),
        numbers: [0, 1, 2, 3, 4, .max].randomElement(using: &generator)!)
      var members: [String] = []
      for _ in 0..<20 {
        for _ in 0..<Int.random(in: 0...2) {
          let made =
            Int.random(in: 0..<12) == 0
            ? "\"\(names.randomElement(using: &generator) ?? "")\": 3"
            : member(
              names.randomElement(using: &generator) ?? "", "\(Int.random(in: 0...3))", at: Int.random(in: 1...2),
              more: extras.randomElement(using: &generator) ?? "")
          switch Int.random(in: 0..<4) {
          case 0 where !members.isEmpty: members.remove(at: Int.random(in: 0..<members.count))
          case 1 where members.count > 1: members.swapAt(0, members.count - 1)
          case 2 where !members.isEmpty: members[Int.random(in: 0..<members.count)] = made
          default: members.append(made)
          }
        }
        if Int.random(in: 0..<10) == 0 { sequence.reader.forget() }
        _ = try sequence.read("{\"processes\": {\(members.joined(separator: Bool.random() ? "," : " ,\n "))}}")
      }
    }
  }
}
