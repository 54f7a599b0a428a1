import Foundation
import Testing

@testable import Heartbeat

struct HeartbeatWriterTests {
  private func options(retention: Duration = .zero) -> HeartbeatManager.Options {
    var options = HeartbeatManager.Options()
    options.retention = retention
    return options
  }

  @Test("whatever it and others write in turns, the file is what plain merging would have made", arguments: 1...40)
  func sameAsMerging(seed: Int) throws {
    var random = SystemRandomNumberGenerator()
    let folder = try Folder()
    let writer = HeartbeatWriter(file: folder.file, options: options(retention: .seconds(3600)))
    let other = HeartbeatManager(file: folder.file, options: options(retention: .seconds(3600)))
    var expected: [String: (time: Double, status: String)] = [:]
    let names = [
      "a", "b", "é", "e\u{301}", "\u{1F600}", "a\"b\\", "line\nfeed", "x/y", String(repeating: "n", count: 900),
    ]
    let now = Date().timeIntervalSince1970.rounded()
    // An entry that the retention takes away, one without a time, and one that is no object.
    try folder.write(
      #"{"note": [1, "processes"], "processes": {"old": {"last_heartbeat": 5}, "odd": 7, "none": {}}, "last_updated": 1}"#
    )
    for step in 0..<30 {
      var group: [Beat] = []
      for _ in 0...Int.random(in: 0..<6, using: &random) {
        let name = names.randomElement(using: &random) ?? "a"
        let time = now + Double(step) + [0, 0.5, 0.123456].randomElement(using: &random)!
        let status = String(repeating: "s", count: Int.random(in: 1..<9, using: &random))
        group.append(Beat(name, status: status, additionalData: ["step": .integer(Int64(step))], time: time))
        expected[name + "|" + Array(name.utf8).description] = (time, status)
      }
      if Bool.random(using: &random) {
        try other.sendHeartbeats(group)
      } else {
        #expect(try writer.write([group], maximumEntries: 1000).refused == [])
      }
      if step == 20 {
        let gone = try writer.remove(["a", "nobody"])
        let key = "a|" + Array("a".utf8).description
        #expect(gone == (expected.removeValue(forKey: key) == nil ? [] : ["a"]))
      }
    }
    let found = try other.allHeartbeats()
    let text = try folder.read()
    #expect(text.hasPrefix(#"{"note": [1, "processes"], "processes": {"#) && text.contains(#""odd": 7"#))
    #expect(!text.contains("\"old\"") && found.contains { $0.name == "none" })
    let beats = found.filter { $0.name != "none" }
    #expect(beats.count == expected.count)
    for beat in beats {
      let wanted = try #require(expected[beat.name + "|" + Array(beat.name.utf8).description])
      #expect(beat.lastHeartbeat == wanted.time && beat.status == wanted.status)
    }
    #expect(folder.names == ["heartbeat_status.json", "heartbeat_status.json.lock"])
  }

  @Test("a beat that leaves the data as they are does not lose those of one that is written together with it")
  func dataOfBeatsWrittenTogether() throws {
    let (together, apart) = (try Folder(), try Folder())
    let writer = HeartbeatWriter(file: together.file, options: options())
    let manager = HeartbeatManager(file: apart.file)
    let one = Beat("p", status: "one", additionalData: ["n": 1], time: 10)
    let two = Beat("p", status: "two", time: 20)
    let three = Beat("p", status: "three", additionalData: ["m": 2], time: 30)
    for beats in [[one, two], [two, one], [one, three, two], [two]] {
      _ = try writer.write(beats.map { [$0] }, maximumEntries: 10)
      for beat in beats { try manager.sendHeartbeats([beat]) }
      let expected = try #require(try manager.heartbeatStatus(of: "p"))
      #expect(try HeartbeatManager(file: together.file).heartbeatStatus(of: "p") == expected)
      try HeartbeatManager(file: together.file).sendHeartbeats(beats)
      #expect(try HeartbeatManager(file: together.file).heartbeatStatus(of: "p") == expected)
    }
  }

  @Test("a group that would make too many entries is left out as a whole, the others are written")
  func maximumEntries() throws {
    let folder = try Folder()
    let writer = HeartbeatWriter(file: folder.file, options: options())
    #expect(
      try writer.write([[Beat("a")], [Beat("b"), Beat("c")], [Beat("a"), Beat("b")]], maximumEntries: 2).refused == [1])
    #expect(try writer.write([[Beat("a")], [Beat("c")], [Beat("b")]], maximumEntries: 2).refused == [1])
    #expect(try HeartbeatManager(file: folder.file).allHeartbeats().map(\.name) == ["a", "b"])
  }

  @Test("what a person changed in place between two writes stays")
  func changedInPlace() throws {
    let folder = try Folder()
    let writer = HeartbeatWriter(file: folder.file, options: options())
    _ = try writer.write([[Beat("a"), Beat("b")]], maximumEntries: 10)
    _ = try writer.write([[Beat("a")]], maximumEntries: 10)
    try folder.write(#"{"processes": {"a": {"last_heartbeat": 1, "mine": true}}}"#)
    _ = try writer.write([[Beat("b", status: "new")]], maximumEntries: 10)
    #expect(try folder.read().contains("\"mine\": true"))
    #expect(try HeartbeatManager(file: folder.file).allHeartbeats().map(\.name) == ["a", "b"])
  }

  @Test("a file that would become too large is left as it was")
  func tooLarge() throws {
    let folder = try Folder()
    var small = options()
    small.maximumFileSize = 1000
    let writer = HeartbeatWriter(file: folder.file, options: small)
    _ = try writer.write([[Beat("a")]], maximumEntries: 10)
    let before = try folder.read()
    let large = Beat("a", additionalData: ["text": .string(String(repeating: "x", count: 1000))])
    #expect(throws: HeartbeatError.tooLarge(file: folder.file, limit: 1000)) {
      try writer.write([[large]], maximumEntries: 10)
    }
    #expect(try folder.read() == before)
    _ = try writer.write([[Beat("a", status: "after")]], maximumEntries: 10)
    #expect(try folder.read().contains("after"))
  }

  @Test("a file that would be too large from the start is not made, by no writer")
  func tooLargeFromTheStart() throws {
    let folder = try Folder()
    var small = options()
    small.maximumFileSize = 1000
    let large = Beat("a", additionalData: ["text": .string(String(repeating: "x", count: 1000))])
    #expect(throws: HeartbeatError.tooLarge(file: folder.file, limit: 1000)) {
      try HeartbeatWriter(file: folder.file, options: small).write([[large]], maximumEntries: 10)
    }
    #expect(throws: HeartbeatError.tooLarge(file: folder.file, limit: 1000)) {
      try HeartbeatManager(file: folder.file, options: small).sendHeartbeats([large])
    }
    #expect(folder.names == ["heartbeat_status.json.lock"])
  }
}
