import Foundation
import POSIX
import Testing

@testable import Heartbeat

/// Lets readings of large files begin when the test lets them, and knows which were asked for.
private final class Gate: Sendable {
  private struct State {
    var permits: Int
    var asked: [String] = []
  }

  private let state: ConditionLock<State>

  init(permits: Int) { state = ConditionLock(State(permits: permits)) }

  var reading: LongReading {
    LongReading { [state] path in
      state.withLock { $0.asked.append(String(path.split(separator: "/").last ?? "")) }
      state.wait { state -> Void? in
        guard state.permits > 0 else { return nil }
        state.permits -= 1
        return ()
      }
    }
  }

  /// Lets so many more be read.
  func permit(_ count: Int) { state.withLock { $0.permits += count } }
  var asked: [String] { state.withLock { $0.asked } }
  /// Waits until so many readings have begun: what has not begun to read yet sees what is written until then.
  func waits(forReadings count: Int) -> Bool {
    state.wait(timeout: 60) { $0.asked.count >= count ? true : nil } ?? false
  }
}

@Suite("Files whose reading takes long")
final class LongReadingTests {
  let folder = FileManager.default.temporaryDirectory.appending(path: "long-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: folder) }

  private static let time = 1_784_021_213.0
  /// What is larger is large for these tests.
  private static let large = 1_000

  /// Writes a file of another program, with some workers of its name.
  private func write(_ name: String, age: Double = 0, workers: Int = 40) throws {
    let members = (0..<workers).map { #""\#(name)\#($0)": {"last_seen": \#(Self.time - age)}"# }
    let text = #"{"workers": {\#(members.joined(separator: ", "))}}"#
    // Another file each time: none looks as the one before.
    try Data(text.utf8).write(to: folder.appending(path: name), options: .atomic)
  }

  /// - Parameter time: how long a look waits for large files in all.
  private func sources(
    _ names: [String], time: Double?, _ gate: Gate, change: (inout SourceSet.Options) -> Void = { _ in }
  ) -> SourceSet {
    var options = SourceSet.Options()
    options.readingTime = time
    (options.limits.largeFile, options.limits.smallFile) = (Self.large, Self.large)
    // What takes long here does not hang.
    options.limits.hangingAfter = 600
    // What was read once is known, however young it is.
    options.limits.timestampGrain = -1
    change(&options)
    var sources = SourceSet(names.map { SourceSettings(path: folder.path + "/" + $0) }, options: options)
    sources.longReading = gate.reading
    return sources
  }

  /// The youngest beat of each file's workers, as an age.
  private func ages(_ sources: SourceSet) -> [String: Double] {
    var ages: [String: Double] = [:]
    for entry in sources.snapshot.entries {
      let name = String(sources.snapshot.string(entry.name).prefix { !$0.isNumber })
      ages[name] = Self.time - (entry.lastHeartbeat ?? 0)
    }
    return ages
  }

  /// Looks until something is so.
  private func look(_ sources: inout SourceSet, until isSo: (SourceSet) -> Bool) -> Bool {
    for _ in 0..<6_000 {
      sources.refresh(readTimeout: 60)
      if isSo(sources) { return true }
      usleep(10_000)
    }
    return false
  }

  @Test("a large one that is not read in time is told, and holds nobody up; it comes with the look that finds it read")
  func late() throws {
    let gate = Gate(permits: 0)
    try write("big")
    try write("small", age: 9, workers: 2)
    var sources = sources(["big", "small"], time: 0, gate)
    sources.refresh(readTimeout: 60)
    #expect(ages(sources) == ["small": 9] && !sources.isUp)
    #expect(sources.files.map(\.isUp) == [false, true])
    let problem = try #require(sources.files[0].lastProblem)
    #expect(problem.failure == .timeout && problem.description.contains("its reading goes on"))
    #expect(problem.description.contains("nothing is known of it"))
    try write("small", age: 5, workers: 2)
    sources.refresh(readTimeout: 60)
    #expect(ages(sources) == ["small": 5])
    #expect(sources.files[0].readErrors == [.timeout: 2])
    gate.permit(1)
    #expect(look(&sources) { $0.isUp })
    #expect(ages(sources) == ["big": 0, "small": 5])
    #expect(sources.snapshot.string(sources.snapshot.entries[0].name) == "big0", "in the order of the sources")
    #expect(sources.files[0].readErrors[.timeout, default: 0] >= 2, "no counter falls")
    #expect(gate.asked == ["big"], "it is read once")
  }

  @Test("of one that is written anew what it said before is shown, until the new content is read")
  func lastGood() throws {
    let gate = Gate(permits: 1)
    try write("big", age: 30)
    var sources = sources(["big"], time: 600, gate)
    sources.refresh(readTimeout: 60)
    #expect(ages(sources) == ["big": 30] && sources.isUp)
    let generation = sources.generation
    try write("big", age: 3, workers: 41)
    sources.options.readingTime = 0
    sources.refresh(readTimeout: 60)
    #expect(ages(sources) == ["big": 30] && !sources.isUp && sources.generation == generation)
    #expect(sources.lastProblem?.description.contains("what it said before is shown") == true)
    gate.permit(1)
    #expect(look(&sources) { $0.isUp })
    #expect(ages(sources) == ["big": 3] && sources.snapshot.entries.count == 41)
  }

  @Test("those that had no turn go before one that is written all the time")
  func turns() throws {
    let gate = Gate(permits: 0)
    for name in ["a", "b", "c"] { try write(name, age: 10) }
    var sources = sources(["a", "b", "c"], time: 0, gate)
    sources.refresh(readTimeout: 60)
    #expect(sources.files.map { $0.lastProblem?.description.contains("it is one of the next") } == [false, true, true])
    for count in 1...4 {
      #expect(gate.waits(forReadings: count))
      gate.permit(1)
      // By its last look the reading has ended, and the next one has begun.
      for number in 0..<6_000 where gate.asked.count == count {
        try write("a", age: 9, workers: 50 + count * 10 + number % 10)
        sources.refresh(readTimeout: 60)
        usleep(2_000)
      }
    }
    #expect(gate.asked.prefix(4) == ["a", "b", "c", "a"])
    gate.permit(1_000)
  }

  @Test(
    "with time enough one look says the same as one that reads everything itself", arguments: [64 << 20, 6_000, 100])
  func same(room: Int) throws {
    let gate = Gate(permits: 1_000)
    for name in ["a", "b", "c", "d"] { try write(name, workers: name == "c" ? 3 : 60) }
    var aside = sources(["a", "b", "c", "d"], time: 600, gate) { $0.maximumBytes = room }
    var direct = sources(["a", "b", "c", "d"], time: nil, gate) { $0.maximumBytes = room }
    for look in 0..<3 {
      aside.refresh(readTimeout: 60)
      direct.refresh(readTimeout: 60)
      #expect(aside.snapshot.bytes == direct.snapshot.bytes)
      #expect(aside.files.map(\.isUp) == direct.files.map(\.isUp))
      #expect(aside.files.map(\.lastProblem) == direct.files.map(\.lastProblem))
      #expect(aside.files.map(\.readErrors) == direct.files.map(\.readErrors))
      try write("b", age: Double(look), workers: 60 + look)
      if look == 1 {
        aside.forget()
        direct.forget()
      }
    }
    #expect(gate.asked.isEmpty == (room == 100), "what has no room is not read")
  }

  @Test("a configuration that is read again does not wait for a reading, nor begin it anew")
  func reload() throws {
    let gate = Gate(permits: 0)
    try write("big")
    var old = sources(["big"], time: 0, gate)
    old.refresh(readTimeout: 60)
    try write("more", workers: 2)
    var next = sources(["more", "big"], time: 0, gate)
    #expect(next.takeOver(from: old).asBefore == [ExactText(folder.path + "/big")])
    next.refresh(readTimeout: 60)
    #expect(ages(next) == ["more": 0])
    gate.permit(1)
    #expect(look(&next) { $0.isUp })
    #expect(ages(next) == ["more": 0, "big": 0] && gate.asked == ["big"])
  }

  @Test("what is read of a source that is gone is nobody's, and the next one has its turn")
  func gone() throws {
    let gate = Gate(permits: 0)
    for name in ["a", "b"] { try write(name) }
    var old = sources(["a"], time: 0, gate)
    old.refresh(readTimeout: 60)
    var next = sources(["b"], time: 0, gate)
    _ = next.takeOver(from: old)
    next.refresh(readTimeout: 60)
    #expect(!next.isUp && gate.waits(forReadings: 1) && gate.asked == ["a"])
    gate.permit(2)
    #expect(look(&next) { $0.isUp })
    #expect(ages(next) == ["b": 0] && gate.asked == ["a", "b"])
  }

  @Test("of a log that grows only the end is read, and nobody waits for that")
  func log() throws {
    let gate = Gate(permits: 0)
    let line = #"{"ts": \#(Self.time), "n": 1}"# + "\n"
    try Data(String(repeating: line, count: 10_000).utf8).write(to: folder.appending(path: "log.jsonl"))
    var sources = sources(["log.jsonl"], time: 600, gate) { $0.limits.largeFile = 100_000 }
    sources.refresh(readTimeout: 60)
    #expect(sources.isUp && sources.snapshot.entries.count == 1 && gate.asked.isEmpty)
  }

  @Test("once smaller files have taken their part of a look, only the smallest are read at once")
  func smaller() throws {
    let gate = Gate(permits: 0)
    try write("mid", workers: 60)
    try write("tiny", workers: 2)
    // Of no time no part is left.
    var sources = sources(["mid", "tiny"], time: 0, gate) { $0.limits.largeFile = 1 << 20 }
    sources.refresh(readTimeout: 60)
    #expect(ages(sources) == ["tiny": 0] && sources.files.map(\.isUp) == [false, true])
    gate.permit(1)
    #expect(look(&sources) { $0.isUp })
    #expect(ages(sources) == ["mid": 0, "tiny": 0])
  }

  @Test("whoever gives no time reads everything, and begins no thread")
  func oneLook() throws {
    let gate = Gate(permits: 0)
    for name in ["a", "b"] { try write(name) }
    var sources = sources(["a", "b"], time: nil, gate)
    sources.refresh(readTimeout: 60)
    #expect(ages(sources) == ["a": 0, "b": 0] && sources.isUp && gate.asked.isEmpty)
  }

  @Test("another time of a large file is news, though its content is that of before")
  func sameContent() throws {
    try write("a")
    var sources = sources(["a"], time: 60, Gate(permits: 9))
    sources.refresh(readTimeout: 60)
    let revision = sources.revision
    let path = folder.appending(path: "a").path
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: Self.time)], ofItemAtPath: path)
    sources.refresh(readTimeout: 60)
    #expect(sources.revision != revision && sources.files[0].modified == Self.time)
  }
}
