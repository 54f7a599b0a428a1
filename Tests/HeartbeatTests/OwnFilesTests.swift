import Foundation
import JSON
import POSIX
import Testing

@testable import Heartbeat

@Suite("A folder in the place of the file")
struct OwnFilesTests {
  private func manager(_ folder: Folder, retention: Duration = .seconds(86_400)) -> HeartbeatManager {
    var options = HeartbeatManager.Options()
    options.retention = retention
    options.warn = { _ in }
    return HeartbeatManager(file: folder.path, options: options)
  }

  @Test("where it cannot be noted that a process was removed, the warning names the file that should say so")
  func noNote() throws {
    let folder = try Folder()
    let note = "\(folder.path)/.heartbeat-pruned-\(geteuid())"
    try FileManager.default.createDirectory(atPath: note, withIntermediateDirectories: true)
    let warnings = Lock<[String]>([])
    var options = HeartbeatManager.Options()
    options.warn = { text in warnings.withLock { $0.append(text) } }
    let manager = HeartbeatManager(file: folder.path, options: options)
    try manager.sendHeartbeat("a")
    #expect(try manager.remove(["a"]) == ["a"])
    #expect(warnings.withLock { $0.count { $0.contains(note) && $0.contains("remember") } } == 1)
  }

  private let swept = ".heartbeat-swept-\(geteuid())"

  private func put(_ text: String, _ name: String, _ folder: Folder, age: Double = 0) throws {
    let path = folder.path + "/" + name
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    let time = Date().addingTimeInterval(-age)
    try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
  }

  @Test(
    "a process has one file name, from which it is read again",
    arguments: [
      ("bidder", "bidder.json"), ("a/b", "a%2Fb.json"), ("100%", "100%25.json"), (".", "%2E.json"), ("..", "%2E..json"),
      (".hidden", "%2Ehidden.json"), ("a.json", "a.json.json"), ("tab\there", "tab%09here.json"), ("\0", "%00.json"),
      ("\u{7f}", "%7F.json"), ("e\u{301}", "e\u{301}.json"), ("世界 1", "世界 1.json"), ("%41", "%2541.json"),
      (String(repeating: "x", count: 250), String(repeating: "x", count: 250) + ".json"),
    ])
  func names(process: String, file: String) {
    #expect(OwnFileName.file(of: process)?.utf8.elementsEqual(file.utf8) == true)
    #expect(OwnFileName.process(of: file.utf8)?.utf8.elementsEqual(process.utf8) == true)
  }

  @Test(
    "no second spelling claims a process",
    arguments: [
      "%41.json", "%2f.json", ".a.json", "a%2.json", "a%", ".json", "a", "a.JSON", "a.json.tmp", "a/b.json",
      "a.json.corrupt-20240229T120000Z", "a%FFb.json", String(repeating: "x", count: 251) + ".json", "%%25.json",
    ])
  func otherNames(file: String) {
    #expect(OwnFileName.process(of: file.utf8) == nil)
  }

  @Test("a name that no file can have is refused", arguments: ["", String(repeating: "/", count: 84)])
  func refusedNames(name: String) throws {
    let folder = try Folder()
    #expect(throws: HeartbeatError.self) { try manager(folder).sendHeartbeat(name) }
    #expect(folder.names == [])
  }

  @Test("beats are written and read, each in its own file, and one that cannot be keeps no other away")
  func beating() throws {
    let folder = try Folder()
    try put("[]", "foreign.json", folder)
    let manager = manager(folder)
    #expect(throws: HeartbeatError.foreignEntry(file: folder.path + "/foreign.json", reason: "expected '{' at byte 0"))
    {
      try manager.sendHeartbeats([
        Beat("a", additionalData: ["n": 1]), Beat("foreign"), Beat("b/c", interval: .seconds(5)),
      ])
    }
    #expect(folder.names == [swept, "a.json", "b%2Fc.json", "foreign.json"])
    #expect(try manager.allHeartbeats().map(\.name) == ["a", "b/c"])
    try manager.sendHeartbeat("a", status: "busy")
    let again = try #require(try manager.heartbeatStatus(of: "a"))
    #expect(again.status == "busy" && again.additionalData == ["n": 1])
    #expect(try manager.heartbeatStatus(of: "nobody") == nil && manager.isProcessAlive("b/c"))
    // The path may end in a slash.
    #expect(try HeartbeatManager(file: folder.path + "/").allHeartbeats().count == 2)
  }

  @Test("temporary files and old entries go when a writer starts, and a beat after that looks at no other file")
  func sweeping() throws {
    let folder = try Folder()
    let day = 90_000.0
    let old = #"{"last_heartbeat":\#(Date().timeIntervalSince1970 - day)}"#
    try put(old, "old.json", folder, age: day)
    try put(old, "written_lately.json", folder)
    try put("", ".heartbeat-tmp-Xy7", folder, age: day)
    try put("", ".heartbeat-tmp-young", folder)
    try put(#"{"last_heartbeat":null}"#, "no_time.json", folder, age: day)
    let manager = manager(folder)
    try manager.sendHeartbeat("a")
    let kept = [swept, ".heartbeat-tmp-young", "a.json", "no_time.json", "written_lately.json"]
    #expect(folder.names == kept)
    try put(old, "old.json", folder, age: day)
    try put("", ".heartbeat-tmp-Xy7", folder, age: day)
    for _ in 0..<3 { try manager.sendHeartbeat("a") }
    #expect(folder.names == ([".heartbeat-tmp-Xy7", "old.json"] + kept).sorted())
  }

  @Test(
    "who beats once and ends looks at other files only if nobody has for an hour, whatever its name",
    arguments: [
      (nil, true), (0, false), (3_500, false), (3_700, true), (-60, true), (-7_200, true),
    ] as [(Double?, Bool)])
  func sweepingOnce(age: Double?, looks: Bool) throws {
    let folder = try Folder()
    var once = self.manager(folder)
    once.options.beatsOnce = true
    if let age { try put("", swept, folder, age: age) }
    try put("", ".heartbeat-tmp-Xy7", folder, age: 90_000)
    try once.sendHeartbeat("a")
    #expect(folder.names.contains(".heartbeat-tmp-Xy7") == !looks)
    let time = try #require(
      try FileManager.default.attributesOfItem(atPath: folder.path + "/" + swept)[.modificationDate])
    #expect((abs((time as? Date)?.timeIntervalSinceNow ?? .infinity) < 600) == (looks || age == 0))
  }

  @Test(
    "a mark that is no file of this user's is neither touched nor believed: such a writer looks now and then",
    arguments: ["link", "hard link", "another user's"])
  func foreignMark(kind: String) throws {
    guard kind != "another user's" || geteuid() == 0 else { return }
    let folder = try Folder()
    let other = try Folder()
    let mark = folder.path + "/" + swept
    try put("", "private", other, age: 1_000)
    switch kind {
    case "link": symlink(other.path + "/private", mark)
    case "hard link": link(other.path + "/private", mark)
    default:
      try put("", swept, folder, age: 1_000)
      chown(mark, 64_201, 64_201)
    }
    let place = Place(folder: try Place.openFolder(folder.path), name: "", path: folder.path + "/x")
    var now: UInt64 = 1
    let looks = (0..<2_000).count { _ in
      now += 3_601_000_000_000
      return Leftovers.isDue("x", in: place, mark: swept, beatsOnce: true, now: now)
    }
    #expect((1..<500).contains(looks))
    let file = kind == "another user's" ? mark : other.path + "/private"
    let time = try #require(try FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date)
    #expect(time.timeIntervalSinceNow < -900)
  }

  @Test("a time that lies ahead keeps neither a temporary file of the dead nor an old entry")
  func timesAhead() throws {
    let folder = try Folder()
    let old = #"{"last_heartbeat":\#(Date().timeIntervalSince1970 - 90_000)}"#
    try put(old, "old.json", folder, age: -7_200)
    try put(#"{"last_heartbeat":\#(Date().timeIntervalSince1970)}"#, "young.json", folder, age: -7_200)
    try put("", ".heartbeat-tmp-Xy7", folder, age: -7_200)
    try manager(folder).sendHeartbeat("a")
    #expect(folder.names == [swept, "a.json", "young.json"])
  }

  @Test("a torn file from the future is watched, and moved aside when nobody writes it")
  func tornAhead() throws {
    let folder = try Folder()
    try put(#"{"last_heartbeat": 17"#, "a.json", folder, age: -7_200)
    try manager(folder).sendHeartbeat("a")
    #expect(folder.names.contains { $0.hasPrefix("a.json.corrupt-") })
    #expect(try manager(folder).isProcessAlive("a"))
  }

  @Test("pruning goes by the time in the file, and is noted for readers")
  func pruning() throws {
    let folder = try Folder()
    let manager = manager(folder, retention: .zero)
    let now = Date().timeIntervalSince1970
    try manager.sendHeartbeats([Beat("old", time: now - 100), Beat("young")])
    #expect(try manager.prune(olderThan: .seconds(50), dryRun: true) == ["old"])
    #expect(folder.names == [swept, "old.json", "young.json"])
    #expect(try manager.prune(olderThan: .seconds(50)) == ["old"])
    #expect(try HeartbeatWriter(file: folder.path, options: manager.options).remove(["young", "nobody"]) == ["young"])
    #expect(folder.names == [".heartbeat-pruned-\(geteuid())", swept])
    let note = URL(fileURLWithPath: "\(folder.path)/.heartbeat-pruned-\(geteuid())")
    let noted = PrunedNotes.pruned(Array(try Data(contentsOf: note)))
    #expect(noted.map { String(decoding: $0.process, as: UTF8.self) } == ["old", "young"])
    #expect(noted.allSatisfy { abs($0.time - now) < 600 })
    #expect(try manager.prune(olderThan: .seconds(50)) == [] && manager.allHeartbeats() == [])
  }

  @Test("a writer of many writes the same file as a single beat, and counts the processes of the folder")
  func manyBeats() throws {
    let folder = try Folder()
    let writer = HeartbeatWriter(file: folder.path, options: manager(folder).options)
    #expect(
      try writer.write([[Beat("a")], [Beat("b"), Beat("c")], [Beat("a", status: "x")]], maximumEntries: 2).refused == [
        1
      ])
    #expect(try writer.write([[Beat("d")], [Beat("a")]], maximumEntries: 2) == .init(refused: []))
    #expect(try manager(folder).allHeartbeats().map(\.name) == ["a", "d"])
  }

  @Test("a beat whose data are merged keeps those under other keys", arguments: [true, false])
  func merging(isFolder: Bool) throws {
    let folder = try Folder()
    let manager = HeartbeatManager(file: isFolder ? folder.path : folder.file)
    try manager.sendHeartbeat("job", additionalData: ["files": 12, "took": 3.5, "deep": ["x": 1]])
    var beat = Beat("job", status: "failed", additionalData: ["code": 3, "took": 9])
    beat.mergesData = true
    try manager.sendHeartbeats([beat])
    let data = try #require(try manager.heartbeatStatus(of: "job")).additionalData
    #expect(data == ["files": 12, "deep": ["x": 1], "code": 3, "took": 9])
    try manager.sendHeartbeats([Beat("job", additionalData: ["a": 1]), beat])
    #expect(try manager.heartbeatStatus(of: "job")?.additionalData == ["a": 1, "code": 3, "took": 9])
  }

  @Test("a status and a pid among the data are the beat's own, unless it says another one")
  func knownKeys() {
    let data: JSONObject = ["status": "busy", "pid": 7, "n": 1]
    let beat = Beat("a", additionalData: data).takingKnownKeys()
    #expect(beat.status == "busy" && beat.pid == 7 && beat.additionalData == ["n": 1])
    let own = Beat("a", status: "calm", additionalData: data, pid: 8).takingKnownKeys()
    #expect(own.status == "calm" && own.pid == 8 && own.additionalData == ["n": 1])
    let odd = Beat("a", additionalData: ["status": [3], "pid": "x"]).takingKnownKeys()
    #expect(odd.status == "alive" && odd.additionalData == ["status": [3], "pid": "x"])
  }

  @Test(
    "a number or a boolean among the data is a status word too, as in the clients",
    arguments: [("3", "3"), ("-2.5", "-2.5"), ("true", "true"), ("false", "false"), (#""busy""#, "busy")])
  func statusWords(value: String, word: String) throws {
    let beat = Beat("a", additionalData: ["status": try JSONValue(parsing: value), "n": 1]).takingKnownKeys()
    #expect(beat.status == word && beat.additionalData == ["n": 1])
  }

  @Test("what is no word stays among the data", arguments: ["null", "\"\"", "[1]", "{}", "NaN"])
  func noWords(value: String) throws {
    let beat = Beat("a", additionalData: ["status": try JSONValue(parsing: value)]).takingKnownKeys()
    #expect(beat.status == "alive" && beat.additionalData?.count == 1)
  }
}
