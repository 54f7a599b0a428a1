import Foundation
import POSIX
import Testing

@testable import Heartbeat

@Suite("Sources beside each other")
final class SourceSetTests {
  let folder = FileManager.default.temporaryDirectory.appending(path: "sources-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: folder) }

  private func write(_ path: String, _ text: String) throws {
    let file = folder.appending(path: path)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  private func sources(_ paths: String..., change: (inout SourceSet.Options) -> Void = { _ in }) -> SourceSet {
    var options = SourceSet.Options()
    change(&options)
    return SourceSet(paths.map { SourceSettings(path: folder.path + "/" + $0) }, options: options)
  }

  private func names(_ sources: inout SourceSet) -> [String] {
    sources.refresh(readTimeout: 5)
    return sources.snapshot.entries.map { sources.snapshot.string($0.name) }
  }

  private static let time = 1_784_021_213.0

  private func beat(_ name: String, _ more: String = "") -> String {
    #""\#(name)": {"last_heartbeat": \#(Self.time)\#(more)}"#
  }

  @Test("ours, a folder, a pattern and a text are one content, in the order of the sources")
  func together() throws {
    try write("ours.json", #"{"processes": {\#(beat("one", #", "pid": 7"#)), \#(beat("two"))}}"#)
    try write("own.d/eu%2Fthree.json", #"{"last_heartbeat": \#(Self.time), "status": "busy"}"#)
    try write("bots/b/status.json", #"{"ts": \#(Self.time), "n": 5}"#)
    try write("bots/a/status.json", #"{"ts": \#(Self.time - 1), "n": {"m": 6}}"#)
    try write("beat", "\(Int(Self.time))\n")
    var sources = sources("ours.json", "own.d", "bots/*/status.json", "beat")
    #expect(names(&sources) == ["one", "two", "eu/three", "a", "b", folder.lastPathComponent])
    let snapshot = sources.snapshot
    #expect(
      snapshot.entries.map(\.lastHeartbeat) == [Self.time, Self.time, Self.time, Self.time - 1, Self.time, Self.time])
    #expect(snapshot.entries[0].pid == 7 && snapshot.entries[2].status.map(snapshot.string) == "busy")
    #expect(sources.files.map(\.layout) == [.ours, .folder, .single, .single, .text])
    #expect((0..<6).map { sources.file(ofEntry: $0) } == [0, 0, 1, 2, 3, 4])
    #expect(sources.isUp && sources.skipped.isEmpty)
  }

  @Test("of two processes of one name that of the first source is shown")
  func namesThatMeet() throws {
    try write("a.json", "{\"processes\": {\(beat("x", ", \"pid\": 1")), \(beat("y"))}}")
    try write("b.json", "{\"processes\": {\(beat("x", ", \"pid\": 2")), \(beat("z"))}}")
    var sources = sources("a.json", "b.json")
    #expect(names(&sources) == ["x", "y", "z"])
    #expect(sources.snapshot.entries[0].pid == 1)
    #expect(sources.files.map(\.taken) == [[], ["x"]])
    #expect(sources.skipped == [.nameTaken: 1])
    try write("a.json", "{\"processes\": {\(beat("y"))}}")
    #expect(names(&sources) == ["y", "x", "z"])
    #expect(sources.snapshot.entries[1].pid == 2 && sources.skipped.isEmpty)
  }

  @Test("the exporter's own name is left out of each file as such, and is taken by nobody")
  func exportersName() throws {
    let name = "heartbeat-exporter"
    try write("a.json", "{\"processes\": {\(beat(name)), \(beat("x"))}}")
    try write("b.json", "{\"processes\": {\(beat("y")), \(beat(name))}}")
    try write("c.d/\(name).json", #"{"last_heartbeat": \#(Self.time)}"#)
    try write("d.json", #"{"workers": {"\#(name)": {"last_seen": \#(Self.time)}, "z": {"last_seen": \#(Self.time)}}}"#)
    for paths in [["a.json", "b.json", "c.d", "d.json"], ["a.json"], ["c.d"], ["d.json"]] {
      var settings = sources(paths[0], paths.count > 1 ? paths[1] : paths[0])
      if paths.count > 2 { settings = sources(paths[0], paths[1], paths[2], paths[3]) }
      #expect(!names(&settings).contains(name))
      #expect(settings.skipped == [.reservedName: paths.count], "\(paths)")
      #expect(settings.files.map(\.skippedCount) == paths.map { _ in 1 })
      #expect(settings.files.allSatisfy { $0.taken.isEmpty })
      #expect(settings.problems.map(\.reason) == paths.map { _ in .reservedName })
      let files = paths.map { folder.appending(path: $0 == "c.d" ? "c.d/\(name).json" : $0).path }
      #expect(settings.problems.map(\.file) == files)
    }
  }

  @Test("one that is broken costs only itself, and shows what it said last")
  func broken() throws {
    try write("a/beat.json", #"{"ts": \#(Self.time)}"#)
    try write("b/beat.json", #"{"ts": \#(Self.time)}"#)
    var sources = sources("*/beat.json")
    #expect(names(&sources) == ["a", "b"])
    try write("a/beat.json", #"{"ts": \#(Self.time + 10), "sta"#)
    try write("b/beat.json", #"{"ts": \#(Self.time + 20)}"#)
    #expect(names(&sources) == ["a", "b"])
    #expect(sources.snapshot.entries.map(\.lastHeartbeat) == [Self.time, Self.time + 20])
    #expect(sources.files.map(\.isUp) == [false, true])
    #expect(sources.files[0].lastProblem?.failure == .torn)
    #expect(sources.files[0].readErrors == [.torn: 1])
  }

  @Test("files of a pattern come and go")
  func comeAndGo() throws {
    var sources = sources("w/*.alive")
    #expect(names(&sources) == [])
    #expect(sources.patterns.map(\.files) == [0])
    try write("w/b.alive", "")
    #expect(names(&sources) == ["b"])
    try write("w/a.alive", "")
    #expect(names(&sources) == ["a", "b"])
    try FileManager.default.removeItem(at: folder.appending(path: "w/b.alive"))
    #expect(names(&sources) == ["a"])
  }

  @Test("names that only look the same are two files, and one that is no UTF-8 is told")
  func namesByTheirBytes() throws {
    func write(_ name: [UInt8], _ text: String) throws {
      let path = Array((folder.path + "/").utf8) + name + [0]
      let file = try #require(path.withUnsafeBytes { fopen($0.bindMemory(to: CChar.self).baseAddress!, "w") })
      fputs(text, file)
      fclose(file)
    }
    let (composed, decomposed) = (Array("caf\u{E9}.json".utf8), Array("cafe\u{301}.json".utf8))
    try write(composed, "{\"ts\": \(Self.time)}")
    var sources = sources("*.json")
    #expect(names(&sources).map { Array($0.utf8) } == [Array("caf\u{E9}".utf8)])
    try FileManager.default.removeItem(at: folder.appending(path: "caf\u{E9}.json"))
    try write(decomposed, "{\"ts\": \(Self.time)}")
    #expect(names(&sources).map { Array($0.utf8) } == [Array("cafe\u{301}".utf8)], "a rename is one")
    try write(composed, "[")
    try write(Array("y".utf8) + [0xFF] + Array(".json".utf8), "{\"ts\": \(Self.time)}")
    _ = names(&sources)
    #expect(sources.files.map(\.isUp) == [true, false, false])
    #expect(sources.files.map { $0.lastProblem?.description.contains("no UTF-8") } == [nil, false, true])
  }

  /// Makes a folder or a file, whatever the bytes of its name are.
  private func make(_ name: [UInt8], _ text: String? = nil) throws {
    let path = (Array((folder.path + "/").utf8) + name).map { CChar(bitPattern: $0) } + [0]
    guard let text else {
      try #require(mkdir(path, 0o755) == 0)
      return
    }
    let file = try #require(fopen(path, "w"))
    fputs(text, file)
    fclose(file)
  }

  @Test(
    "a folder of a pattern whose name is no UTF-8 is told where something below it matches",
    arguments: [
      ("w/*/state.json", ["b"]), ("w/*/*.json", ["b", "d"]), ("w/*/s/../state.json", ["c"]),
      ("w/*/s/*/x.json", ["c"]),
      ("w/*/s/*.json", []), ("w/?\u{FFFD}*/state.json", []), ("w/*", ["b", "c", "d", "e", "f"]),
    ] as [(String, [String])])
  func unreadableFolders(pattern: String, expected: [String]) throws {
    try write("w/a/state.json", "{\"ts\": \(Self.time)}")
    func name(_ letter: String, _ rest: String = "") -> [UInt8] {
      Array("w/\(letter)".utf8) + [0xFF] + Array(rest.utf8)
    }
    for letter in ["b", "c", "d", "e"] { try make(name(letter)) }
    try make(name("b", "/state.json"), "{\"ts\": \(Self.time)}")
    try make(name("c", "/s"))
    try make(name("c", "/s/") + [0xFE])
    try make(name("c", "/s/") + [0xFE] + Array("/x.json".utf8), "{\"ts\": \(Self.time)}")
    try make(name("d", "/x.json"), "{\"ts\": \(Self.time)}")
    try make(name("d", "/y.json.tmp"), "")
    try make(name("f"), "")
    var sources = sources(pattern)
    for _ in 1...2 {
      _ = names(&sources)
      let told = sources.files.filter { $0.lastProblem?.description.contains("no UTF-8") ?? false }
      #expect(told.map { $0.path.replacing(folder.path, with: "") } == expected.map { "/w/\($0)\\xff" })
      #expect(told.allSatisfy { !$0.isUp })
      #expect(sources.files.contains(where: \.isUp) == ["w/*/state.json", "w/*/*.json"].contains(pattern))
    }
  }

  @Test("a folder whose name is no UTF-8 is told as soon as something matches in it, and as long")
  func unreadableFolderThatChanges() throws {
    try write("w/a/x.json", "{\"ts\": \(Self.time)}")
    let name = Array("w/b".utf8) + [0xFF]
    try make(name)
    var sources = sources("w/*/*.json")
    for isThere in [false, true, false, true] {
      let file = name + Array("/x.json".utf8)
      let path = (Array((folder.path + "/").utf8) + file).map { CChar(bitPattern: $0) } + [0]
      if isThere { try make(file, "{\"ts\": \(Self.time)}") } else { unlink(path) }
      #expect(names(&sources).count == 1)
      #expect(sources.files.map(\.isUp) == (isThere ? [true, false] : [true]))
    }
  }

  @Test("names that are no UTF-8 are told apart, also from one that is written so")
  func unreadableNames() throws {
    try make(Array("y".utf8) + [0xFF] + Array(".json".utf8), "{\"ts\": \(Self.time)}")
    try make(Array("y".utf8) + [0xFE] + Array(".json".utf8), "{\"ts\": \(Self.time)}")
    var sources = sources("*.json")
    _ = names(&sources)
    #expect(sources.files.map { $0.path.replacing(folder.path, with: "") } == ["/y\\xfe.json", "/y\\xff.json"])
    try make(Array("y\\xff.json".utf8), "{\"ts\": \(Self.time)}")
    _ = names(&sources)
    #expect(sources.files.map(\.isUp).sorted { $0 && !$1 } == [true, false, false])
  }

  @Test("failures of a file that vanishes and returns are counted on")
  func failuresOfFilesThatReturn() throws {
    try write("bots/a.json", "[")
    try write("bots/b.json", "{\"ts\": \(Self.time)}")
    var sources = sources("bots/*.json")
    for _ in 1...3 { _ = names(&sources) }
    let errors = sources.files[0].readErrors
    #expect(!errors.isEmpty)
    try FileManager.default.removeItem(at: folder.appending(path: "bots/a.json"))
    _ = names(&sources)
    #expect(sources.files.count == 1)
    try write("bots/a.json", "[")
    _ = names(&sources)
    #expect(sources.files[0].readErrors.mapValues { $0 - 1 } == errors)
  }

  private func reloaded(_ sources: SourceSet, _ path: String, change: (inout SourceSettings) -> Void) -> SourceSet {
    var settings = SourceSettings(path: folder.path + "/" + path)
    change(&settings)
    var next = SourceSet([settings])
    _ = next.takeOver(from: sources)
    return next
  }

  @Test(
    "with another timeout a source keeps what its torn files said last", arguments: ["bots/*.json", "bots/a.json"])
  func otherTimeout(path: String) throws {
    try write("bots/a.json", "{\"processes\": {\(beat("a"))}}")
    var sources = sources(path)
    #expect(names(&sources) == ["a"])
    try write("bots/a.json", "{\"processes\": {")
    _ = names(&sources)
    var next = reloaded(sources, path) { $0.timeout = 360 }
    #expect(names(&next) == ["a"] && !next.files[0].isUp)
    #expect(next.timeout(ofEntry: 0) == 360)
    try write("bots/a.json", "{\"processes\": {\(beat("b"))}}")
    #expect(names(&next) == ["b"] && next.isUp)
  }

  @Test(
    "a source that is read in another way counts its files' failures on",
    arguments: ["bots/*.json", "bots/a.json"])
  func failuresOfOtherSettings(path: String) throws {
    try write("bots/a.json", "[")
    var sources = sources(path)
    for _ in 1...3 { _ = names(&sources) }
    let errors = sources.files[0].readErrors
    #expect(!errors.isEmpty)
    var next = reloaded(sources, path) { $0.name = "x" }
    _ = names(&next)
    #expect(next.files[0].readErrors == errors.mapValues { $0 + 1 })
    // Neither does the next reload count what was before twice.
    next = reloaded(next, path) { $0.name = "y" }
    _ = names(&next)
    #expect(next.files[0].readErrors == errors.mapValues { $0 + 2 })
  }

  @Test("the file that a writer makes beside and renames is nobody who vanished; one that is removed is")
  func renamed() throws {
    try write("bots/bot.json", "{\"ts\": \(Self.time)}")
    try write("bots/tmp8f3k2l1a.json", "{\"ts\": \(Self.time + 1)}")
    try write("bots/other.json", "{\"ts\": \(Self.time + 2)}")
    var sources = sources("bots/*.json")
    #expect(names(&sources) == ["bot", "other", "tmp8f3k2l1a"])
    let bots = folder.path + "/bots"
    #expect(rename(bots + "/tmp8f3k2l1a.json", bots + "/bot.json") == 0)
    try FileManager.default.removeItem(atPath: bots + "/other.json")
    #expect(names(&sources) == ["bot"])
    #expect(sources.snapshot.pruned.keys.map { String(decoding: $0, as: UTF8.self) } == ["tmp8f3k2l1a"])
    try write("bots/tmp8f3k2l1a.json", "{\"ts\": \(Self.time + 3)}")
    _ = names(&sources)
    #expect(sources.snapshot.pruned.isEmpty, "who comes again may vanish again")
  }

  @Test(
    "a place of a pattern that cannot be asked for is a file that cannot be read",
    arguments: [("bots/*/status.json", "bots/b/status.json"), ("bots/*/*.json", "bots/b")])
  func unreadable(path: String, said: String) throws {
    try write("bots/a/status.json", "{\"ts\": \(Self.time)}")
    try write("bots/c", "no folder")
    let link = folder.path + "/bots/b"
    #expect(symlink("b", link) == 0)
    #expect(symlink("nowhere", folder.path + "/bots/d") == 0)
    var sources = sources(path)
    _ = names(&sources)
    let bad = sources.files.filter { !$0.isUp }
    #expect(bad.map(\.path) == [folder.path + "/" + said] && bad.map { $0.lastProblem?.failure } == [.inputOutput])
    #expect(sources.files.count == 2 && sources.snapshot.entries.count == 1 && !sources.isUp)
    unlink(link)
    try write("bots/b/status.json", "{\"ts\": \(Self.time)}")
    _ = names(&sources)
    #expect(sources.isUp && sources.snapshot.entries.count == 2)
    try FileManager.default.removeItem(atPath: link)
    #expect(symlink("b", link) == 0)
    _ = names(&sources)
    #expect(!sources.isUp, "what turns so while it runs does not go in silence")
    #expect(sources.snapshot.entries.count == 2, "and shows what it said last")
  }

  @Test("what a pattern has in a folder that never answered is not known")
  func unknownFolder() throws {
    try write("bots/a.json", "{\"ts\": \(Self.time)}")
    var sources = sources("bots/*.json", "bots/*.js")
    let bots = folder.path + "/bots"
    let isClosed = ConditionLock(true)
    sources.units[0].patternProbe = PatternProbe { _, ask in
      guard ask(bots) else { return (false, []) }
      isClosed.wait { $0 ? nil : () }
      return (false, [])
    }
    sources.refresh(readTimeout: 0.4)
    #expect(sources.patterns.map(\.isKnown) == [false, true] && sources.patterns.map(\.files) == [0, 0])
    #expect(!sources.isUp && sources.files.map(\.path) == [bots])
    #expect(sources.files[0].lastProblem?.failure == .timeout)
    #expect(sources.files[0].lastProblem?.description.contains("did not answer within 0.4 s") == true)
    isClosed.withLock { $0 = false }
    for _ in 0..<2_000 where !sources.isUp {
      usleep(10_000)
      sources.refresh(readTimeout: 0.4)
    }
    #expect(sources.isUp && sources.files.map(\.path) == [bots + "/a.json"])
    #expect(sources.patterns[0].isKnown && sources.patterns[0].files == 1)
  }

  @Test("a touched file's beat follows its time of change")
  func touched() throws {
    try write("alive", "")
    var sources = sources("alive")
    for time in [Self.time, Self.time + 7] {
      let path = folder.appending(path: "alive").path
      try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: time)], ofItemAtPath: path)
      #expect(names(&sources).count == 1)
      #expect(sources.snapshot.entries[0].lastHeartbeat == time)
    }
  }

  @Test("limits hold files back, those of the last sources first")
  func limits() throws {
    for name in ["a", "b", "c"] { try write("\(name)/s.json", #"{"ts": \#(Self.time)}"#) }
    var few = sources("*/s.json") { $0.maximumFiles = 2 }
    #expect(names(&few) == ["a", "b"])
    #expect(few.patterns == [SourceSet.PatternCount(pattern: folder.path + "/*/s.json", files: 2, leftOut: 1)])
    var small = sources("*/s.json") { $0.maximumBytes = 130 }
    #expect(names(&small) == ["a", "b"])
    #expect(small.files[2].lastProblem?.failure == .tooLarge)
  }

  @Test(
    "what has no room among all files is not kept, and comes back when there is some", arguments: ["ours", "foreign"])
  func room(kind: String) throws {
    func write(_ name: String, _ length: Int) throws {
      let note = #", "note": "\#(String(repeating: "x", count: length))""#
      let ours = "{\"processes\": {\(beat(name, note))}}"
      try self.write("\(name)/s.json", kind == "ours" ? ours : #"{"ts": \#(Self.time)\#(note)}"#)
    }
    try write("a", 10)
    try write("b", 900)
    try write("c", 10)
    var sources = sources("*/s.json") { $0.maximumBytes = 1_400 }
    #expect(names(&sources) == ["a", "b", "c"])
    try write("a", 700)
    #expect(names(&sources) == ["a", "c"], "one that is small still has room")
    #expect(sources.files.map(\.isUp) == [true, false, true])
    #expect(sources.files[1].length == 0 && sources.files[1].lastProblem?.failure == .tooLarge)
    #expect(sources.files[1].lastProblem?.description.contains("all heartbeat files together") == true)
    #expect(names(&sources) == ["a", "c"])
    try write("a", 10)
    #expect(names(&sources) == ["a", "b", "c"] && sources.isUp)
  }

  @Test(
    "whether there is room for a file is the same, whatever is remembered of it",
    arguments: [
      #"{"ts": 1, "note": "\#(String(repeating: "x", count: 400))"#,
      #"{"n": 1, "note": "\#(String(repeating: "x", count: 400))"}"#,
      String(repeating: #"{"ts": 1784021213, "n": 1}\#n"#, count: 15),
    ])
  func roomOfKnown(text: String) throws {
    try write("a/s.json", #"{"ts": \#(Self.time)}"#)
    try write("b/s.json", text)
    func open() -> SourceSet {
      self.sources("*/s.json") { ($0.maximumBytes, $0.limits.timestampGrain) = (900, -1) }
    }
    var sources = open()
    for _ in 0..<2 { _ = names(&sources) }
    let failures = sources.files[1].readErrors
    #expect(failures[.tooLarge] == nil)
    let note = String(repeating: "x", count: 600)
    try write("a/s.json", "{\"processes\": {\(beat("a", ", \"note\": \"\(note)\""))}}")
    for look in 1...3 as ClosedRange<UInt64> {
      _ = names(&sources)
      var fresh = open()
      _ = names(&fresh)
      #expect(fresh.files[1].readErrors == [.tooLarge: 1])
      #expect(sources.files[1].lastProblem?.failure == .tooLarge)
      #expect(sources.files[1].readErrors == failures.merging([.tooLarge: look]) { $1 })
    }
  }

  @Test(
    "a file that is the only one from now on shows all that it says, though only its text was kept beside others",
    arguments: ["a.json", "own.d", "foreign"], [false, true])
  func onlyOne(name: String, isBad: Bool) throws {
    try write("a.json", "{\"processes\": {\(beat("x", #", "n": 1"#)), \(beat("y", #", "m": {"n": 2}"#))}}")
    try write("own.d/x.json", #"{"last_heartbeat": \#(Self.time), "n": 1, "m": {"n": 2}}"#)
    try write("foreign", #"{"ts": \#(Self.time), "n": 1, "m": {"n": 2}}"#)
    try write("b.json", "{\"processes\": {\(beat("z", #", "n": 3"#))}}")
    func open(_ paths: [String]) -> SourceSet {
      var options = SourceSet.Options()
      options.limits.keptBytes = 0
      return SourceSet(paths.map { SourceSettings(path: folder.path + "/" + $0) }, options: options)
    }
    func values(_ sources: inout SourceSet) -> [Double] {
      sources.refresh(readTimeout: 5)
      return sources.snapshot.numbers.map(\.value)
    }
    var both = open([name, "b.json"])
    #expect(values(&both) == [1, 2, 3])
    if isBad { try FileManager.default.removeItem(at: folder.appending(path: name)) }
    var only = open([name])
    _ = only.takeOver(from: both)
    for _ in 0..<2 { #expect(values(&only) == [1, 2]) }
    #expect(only.isUp == !isBad)
  }

  @Test(
    "of one file whose processes have no data of their own, too, it is told what changed",
    arguments: ["a.json", "own.d"])
  func plainBeats(name: String) throws {
    var sources = sources(name)
    for step in 0..<3 {
      let time = Self.time + Double(step)
      try write("a.json", #"{"processes": {"x": {"last_heartbeat": \#(time)}}}"#)
      try write("own.d/x.json", #"{"last_heartbeat": \#(time)}"#)
      let generation = sources.generation
      #expect(names(&sources) == ["x"])
      #expect(sources.generation == generation + 1)
      #expect(sources.tellsChanges == (step > 0))
    }
  }

  @Test("names that are written with escapes take the room that they have in the file, once", arguments: [0, 1])
  func roomOfEscapes(missing: Int) throws {
    let name = String(repeating: #"\n"#, count: 400)
    var size = 0
    for place in 0..<3 {
      let text = "{\"processes\": {\(beat("\(name)\(place)"))}}"
      size += text.utf8.count
      try write("\(place)/s.json", text)
    }
    var sources = sources("*/s.json") { $0.maximumBytes = size - missing }
    #expect(names(&sources).count == 3 - missing)
    #expect(names(&sources).count == 3 - missing && sources.isUp == (missing == 0))
    try write("own.d/x.json", #"{"last_heartbeat": \#(Self.time)}"#)
    try write("own.d/\(String(repeating: "%0A", count: 80)).json", #"{"last_heartbeat": \#(Self.time)}"#)
    sources = self.sources("own.d", "0/s.json") { $0.maximumBytes = 80 * 3 + 150 + size / 3 }
    #expect(names(&sources).count == 3)
  }

  @Test("of more processes than all files may have together, the surplus is counted by file")
  func tooMany() throws {
    for file in ["a", "b", "c"] {
      try write("\(file).json", "{\"processes\": {\(beat("\(file)1")), \(beat("\(file)2"))}}")
    }
    var sources = sources("a.json", "b.json", "c.json") { $0.limits.entries = 3 }
    for _ in 0..<2 {
      #expect(names(&sources) == ["a1", "a2", "b1"])
      #expect(sources.skipped == [.tooManyEntries: 3])
      #expect(sources.files.map(\.skippedCount) == [0, 1, 2])
    }
    try write("a.json", "{\"processes\": {}}")
    #expect(names(&sources) == ["b1", "b2", "c1"] && sources.files.map(\.skippedCount) == [0, 0, 1])
  }

  @Test("a folder beside other files has the room that they leave: its largest files are left out")
  func roomOfFolder() throws {
    func note(_ length: Int) -> String { #", "note": "\#(String(repeating: "x", count: length))""# }
    func own(_ length: Int) -> String { #"{"last_heartbeat": \#(Self.time)\#(note(length))}"# }
    try write("own.d/large.json", own(900))
    try write("own.d/small.json", own(10))
    try write("a.json", "{\"processes\": {\(beat("a", note(400)))}}")
    var sources = sources("a.json", "own.d") { $0.maximumBytes = 1_000 }
    #expect(names(&sources) == ["a", "small"])
    #expect(sources.files[1].isUp && sources.skipped == [.tooLarge: 1])
    try write("a.json", "{\"processes\": {\(beat("a"))}}")
    #expect(names(&sources) == ["a", "small"], "together they would have more")
    try write("own.d/large.json", own(700))
    #expect(names(&sources) == ["a", "large", "small"] && sources.skipped.isEmpty)
  }

  @Test(
    "whether much or only the text is kept of each file, the same comes of it",
    arguments: [(0, 1_000, false), (1_000_000, 0, false), (1_000_000, 1_000, true)])
  func keptTextAlone(bytes: Int, paths: Int, isKept: Bool) throws {
    try write("own.d/d.json", #"{"last_heartbeat": \#(Self.time), "n": 4, "m": 1}"#)
    try write("e/s.json", #"{"ts": \#(Self.time), "n": 5, "deep": {"n": 7}}"#)
    var all = ["a", "b", "c"]
    var sources = sources("ours.json", "own.d", "*/s.json") {
      ($0.limits.keptBytes, $0.limits.rememberedPaths) = (bytes, paths)
    }
    for step in 0..<5 {
      if step == 3 { all.remove(at: 1) }
      let members = all.map { beat($0, #", "n": \#(step), "\#($0)": {"x": true}"#) }
      try write("ours.json", "{\"processes\": {\(members.joined(separator: ","))}}")
      #expect(names(&sources) == all + ["d", "e"])
      let snapshot = sources.snapshot
      let values = snapshot.entries.map { snapshot.numbers[$0.numbers].map(\.value) }
      #expect(values == all.map { _ in [Double(step), 1] } + [[4, 1], [5, 7]])
    }
    #expect(sources.files.allSatisfy { ($0.pathCount > 0) == isKept })
  }

  @Test("the revision tells whether anything is to be said anew: content, size, time, errors, files that come and go")
  func revision() throws {
    try write("a/s.json", #"{"ts": \#(Self.time)}"#)
    try write("own.d/own.json", #"{"last_heartbeat": \#(Self.time)}"#)
    try write("ours.json", "{\"processes\": {\(beat("x"))}}")
    let path = folder.appending(path: "a/s.json").path
    var sources = sources("*/s.json", "ours.json", "own.d") { $0.maximumFiles = 4 }
    /// How often it rises in three looks after a change; what was written just now is read twice.
    func rises(_ change: () throws -> Void) throws -> [Bool] {
      try change()
      return (0..<3).map { _ in
        let before = sources.revision
        sources.refresh(readTimeout: 2)
        return sources.revision != before
      }
    }
    let once = [true, false, false]
    #expect(try rises {} == once)
    #expect(try rises {} == [false, false, false])
    #expect(try rises { try write("a/s.json", #"{"ts": \#(Self.time + 1)}"#) } == once)
    #expect(try rises { try write("a/s.json", #"{"ts": \#(Self.time + 1)}  "#) } == once)
    #expect(
      try rises {
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSince1970: Self.time + 9)], ofItemAtPath: path)
      } == once)
    #expect(try rises { try write("a/s.json", "[") } == [true, true, true], "each failure is counted")
    #expect(try rises { try write("a/s.json", #"{"ts": \#(Self.time)}"#) } == once)
    #expect(try rises { try write("own.d/own.json", #"{"last_heartbeat": \#(Self.time + 5)}"#) } == once)
    #expect(try rises { try write("own.d/bad.json", "x") }[0])
    #expect(try rises { try write("b/s.json", #"{"ts": \#(Self.time)}"#) }[0])
    #expect(sources.patterns[0].files == 2 && sources.patterns[0].leftOut == 0)
    #expect(try rises { try write("c/s.json", #"{"ts": \#(Self.time)}"#) }[0])
    #expect(sources.patterns[0].files == 2 && sources.patterns[0].leftOut == 1)
    #expect(try rises { try FileManager.default.removeItem(atPath: path) }[0])
  }

  @Test(
    "a text of keys that lacks its beat waits while it is young, and one whose clock was set back does not",
    arguments: ["status: idle\nlast_run: ", "status=idle\nlast_run="])
  func textWithoutItsBeat(first: String) throws {
    let separator = first.contains("=") ? "=" : ": "
    func text(_ run: Double, _ beat: Double?) -> String {
      first + "\(run)\n" + (beat.map { "last_heartbeat\(separator)\($0)\n" } ?? "")
    }
    var sources = sources("gate.txt")
    func served(_ text: String, age: Double = 0) throws -> Double? {
      try write("gate.txt", text)
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: folder.path + "/gate.txt")
      sources.refresh(readTimeout: 5)
      return sources.snapshot.entries.first?.lastHeartbeat
    }
    let now = Date().timeIntervalSince1970.rounded()
    #expect(try served(text(now - 900, now - 9)) == now - 9)
    #expect(try served(text(now - 800, nil)) == now - 9)
    #expect(sources.files[0].lastProblem?.failure == .torn)
    #expect(try served(text(now - 800, now - 8)) == now - 8)
    #expect(sources.files[0].isUp)
    // What is younger is none that is missing, and what stays so is the whole.
    #expect(try served(text(now - 1, nil)) == now - 1)
    #expect(try served(text(now - 700, nil), age: 60) == now - 700)
    #expect(try served(text(now - 800, now - 8)) == now - 8)
    #expect(try served(text(now - 4000, now - 3600)) == now - 3600)
  }

  @Test("what looks like half of a file counts when it stays so, also where its own time lies ahead")
  func halfFromTheFuture() throws {
    func sources(_ seconds: Double) -> SourceSet {
      var limits = ReadingLimits()
      limits.halfFor = seconds
      return self.sources("gate.txt") { $0.limits = limits }
    }
    var (patient, hasty) = (sources(3600), sources(0.01))
    try write("gate.txt", "status: idle\nlast_run: \(Self.time - 900)\nlast_heartbeat: \(Self.time)\n")
    patient.refresh(readTimeout: 5)
    hasty.refresh(readTimeout: 5)
    #expect(hasty.snapshot.entries.first?.lastHeartbeat == Self.time)
    try write("gate.txt", "status: idle\nlast_run: \(Self.time - 800)\n")
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: 3600)], ofItemAtPath: folder.path + "/gate.txt")
    patient.refresh(readTimeout: 5)
    #expect(patient.files[0].lastProblem?.failure == .torn)
    #expect(patient.snapshot.entries.first?.lastHeartbeat == Self.time)
    for _ in 0..<1000 {
      hasty.refresh(readTimeout: 5)
      if hasty.files[0].isUp { break }
      usleep(10_000)
    }
    #expect(hasty.files[0].isUp && hasty.snapshot.entries.first?.lastHeartbeat == Self.time - 800)
  }

  @Test("what holds no beat is said, and what would be one")
  func noBeat() throws {
    try write("state.json", #"{"started_at": \#(Self.time)}"#)
    var sources = sources("state.json")
    #expect(names(&sources) == [])
    #expect(sources.files[0].lastProblem?.failure == .noBeat)
    #expect(sources.files[0].lastProblem?.description.contains("`time: .started_at`") == true)
  }

  @Test(
    "a large file that is one document is read as a whole, whatever time its first line has",
    arguments: [(#"{"started": "2026-11-25 18:45:10","#, "}", SourceLayout.single, 1), ("[", "]", .list, 40)])
  func largeDocument(first: String, last: String, layout: SourceLayout, count: Int) throws {
    let padding = String(repeating: "x", count: 10_000)
    let members = (0..<40).map { place in
      let beat = #""id": "w\#(place)", "ts": \#(Self.time), "note": "\#(padding)""#
      return layout == .list ? "{\(beat)}" : #""k\#(place)": "\#(padding)""#
    }
    let more = layout == .list ? [] : [#""ts": \#(Self.time)"#]
    try write("large.json", "\(first)\n\((members + more).joined(separator: ",\n"))\n\(last)\n")
    var sources = sources("large.json")
    #expect(names(&sources).count == count && sources.files[0].layout == layout)
    #expect(sources.snapshot.entries.allSatisfy { $0.lastHeartbeat == Self.time })
  }

  @Test("of a file that grows only the end is read: through rotation, truncation and a line that is not complete")
  func growing() throws {
    let file = folder.appending(path: "run.jsonl")
    func line(_ step: Int) -> String { #"{"ts": \#(Self.time + Double(step)), "step": \#(step)}"# + "\n" }
    try write("run.jsonl", (0..<12_000).map(line).joined())
    var sources = sources("run.jsonl")
    func step() -> Double? {
      sources.refresh(readTimeout: 5)
      return sources.snapshot.numbers.first?.value
    }
    #expect(step() == 11_999)
    let handle = try FileHandle(forWritingTo: file)
    try handle.seekToEnd()
    try handle.write(contentsOf: Data((line(12_000) + "{\"ts\": 17").utf8))
    #expect(step() == 12_000)
    try handle.write(contentsOf: Data((String(line(12_001).dropFirst(9)) + "").utf8))
    _ = step()
    try handle.close()
    try FileManager.default.moveItem(at: file, to: folder.appending(path: "run.jsonl.1"))
    #expect(step() != nil)
    #expect(!sources.files[0].isUp)
    try write("run.jsonl", line(12_002))
    #expect(step() == 12_002)
    try write("run.jsonl", "")
    #expect(step() == 12_002)
    try write("run.jsonl", line(12_003))
    #expect(step() == 12_003)
  }

  @Test("a hole of ten gigabytes with a line behind costs one reading of the end")
  func huge() throws {
    try write("big.log", "2026-07-14 09:00:00 UTC begin\n")
    let handle = try FileHandle(forWritingTo: folder.appending(path: "big.log"))
    try handle.truncate(atOffset: 10 << 30)
    try handle.seekToEnd()
    try handle.write(contentsOf: Data("\n2026-07-14 09:26:53 UTC beat\n".utf8))
    try handle.close()
    var sources = sources("big.log")
    sources.refresh(readTimeout: 5)
    #expect(sources.snapshot.entries.map(\.lastHeartbeat) == [Self.time])
  }
}
