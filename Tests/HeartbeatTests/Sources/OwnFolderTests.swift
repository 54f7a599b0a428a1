import Foundation
import POSIX
import Testing

@testable import Heartbeat

@Suite("Folders of own files")
final class OwnFolderTests {
  let folder = FileManager.default.temporaryDirectory.appending(path: "own-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: folder) }

  private func path(_ name: String) -> String { folder.appending(path: name).path }

  /// - Parameter age: how long ago it seems to have been written, in seconds.
  private func write(_ name: String, _ text: String, age: Double? = nil) throws {
    try Data(text.utf8).write(to: folder.appending(path: name))
    guard let age else { return }
    let date = Date(timeIntervalSinceNow: -age)
    try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path(name))
  }

  private func own(maximumBytes: Int = 1 << 20, limits: ReadingLimits = ReadingLimits()) -> OwnFolder {
    OwnFolder(path: folder.path, stringKeys: [], limits: limits, maximumBytes: maximumBytes)
  }

  private static let beat = #"{"last_heartbeat": 1784021213}"#

  @Test("bytes that are no UTF-8 are no name")
  func notUTF8() {
    #expect(OwnFileName.process(of: [0xFF] + Array(".json".utf8)) == nil)
  }

  /// Something in the place of a process's file of which no beat comes.
  enum Bad: String, CaseIterable {
    case link, linkToNothing, pipe, folder, socket, tooLarge, empty, torn, text, list, package, deep

    var reason: HeartbeatSnapshot.SkipReason {
      switch self {
      case .link, .linkToNothing, .pipe, .folder, .socket: .notARegularFile
      case .tooLarge: .tooLarge
      case .empty, .torn, .text, .deep: .notJSON
      case .list: .notAnObject
      case .package: .missingLastHeartbeat
      }
    }

    /// Whether it may be what somebody is writing just now.
    var mayBeUnfinished: Bool { reason == .notJSON }
  }

  private func make(_ bad: Bad, _ name: String, age: Double) throws {
    try? FileManager.default.removeItem(atPath: path(name))
    switch bad {
    case .link:
      try write("elsewhere", OwnFolderTests.beat)
      try FileManager.default.createSymbolicLink(atPath: path(name), withDestinationPath: "elsewhere")
    case .linkToNothing:
      try FileManager.default.createSymbolicLink(atPath: path(name), withDestinationPath: "nothing")
    case .pipe: #expect(mkfifo(path(name), 0o644) == 0)
    case .folder: try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: false)
    case .socket: #expect(mknod(path(name), S_IFSOCK | 0o644, 0) == 0)
    case .tooLarge: try write(name, OwnFolderTests.beat + String(repeating: " ", count: OwnFile.largest), age: age)
    case .empty: try write(name, "", age: age)
    case .torn: try write(name, #"{"last_heartbeat": 17840"#, age: age)
    case .text: try write(name, "alive since Tuesday", age: age)
    case .list: try write(name, "[1]", age: age)
    case .package: try write(name, #"{"name": "a package"}"#, age: age)
    case .deep:
      let levels = 511
      let value = String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
      try write(name, #"{"last_heartbeat": 1784021213, "additional_data": \#(value)}"#, age: age)
    }
  }

  @Test(
    "a file of which no beat comes is named and counted, and costs no other one", arguments: Bad.allCases, [0, 60.0])
  func bad(_ bad: Bad, age: Double) throws {
    for name in ["a.json", "z.json"] { try write(name, OwnFolderTests.beat) }
    try make(bad, "m.json", age: age)
    var own = own(maximumBytes: 64 << 20)
    own.refresh(waitingUntil: 0)
    #expect(own.isUp && own.names == ["a", "z"])
    let isQuiet = bad.mayBeUnfinished && age == 0
    #expect(own.snapshot.problems.map(\.reason) == (isQuiet ? [] : [bad.reason]))
    #expect(own.snapshot.problems.allSatisfy { $0.process == "m" && $0.file == path("m.json") })
    #expect(own.snapshot.skipped == (isQuiet ? [:] : [bad.reason: 1]))
    #expect(own.leftOut.map(\.place) == (isQuiet ? [] : ["m.json"]))
    try? FileManager.default.removeItem(atPath: path("m.json"))
    own.refresh(waitingUntil: 0)
    #expect(own.snapshot.problems.isEmpty && own.snapshot.skipped.isEmpty && own.leftOut.isEmpty)
  }

  @Test(
    "what was good and is not any more leaves the content, unless it is being written", arguments: Bad.allCases,
    [0, 60.0])
  func turnsBad(_ bad: Bad, age: Double) throws {
    for name in ["a.json", "m.json"] { try write(name, OwnFolderTests.beat) }
    var own = own(maximumBytes: 64 << 20)
    own.refresh(waitingUntil: 0)
    try make(bad, "m.json", age: age)
    for _ in 1...2 {
      own.refresh(waitingUntil: 0)
      let isQuiet = bad.mayBeUnfinished && age == 0
      #expect(own.names == (isQuiet ? ["a", "m"] : ["a"]))
      #expect(own.snapshot.problems.map(\.reason) == (isQuiet ? [] : [bad.reason]))
      own.forget()
    }
    try? FileManager.default.removeItem(atPath: path("m.json"))
    try write("m.json", OwnFolderTests.beat)
    own.refresh(waitingUntil: 0)
    #expect(own.names == ["a", "m"] && own.snapshot.problems.isEmpty)
  }

  @Test("a file that stays unfinished is told in the end, though somebody writes it again and again")
  func unfinishedForEver() throws {
    var limits = ReadingLimits()
    limits.unfinishedFor = 0.01
    try write("m.json", OwnFolderTests.beat)
    var own = own(limits: limits)
    own.refresh(waitingUntil: 0)
    // In the future, where its age says nothing.
    try write("m.json", "{", age: -3_600)
    own.refresh(waitingUntil: 0)
    #expect(own.names == ["m"])
    usleep(20_000)
    own.refresh(waitingUntil: 0)
    #expect(own.names == [] && own.snapshot.problems.map(\.reason) == [.notJSON])
  }

  @Test("one that took the place of another is seen, whatever comes of it")
  func replaced() throws {
    try write("a.json", OwnFolderTests.beat)
    try write("b.json", OwnFolderTests.beat)
    var own = own()
    own.refresh(waitingUntil: 0)
    try FileManager.default.removeItem(atPath: path("b.json"))
    try write("c.json", "")
    own.refresh(waitingUntil: 0)
    #expect(own.names == ["a"])
  }

  @Test("names that no process has are told, others are passed over", arguments: ["%41.json", "%2f.json", "a%.json"])
  func misnamed(_ name: String) throws {
    for name in [name, ".a.json", "a.txt", "b.json.lock", "README", ".heartbeat-tmp-1"] {
      try write(name, OwnFolderTests.beat)
    }
    var own = own()
    own.refresh(waitingUntil: 0)
    #expect(
      own.snapshot.problems == [
        EntryProblem(process: name, reason: .badFileName, offset: nil, file: path(name))
      ])
    #expect(own.leftOut.map(\.place) == [name])
  }

  @Test("of many the first hundred are named, and all are counted", arguments: [99, 100, 101, 250])
  func many(_ count: Int) throws {
    for number in 0..<count { try write("p\(1000 + number).json", "[]") }
    var own = own()
    own.refresh(waitingUntil: 0)
    #expect(own.snapshot.problems.map(\.process) == (0..<min(count, 100)).map { "p\(1000 + $0)" })
    #expect(own.snapshot.skipped == [.notAnObject: count])
    #expect(own.leftOut.count == min(count, 101))
    #expect(count <= 100 || own.leftOut.last?.place == "and \(count - 100) more")
  }

  @Test("a part of an entry is told with the process's own file")
  func parts() throws {
    try write("eu%2Fmill.json", #"{"last_heartbeat": 1784021213, "pid": -1}"#)
    var own = own()
    own.refresh(waitingUntil: 0)
    #expect(own.names == ["eu/mill"])
    #expect(
      own.snapshot.problems == [
        EntryProblem(process: "eu/mill", reason: .badPid, offset: nil, file: path("eu%2Fmill.json"))
      ])
  }

  @Test(
    "of files that are too large together the largest are left out, whatever their names are", arguments: [true, false])
  func together(_ isForgotten: Bool) throws {
    let large = #"{"last_heartbeat": 1, "x": "\#(String(repeating: "x", count: 600))"}"#
    try write("a.json", large)
    for name in ["b.json", "c.json"] { try write(name, OwnFolderTests.beat) }
    try write("d.json", large + "  ")
    var own = own(maximumBytes: 800)
    own.refresh(waitingUntil: 0)
    #expect(own.names == ["a", "b", "c"])
    #expect(own.snapshot.problems.map(\.reason) == [.tooLarge] && own.snapshot.problems.map(\.process) == ["d"])
    try FileManager.default.removeItem(atPath: path("a.json"))
    if isForgotten { own.forget() }
    own.refresh(waitingUntil: 0)
    #expect(own.names == ["b", "c", "d"] && own.snapshot.problems.isEmpty)
  }

  /// Bounds of a handful.
  private static func few(_ change: (inout ReadingLimits) -> Void) -> ReadingLimits {
    var limits = ReadingLimits()
    limits.listingPause = 0
    change(&limits)
    return limits
  }

  @Test("of more names or files than a look may look at nothing is shown at once; looks of a thread read them all")
  func inParts() throws {
    for number in 0..<9 { try write("p\(number).json", Self.beat) }
    var many = own(limits: Self.few { $0.namesAtOnce = 8 })
    var isDone = [many.refresh(waitingUntil: 0, .atOnce)]
    #expect(many.items.isEmpty)
    isDone.append(many.refresh(waitingUntil: 0, .part))
    #expect(many.names.count == 9 && many.isUp)
    isDone.append(many.refresh(waitingUntil: 0, .atOnce))
    #expect(isDone == [false, true, false], "it is known to be large from then on")
    var enough = own(limits: Self.few { ($0.namesAtOnce, $0.filesAtOnce) = (9, 9) })
    isDone = [enough.refresh(waitingUntil: 0, .atOnce)]
    #expect(isDone == [true] && enough.names.count == 9 && enough.isUp)
    // What was read stays read.
    var limits = Self.few { ($0.filesAtOnce, $0.filesOfLook, $0.timestampGrain) = (2, 3, -1) }
    var slow = own(limits: limits)
    isDone = [slow.refresh(waitingUntil: 0, .atOnce)]
    #expect(isDone == [false])
    for count in [5, 8] {
      slow.refresh(waitingUntil: 0, .part)
      #expect(slow.names.count == count)
      #expect(!slow.isUp && slow.lastProblem?.failure == .timeout, "more is to come")
    }
    slow.refresh(waitingUntil: 0, .part)
    #expect(slow.names.count == 9 && slow.isUp && slow.readErrors == [.timeout: 2])
    // In time that is over at once a few are read all the same.
    (limits.filesOfLook, limits.timeOfLook) = (69, 0)
    var late = own(limits: limits)
    for count in [5, 9] {
      late.refresh(waitingUntil: 0, .part)
      #expect(late.names.count == count)
    }
  }

  @Test("those of which a beat came are read before all others, and what is new has its turn")
  func goodFirst() throws {
    try write("z.json", Self.beat)
    var own = own(limits: Self.few { $0.filesOfLook = 3 })
    own.refresh(waitingUntil: 0, .part)
    #expect(own.names == ["z"] && own.isUp)
    // These are being written for ever.
    for number in 0..<8 { try write("a\(number).json", "{") }
    try write("m.json", Self.beat)
    var seen: [Bool] = []
    for round in 1...6 {
      try write("z.json", #"{"last_heartbeat": \#(1_784_021_213 + round)}"#)
      own.refresh(waitingUntil: 0, .part)
      #expect(own.isUp, "what beats is read")
      let beat = own.snapshot.entries.first { own.snapshot.string($0.name) == "z" }?.lastHeartbeat
      #expect(beat == Double(1_784_021_213 + round))
      seen.append(own.names.contains("m"))
    }
    #expect(seen.last == true)
  }

  @Test("a new file has its turn, however many of which a beat came change at each look", arguments: [1, 4, 7])
  func newHasItsTurn(_ most: Int) throws {
    for number in 0..<9 { try write("p\(number).json", Self.beat) }
    var own = own(limits: Self.few { $0.filesOfLook = most })
    for _ in 0..<12 { own.refresh(waitingUntil: 0, .part) }
    #expect(own.names.count == 9)
    try write("new.json", Self.beat)
    for round in 1...3 {
      for number in 0..<9 { try write("p\(number).json", #"{"last_heartbeat": \#(1_784_021_213 + round)}"#) }
      own.refresh(waitingUntil: 0, .part)
    }
    #expect(own.names.contains("new") && own.names.count == 10)
  }

  @Test("a large folder is read by the thread that reads large files, and what it said before is shown meanwhile")
  func byThread() throws {
    for number in 0..<5 { try write("p\(number).json", Self.beat) }
    let mayRead = ConditionLock(true)
    let asked = Lock(0)
    var options = SourceSet.Options()
    options.readingTime = 600
    options.limits = Self.few { $0.namesAtOnce = 4 }
    var sources = SourceSet([SourceSettings(path: folder.path)], options: options)
    sources.longReading = LongReading { _ in
      asked.withLock { $0 += 1 }
      mayRead.wait { $0 ? () : nil }
    }
    sources.refresh(readTimeout: 60)
    #expect(sources.isUp && sources.snapshot.entries.count == 5 && asked.withLock { $0 } == 1)
    mayRead.withLock { $0 = false }
    sources.options.readingTime = 0
    try write("q.json", Self.beat)
    sources.refresh(readTimeout: 60)
    #expect(!sources.isUp && sources.snapshot.entries.count == 5)
    mayRead.withLock { $0 = true }
    for _ in 0..<6_000 where sources.snapshot.entries.count < 6 {
      usleep(10_000)
      sources.refresh(readTimeout: 60)
    }
    #expect(sources.snapshot.entries.count == 6)
  }

  @Test("where there are more files than places, owners have them by turns", .enabled(if: geteuid() == 0))
  func owners() throws {
    func give(_ name: String, to user: uid_t, _ text: String = OwnFolderTests.beat) throws {
      try write(name, text)
      #expect(chown(path(name), user, user) == 0)
    }
    for number in 0..<9 { try give("a\(number).json", to: 7_001, "") }
    try give("m.json", to: 7_002)
    try give("n.json", to: 7_002)
    try give("z.json", to: 7_003)
    var own = own(limits: Self.few { $0.entries = 4 })
    own.refresh(waitingUntil: 0)
    #expect(own.names == ["m", "z"])
    #expect(own.crowd.count == 8 && own.crowd.owners == [7_001: 7, 7_002: 1])
    #expect(own.snapshot.skipped[.tooManyEntries] == 8)
    let told = own.snapshot.problems.filter { $0.reason == .tooManyEntries }
    #expect(told.count == 8 && told.allSatisfy { $0.file?.hasPrefix(folder.path) == true })
    // Who beats keeps his place, whoever comes in front; others of the same user come when there is one.
    try give("b.json", to: 7_004)
    own.refresh(waitingUntil: 0)
    #expect(Set(own.names).isSuperset(of: ["b", "m", "z"]))
    for number in 0..<9 { unlink(path("a\(number).json")) }
    own.refresh(waitingUntil: 0)
    #expect(own.names == ["b", "m", "n", "z"] && own.crowd == OwnFolder.Crowd())
  }

  @Test("somebody's long names make nobody gone who is known", arguments: ["a", "zz"])
  func longNames(_ first: String) throws {
    for name in ["m.json", "n.json"] { try write(name, Self.beat) }
    var own = own(limits: Self.few { $0.listedBytes = 600 })
    own.refresh(waitingUntil: 0)
    #expect(own.names == ["m", "n"])
    for number in 0..<9 { try write(first + String(repeating: "x", count: 200) + "\(number).json", "") }
    for _ in 0..<3 {
      own.refresh(waitingUntil: 0)
      #expect(Set(own.names).isSuperset(of: ["m", "n"]) && own.crowd.count > 0)
    }
    unlink(path("n.json"))
    own.refresh(waitingUntil: 0)
    #expect(!own.names.contains("n") && own.names.contains("m"))
  }

  @Test("what is pruned is told to readers, and what has beaten since is not")
  func pruned() throws {
    for name in ["a.json", "b.json"] { try write(name, OwnFolderTests.beat) }
    var own = own()
    own.refresh(waitingUntil: 0)
    #expect(own.snapshot.pruned.isEmpty)
    var options = HeartbeatManager.Options()
    options.warn = { _ in }
    let manager = HeartbeatManager(file: folder.path, options: options)
    #expect(try manager.remove(["b"]) == ["b"])
    own.refresh(waitingUntil: 0)
    #expect(own.names == ["a"])
    #expect(own.snapshot.pruned.keys.map { String(decoding: $0, as: UTF8.self) } == ["b"])
  }
}

extension OwnFolder {
  fileprivate var names: [String] { snapshot.entries.map { snapshot.string($0.name) } }
}
