import Foundation
import JSON
import Testing

@testable import Heartbeat

@Suite("Silences")
struct SilenceTests {
  private static let now = 1_700_000_000.0

  private func put(_ name: String, _ text: String, _ folder: Folder) throws {
    try text.write(toFile: folder.path + "/" + name, atomically: false, encoding: .utf8)
  }

  @Test(
    "a silence that cannot be used is left out and named, and the others count",
    arguments: [
      "7", "null", "[]", "{}", #"{"until": "tomorrow"}"#, #"{"until": null}"#, #"{"until": true}"#, #"{"until": 0}"#,
      #"{"until": -1}"#, #"{"until": 1e300}"#, #"{"until": 1e999}"#, #"{"until": 1700000000000}"#,
    ])
  func useless(value: String) throws {
    let text = #"{"processes": {"a": {"last_heartbeat": 1}}, "silences": {"x": \#(value), "a": {"until": 1700000100}}}"#
    let snapshot = try HeartbeatSnapshot(parsing: Array(text.utf8))
    #expect(snapshot.activeSilences(at: Self.now).map(\.name) == [Array("a".utf8)])
    #expect(snapshot.skipped == [.badSilence: 1] && snapshot.problems.map(\.process) == ["x"])
    #expect(snapshot.entries.count == 1)
  }

  @Test("whatever stands in their place is no silence, and costs no process", arguments: ["7", "[]", "\"a\"", "null"])
  func noObject(value: String) throws {
    let text = #"{"silences": \#(value), "processes": {"a": {"last_heartbeat": 1}}}"#
    let snapshot = try HeartbeatSnapshot(parsing: Array(text.utf8))
    #expect(snapshot.silences.isEmpty && snapshot.entries.count == 1 && snapshot.skipped == [.badSilence: 1])
  }

  @Test("a long reason is cut between characters, and control characters are no end of it")
  func reasons() throws {
    let why = String(repeating: "é", count: 150)
    let text = #"{"processes": {}, "silences": {"a": {"until": 1700000100, "comment": "\#(why)", "created_by": 7}}}"#
    let snapshot = try HeartbeatSnapshot(parsing: Array(text.utf8))
    let silence = try #require(snapshot.activeSilences(at: Self.now).first?.silence)
    #expect(silence.comment == String(repeating: "é", count: 100) && silence.createdBy == nil)
  }

  @Test("of more than the limit the first ones count, the others are named; of two objects the last counts")
  func limits() throws {
    let many = (0...SilencesText.most).map { #""p\#($0)": {"until": 1700000100}"# }.joined(separator: ",")
    let snapshot = try HeartbeatSnapshot(parsing: Array(#"{"processes": {}, "silences": {\#(many)}}"#.utf8))
    #expect(snapshot.activeSilences(at: Self.now).count == SilencesText.most && snapshot.skipped == [.badSilence: 1])
    let two = #"{"silences": {"a": {"until": 1700000100}}, "processes": {}, "silences": {"b": {"until": 1700000100}}}"#
    #expect(try HeartbeatSnapshot(parsing: Array(two.utf8)).silences.keys.map { $0 } == [Array("b".utf8)])
  }

  @Test("it ends by itself, and one that would end later than it can is not believed")
  func time() {
    let silence = Silence(until: Self.now + 100)
    #expect(silence.isActive(at: Self.now) && silence.isActive(at: Self.now + 99.9))
    #expect(!silence.isActive(at: Self.now + 100))
    let longest = Silence(until: Self.now + Silence.longest)
    #expect(longest.isActive(at: Self.now) && longest.isActive(at: Self.now - Silence.clockTolerance))
    #expect(!longest.isActive(at: Self.now - Silence.clockTolerance - 1))
  }

  private func read(_ path: String) -> [String] {
    var sources = SourceSet([SourceSettings(path: path)])
    sources.refresh(readTimeout: 5)
    return sources.snapshot.activeSilences(at: Date().timeIntervalSince1970).map {
      String(decoding: $0.name, as: UTF8.self)
    }
  }

  @Test("silencing changes nothing else in the file, a beat keeps it, and ending it says who was silenced")
  func oneFile() throws {
    let folder = try Folder()
    let manager = HeartbeatManager(file: folder.file)
    let until = Date().timeIntervalSince1970 + 3_600
    #expect(throws: HeartbeatError.self) { try manager.silence(["a"], until: until) }
    #expect(folder.names == [], "a file that nobody beats into is not made")
    let text =
      #"{"mine" : [1,  2], "processes": {"a": {"last_heartbeat": 1, "x" :1}, "b":{}}, "last_updated": 5, "silences": {"old": {"until": 9}}}"#
    try Data(text.utf8).write(to: URL(filePath: folder.file))
    #expect(try manager.endSilence(of: ["a"]) == [] && folder.names == ["heartbeat_status.json"], "no lock for nothing")
    try manager.silence(["a", "new", "a"], until: until, comment: "disk", createdBy: "alice")
    let after = String(decoding: try Data(contentsOf: URL(filePath: folder.file)), as: UTF8.self)
    #expect(
      after.hasPrefix(
        #"{"mine" : [1,  2], "processes": {"a": {"last_heartbeat": 1, "x" :1}, "b":{}}, "last_updated": 1"#))
    #expect(read(folder.file) == ["a", "new"] && !after.contains("old"))
    var options = manager.options
    options.retention = .zero
    try HeartbeatManager(file: folder.file, options: options).sendHeartbeat("b")
    _ = try HeartbeatWriter(file: folder.file, options: options).write([[Beat("c")]], maximumEntries: 10)
    #expect(read(folder.file) == ["a", "new"])
    #expect(try manager.endSilence(of: ["a", "nobody"]) == ["a"] && manager.endSilence(of: ["a"]) == [])
    #expect(read(folder.file) == ["new"])
    #expect(throws: HeartbeatError.self) { try manager.silence(["a"], until: until + Silence.longest) }
    #expect(throws: HeartbeatError.self) { try manager.silence([""], until: until) }
    #expect(read(folder.file) == ["new"])
  }

  @Test("an empty file and one without processes become heartbeat files; somebody else's stays as it is")
  func oddFiles() throws {
    let folder = try Folder()
    let manager = HeartbeatManager(file: folder.file)
    let until = Date().timeIntervalSince1970 + 3_600
    for text in ["", "{}", "{\n}\n", #"{"last_updated": 3}"#] {
      try Data(text.utf8).write(to: URL(filePath: folder.file))
      try manager.silence(["a"], until: until)
      #expect(read(folder.file) == ["a"])
      try manager.sendHeartbeat("b")
      #expect(read(folder.file) == ["a"])
    }
    for text in [#"{"name": "a package"}"#, "[1]", "hello"] {
      try Data(text.utf8).write(to: URL(filePath: folder.file))
      #expect(throws: HeartbeatError.self) { try manager.silence(["a"], until: until) }
      #expect(try Data(contentsOf: URL(filePath: folder.file)) == Data(text.utf8))
    }
  }

  @Test("a file of which nothing is left but silences is still a heartbeat file")
  func nothingButSilences() throws {
    let folder = try Folder()
    let manager = HeartbeatManager(file: folder.file)
    try manager.sendHeartbeat("a")
    try manager.silence(["a"], until: Date().timeIntervalSince1970 + 3_600)
    try manager.remove(["a"])
    try manager.sendHeartbeat("b")
    #expect(read(folder.file) == ["a"])
    #expect(try manager.allHeartbeats().map(\.name) == ["b"])
    try put("heartbeat_status.json", #"{"silences": {"a": 1}}"#, folder)
    #expect(throws: HeartbeatError.self) { try manager.sendHeartbeat("b") }
  }

  @Test("in a folder each user has a note for each process, which everybody can read; what is over goes")
  func folder() throws {
    let folder = try Folder()
    let manager = HeartbeatManager(file: folder.path)
    let now = Date().timeIntervalSince1970
    try manager.sendHeartbeat("a")
    let mask = umask(0o077)
    defer { umask(mask) }
    let long = String(repeating: "n", count: 250)
    try manager.silence(["a", "eu/b", long], until: now + 3_600)
    #expect(read(folder.path) == ["a", "eu/b", long])
    let notes = folder.names.filter { $0.hasPrefix(".heartbeat-silence-") }
    #expect(notes.count == 3)
    for note in notes {
      let mode = try FileManager.default.attributesOfItem(atPath: folder.path + "/" + note)[.posixPermissions] as? Int
      #expect(mode == 0o644)
    }
    try manager.silence(["a"], until: now + 7_200)
    #expect(folder.names.filter { $0.hasPrefix(".heartbeat-silence-") }.count == 3)
    try put(notes[0], #"{"silences": {"a": {"until": 5}}}"#, folder)
    try put(notes[1], "no JSON", folder)
    try put(notes[2], #"{"silences": {"b": {"until": "x"}, "c": {"until": \#(now + 60)}}}"#, folder)
    var sources = SourceSet([SourceSettings(path: folder.path)])
    sources.refresh(readTimeout: 5)
    #expect(sources.skipped == [.badSilence: 2] && read(folder.path) == ["c"])
    try manager.endSilence(of: ["nobody"])
    #expect(folder.names.count { $0.hasPrefix(".heartbeat-silence-") } == 2, "the one that is over is gone")
    #expect(try manager.endSilence(of: ["c"]) == ["c"] && read(folder.path) == [])
  }

  @Test(
    "what is no plain file of the user whose name it bears is no note",
    arguments: ["link", "hard link", "folder", "other name"])
  func falseNotes(kind: String) throws {
    let folder = try Folder()
    let other = try Folder()
    let text = #"{"silences": {"a": {"until": \#(Date().timeIntervalSince1970 + 60)}}}"#
    let note = SilenceNotes.fileName(of: "a", user: geteuid())
    try put("note", text, other)
    let (from, to) = (other.path + "/note", folder.path + "/" + note)
    switch kind {
    case "link": symlink(from, to)
    case "hard link": link(from, to)
    case "folder": mkdir(to, 0o755)
    default: try put(SilenceNotes.fileName(of: "a", user: geteuid() + 1), text, folder)
    }
    #expect(read(folder.path) == [])
  }

  @Test("in a sticky folder only the owner of a process's file, root and the folder's owner can silence it")
  func sticky() throws {
    guard geteuid() == 0 else { return }
    let folder = try Folder()
    chmod(folder.path, 0o1777)
    chown(folder.path, 64_203, 64_203)
    let later = Date().timeIntervalSince1970 + 600
    for (name, owner) in [("hers", UInt32(64_201)), ("his", 64_202)] {
      try put("\(name).json", #"{"last_heartbeat": \#(later - 600)}"#, folder)
      chown(folder.path + "/\(name).json", owner, owner)
    }
    func note(_ process: String, of user: UInt32) throws {
      let file = SilenceNotes.fileName(of: process, user: user)
      try put(file, #"{"silences": {"\#(process)": {"until": \#(later)}}}"#, folder)
      chown(folder.path + "/" + file, user, user)
    }
    for process in ["hers", "his", "absent"] { try note(process, of: 64_201) }
    #expect(read(folder.path) == ["hers"])
    try note("his", of: 64_203)
    try note("absent", of: 0)
    #expect(read(folder.path) == ["absent", "hers", "his"])
    // Where everybody may replace every file, everybody may silence.
    for user in [UInt32(0), 64_203] {
      for process in ["his", "absent"] { unlink(folder.path + "/" + SilenceNotes.fileName(of: process, user: user)) }
    }
    #expect(read(folder.path) == ["hers"])
    chmod(folder.path, 0o777)
    #expect(read(folder.path) == ["absent", "hers", "his"])
  }

  @Test("a user's silence goes on when the process's file goes, and nobody keeps it out by making many notes")
  func gone() throws {
    guard geteuid() == 0 else { return }
    let folder = try Folder()
    chmod(folder.path, 0o1777)
    let later = Date().timeIntervalSince1970 + 600
    try put("hers.json", #"{"last_heartbeat": \#(later - 600)}"#, folder)
    chown(folder.path + "/hers.json", 64_201, 64_201)
    let file = SilenceNotes.fileName(of: "hers", user: 64_201)
    try put(file, #"{"silences": {"hers": {"until": \#(later)}}}"#, folder)
    chown(folder.path + "/" + file, 64_201, 64_201)
    try put("theirs", #"{"silences": {"x": {"until": \#(later)}}}"#, folder)
    chown(folder.path + "/theirs", 64_300, 64_300)
    for number in 0..<1_100 {
      let note = ".heartbeat-silence-\(number % 2 == 0 ? 0 : 60_000 + number)-000000000000000\(number)"
      link(folder.path + "/theirs", folder.path + "/" + note)
    }
    var sources = SourceSet([SourceSettings(path: folder.path)])
    sources.refresh(readTimeout: 5)
    #expect(sources.snapshot.silences.keys.map { $0 } == [Array("hers".utf8)])
    unlink(folder.path + "/hers.json")
    sources.refresh(readTimeout: 5)
    #expect(sources.snapshot.silences.keys.map { $0 } == [Array("hers".utf8)])
  }

  @Test("of several sources a file that others may write silences its own processes alone")
  func severalSources() throws {
    guard geteuid() == 0 else { return }
    let folder = try Folder()
    let later = Date().timeIntervalSince1970 + 600
    let silences = #""silences": {"a": {"until": \#(later)}, "b": {"until": \#(later)}, "c": {"until": \#(later)}}"#
    try put("a.json", #"{"processes": {"a": {"last_heartbeat": 1}}, \#(silences)}"#, folder)
    try put("b.json", #"{"processes": {"b": {"last_heartbeat": 1}}}"#, folder)
    func silenced() -> [String] {
      var sources = SourceSet(["a.json", "b.json"].map { SourceSettings(path: folder.path + "/" + $0) })
      sources.refresh(readTimeout: 5)
      return sources.snapshot.silences.keys.map { String(decoding: $0, as: UTF8.self) }.sorted()
    }
    #expect(silenced() == ["a", "b", "c"], "root's word counts for all")
    chown(folder.path + "/a.json", 64_201, 64_201)
    #expect(silenced() == ["a"])
    chown(folder.path + "/a.json", 0, 0)
    chmod(folder.path + "/a.json", 0o664)
    #expect(silenced() == ["a"])
    // One that looks again and again sees who owns it, not only what it says.
    var sources = SourceSet(["a.json", "b.json"].map { SourceSettings(path: folder.path + "/" + $0) })
    for (mode, expected) in [(0o644, 3), (0o666, 1), (0o600, 3)] {
      chmod(folder.path + "/a.json", mode_t(mode))
      sources.refresh(readTimeout: 5)
      #expect(sources.snapshot.silences.count == expected)
    }
    try FileManager.default.removeItem(atPath: folder.path + "/a.json")
    sources.refresh(readTimeout: 5)
    #expect(sources.snapshot.silences.count == 3, "what it said last stays as long as it cannot be read")
  }
}
