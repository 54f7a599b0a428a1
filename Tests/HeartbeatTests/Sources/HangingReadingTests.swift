import Foundation
import POSIX
import Testing

@testable import Heartbeat

/// Readings of some files hang: as many of each as the test says.
private final class Hanging: Sendable {
  private struct State {
    var stuck: [String: Int]
    var asked: [String] = []
  }

  private let state: ConditionLock<State>

  init(_ stuck: [String: Int]) { state = ConditionLock(State(stuck: stuck)) }

  /// - Parameter works: whether the processor is busy with those that are stuck: then they do not hang.
  func reading(works: Bool = false) -> LongReading {
    let spent = ConditionLock<UInt64>(0)
    let busy: @Sendable (clockid_t) -> UInt64 = { _ in
      spent.withLock { spent in
        spent += 1 << 40
        return spent
      }
    }
    let idle: @Sendable (clockid_t) -> UInt64 = { _ in 0 }
    return LongReading(spent: works ? busy : idle) { [state] path in
      let name = String(path.split(separator: "/").last ?? "")
      let hangs = state.withLock { state in
        state.asked.append(name)
        guard let left = state.stuck[name], left > 0 else { return false }
        state.stuck[name] = left - 1
        return true
      }
      // What was let go has no count any more.
      if hangs { state.wait { $0.stuck[name] == nil ? () : nil } }
    }
  }

  var asked: [String] { state.withLock { $0.asked } }
  /// Waits until some reading has begun: what has not begun cannot hang.
  func waitsForReading() -> Bool { state.wait(timeout: 60) { $0.asked.isEmpty ? nil : true } ?? false }
  /// Has the next reading of a file hang.
  func hang(_ name: String) { state.withLock { $0.stuck[name] = 1 } }
  func letGo() { state.withLock { $0.stuck = [:] } }
}

@Suite("Files whose reading hangs")
final class HangingReadingTests {
  let folder = FileManager.default.temporaryDirectory.appending(path: "hanging-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: folder) }

  private static let time = 1_784_021_213.0

  private func write(_ name: String, age: Double = 0, workers: Int = 40) throws {
    let members = (0..<workers).map { #""\#(name)\#($0)": {"last_seen": \#(Self.time - age)}"# }
    let text = #"{"workers": {\#(members.joined(separator: ", "))}}"#
    try Data(text.utf8).write(to: folder.appending(path: name), options: .atomic)
  }

  /// A folder of own files in the place of what is there.
  private func makeFolder(_ name: String, age: Double) throws {
    let url = folder.appending(path: name)
    let next = folder.appending(path: ".next")
    try FileManager.default.createDirectory(at: next, withIntermediateDirectories: true)
    try Data(#"{"last_heartbeat": \#(Self.time - age)}"#.utf8).write(to: next.appending(path: "\(name).json"))
    // Made before the old one goes: it gets no number of that.
    try? FileManager.default.removeItem(at: url)
    try FileManager.default.moveItem(at: next, to: url)
  }

  /// - Parameters:
  ///   - time: how long a look waits, in seconds; by the end of that a reading may hang.
  ///   - elsewhere: which are not on a local file system.
  private func sources(
    _ names: [String], time: Double = 0, elsewhere: Set<String> = [], _ hanging: Hanging
  ) -> SourceSet {
    var options = SourceSet.Options()
    options.readingTime = time
    (options.limits.largeFile, options.limits.smallFile, options.limits.hangingAfter) = (1_000, 1_000, 0)
    // What was read once is known, however young it is.
    options.limits.timestampGrain = -1
    var sources = SourceSet(names.map { SourceSettings(path: folder.path + "/" + $0) }, options: options)
    let mounts = elsewhere.enumerated().map { "\($0 + 2) 1 0:9 / \(folder.path)/\($1) rw - nfs4 nas:/a rw" }
    let table = folder.appending(path: "mounts")
    try? Data((["1 0 8:1 / / rw - ext4 /dev/a rw"] + mounts).joined(separator: "\n").utf8).write(to: table)
    sources.ways = LocalWays(table.path)
    sources.longReading = hanging.reading()
    return sources
  }

  /// The youngest beat of each file, as an age.
  private func ages(_ sources: SourceSet) -> [String: Double] {
    var ages: [String: Double] = [:]
    for entry in sources.snapshot.entries {
      let name = String(sources.snapshot.string(entry.name).prefix { !$0.isNumber })
      ages[name] = Self.time - (entry.lastHeartbeat ?? 0)
    }
    return ages
  }

  /// Looks until something is so.
  private func look(_ sources: inout SourceSet, until isSo: (SourceSet) throws -> Bool) rethrows -> Bool {
    for _ in 0..<6_000 {
      sources.refresh(readTimeout: 60)
      if try isSo(sources) { return true }
      usleep(10_000)
    }
    return false
  }

  @Test("one costs no other large file, local or not, whichever comes first", arguments: [["a"], ["a", "b", "c"]])
  func others(elsewhere: Set<String>) throws {
    let hanging = Hanging(["a": 1])
    defer { hanging.letGo() }
    for name in ["a", "b", "c"] { try write(name, age: 9) }
    var sources = sources(["a", "b", "c"], elsewhere: elsewhere, hanging)
    #expect(look(&sources) { ages($0) == ["b": 9, "c": 9] })
    for age in [5.0, 3.0] {
      try write("b", age: age)
      #expect(look(&sources) { ages($0) == ["b": age, "c": 9] && $0.files.map(\.isUp) == [false, true, true] })
    }
    #expect(hanging.asked.count { $0 == "a" } == 1 && sources.files[0].lastProblem?.failure == .timeout)
    hanging.letGo()
    #expect(look(&sources) { $0.isUp } && ages(sources) == ["a": 9, "b": 3, "c": 9])
  }

  @Test(
    "what stands at its place by now is read, and what the one that hung says late goes nowhere",
    arguments: [false, true])
  func replaced(isElsewhere: Bool) throws {
    let hanging = Hanging(["a": 1])
    defer { hanging.letGo() }
    try write("a", age: 100)
    var sources = sources(["a"], elsewhere: isElsewhere ? ["a"] : [], hanging)
    sources.refresh(readTimeout: 60)
    #expect(hanging.waitsForReading())
    var age = 100.0
    // What stood there first may be looked at only by now: it is written until that is seen to be another file.
    let isRead = try look(&sources) { sources in
      if sources.isUp { return true }
      age -= 0.001
      try write("a", age: age)
      return false
    }
    #expect(isRead && hanging.asked.count >= 2)
    #expect(!sources.underway.watches.isEmpty, "it is known to hang still")
    #expect(look(&sources) { $0.isUp && abs((ages($0)["a"] ?? 0) - age) < 0.0005 })
    let generation = sources.generation
    hanging.letGo()
    #expect(look(&sources) { $0.underway.watches.isEmpty }, "it counts no more")
    #expect(sources.generation == generation && sources.isUp)
  }

  @Test("one whose thread works does not hang: no other one is read beside it, and it is not begun anew")
  func works() throws {
    let hanging = Hanging(["a": 1])
    defer { hanging.letGo() }
    for name in ["a", "b"] { try write(name) }
    var sources = sources(["a", "b"], hanging)
    sources.longReading = hanging.reading(works: true)
    for turn in 0..<20 {
      try write("a", age: Double(turn))
      sources.refresh(readTimeout: 60)
      usleep(1_000)
    }
    #expect(hanging.asked == ["a"] && sources.underway.watches.isEmpty)
    hanging.letGo()
    #expect(look(&sources) { $0.isUp } && ages(sources) == ["a": 19, "b": 0])
  }

  @Test("one of a source that is gone is left behind")
  func gone() throws {
    let hanging = Hanging(["a": 1])
    defer { hanging.letGo() }
    for name in ["a", "b"] { try write(name) }
    var old = sources(["a"], hanging)
    old.refresh(readTimeout: 60)
    #expect(hanging.waitsForReading())
    var next = sources(["b"], hanging)
    _ = next.takeOver(from: old)
    #expect(look(&next) { $0.isUp })
    #expect(ages(next) == ["b": 0] && next.underway.readings.isEmpty)
    // Here also the one that is well may have been taken for one that hangs.
    #expect(next.underway.watches.keys.contains(ExactText(folder.path + "/a")))
    hanging.letGo()
    #expect(look(&next) { $0.underway.watches.isEmpty })
  }

  @Test("so many may hang at once, and those elsewhere leave some for local ones")
  func bounds() throws {
    let far = (0..<SourceSet.mostHanging + 2).map { "far-\($0)-" }
    let near = (0..<SourceSet.mostHangingWithLocal - SourceSet.mostHanging).map { "near-\($0)-" }
    let names = far + near + ["last"]
    let hanging = Hanging(Dictionary(uniqueKeysWithValues: (far + near).map { ($0, 1) }))
    defer { hanging.letGo() }
    for name in names { try write(name) }
    var sources = sources(names, elsewhere: Set(far), hanging)
    #expect(look(&sources) { $0.underway.readings.count == SourceSet.mostHangingWithLocal })
    for _ in 0..<5 { sources.refresh(readTimeout: 60) }
    let asked = Set(hanging.asked)
    #expect(asked.intersection(far).count == SourceSet.mostHanging)
    #expect(asked.isSuperset(of: near) && !asked.contains("last"))
    #expect(sources.files.last?.lastProblem?.description.contains("it is one of the next") == true)
    hanging.letGo()
    #expect(look(&sources) { $0.isUp }, "all have their turn")
  }

  @Test("of what is not local nothing is asked by whoever looks, however small it is; nothing new is no news")
  func elsewhere() throws {
    let hanging = Hanging([:])
    try write("a", age: 4, workers: 2)
    try write("near", workers: 2)
    try makeFolder("beats", age: 7)
    try makeFolder("own", age: 1)
    var sources = sources(
      ["a", "near", "beats", "own", "missing"], time: 600, elsewhere: ["a", "beats", "missing"], hanging)
    sources.refresh(readTimeout: 60)
    #expect(hanging.asked == ["a", "beats", "missing"])
    #expect(ages(sources) == ["a": 4, "near": 0, "beats": 7, "own": 1])
    #expect(sources.files.map(\.isUp) == [true, true, true, true, false])
    #expect(sources.files[4].readErrors == [.missing: 1] && sources.files[2].layout == .folder)
    try write("missing", workers: 2)
    sources.refresh(readTimeout: 60)
    #expect(sources.isUp && hanging.asked.count == 6)
    let revision = sources.revision
    sources.refresh(readTimeout: 60)
    #expect(sources.revision == revision && hanging.asked.count == 9)
  }

  @Test("a small file that is not local and hangs costs no other one")
  func small() throws {
    let hanging = Hanging(["a": 1])
    defer { hanging.letGo() }
    for name in ["a", "b", "near"] { try write(name, age: 9, workers: 2) }
    var sources = sources(["a", "b", "near"], elsewhere: ["a", "b"], hanging)
    #expect(look(&sources) { ages($0) == ["b": 9, "near": 9] })
    try write("b", age: 3, workers: 2)
    #expect(look(&sources) { ages($0) == ["b": 3, "near": 9] && $0.files.map(\.isUp) == [false, true, true] })
    hanging.letGo()
    #expect(look(&sources) { $0.isUp } && ages(sources) == ["a": 9, "b": 3, "near": 9])
  }

  @Test("of a folder that is not local and hangs the last content is shown, until another one at its place is read")
  func folderThatHangs() throws {
    let hanging = Hanging([:])
    try makeFolder("beats", age: 7)
    try write("near", workers: 2)
    var sources = sources(["beats", "near"], elsewhere: ["beats"], hanging)
    #expect(look(&sources) { $0.isUp })
    hanging.hang("beats")
    defer { hanging.letGo() }
    #expect(look(&sources) { !$0.files[0].isUp })
    let problem = try #require(sources.files[0].lastProblem)
    #expect(problem.failure == .timeout && problem.description.contains("what it said before is shown"))
    let late = sources.files[0].readErrors[.timeout, default: 0]
    #expect(late > 0)
    try write("near", age: 2, workers: 2)
    #expect(look(&sources) { ages($0) == ["beats": 7, "near": 2] })
    var age = 7.0
    let isRead = try look(&sources) { sources in
      if sources.files[0].isUp { return true }
      age -= 0.001
      try makeFolder("beats", age: age)
      return false
    }
    #expect(isRead && look(&sources) { $0.isUp && abs((ages($0)["beats"] ?? 0) - age) < 0.0005 })
    #expect(sources.files[0].readErrors[.timeout, default: 0] >= late, "no counter falls")
  }
}
