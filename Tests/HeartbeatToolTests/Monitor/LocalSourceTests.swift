import Foundation
import Heartbeat
import Monitoring
import POSIX
import Procfs
import Testing

@testable import HeartbeatTool

/// Programs whose processes are those of a /proc tree of plain files: 51121 runs, 51060 is a zombie, 51122 is not there,
/// 51300 started after all beats; the host booted at 1751400000, and 51121 started at 1751517200.
@Suite("This host, looked at")
struct LocalSourceTests {
  private static let now = 1_751_518_320.0
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("local-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func look(_ processes: String?, _ configured: [ProcessConfiguration] = [], timeout: Double = 60) throws
    -> HostView
  {
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("heartbeat_status.json").path
    if let processes { try "{\"processes\": {\(processes)}}".write(toFile: file, atomically: true, encoding: .utf8) }
    let tree = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/proc").path
    let configuration = Configuration(processes: configured)
    var source = LocalSource(
      sources: [SourceSettings(path: file)], configuration: configuration, timeout: timeout,
      procfs: Procfs(procfs: tree), clock: { Self.now })
    return source.look()
  }

  private func beat(_ name: String, age: Double, _ more: String = "") -> String {
    "\"\(name)\": {\"last_heartbeat\": \(Self.now - age)\(more)}"
  }

  @Test(
    "a program is what its beat and its process say together",
    arguments: [
      (10, ", \"pid\": 51121", .alive, .beating), (100, ", \"pid\": 51121", .hung, .silent),
      (10, ", \"pid\": 51122", .dead, .pidGone), (100, ", \"pid\": 51122", .dead, .pidGone),
      (10, ", \"pid\": 51060", .dead, .zombie), (10, ", \"pid\": 51300", .dead, .pidReused),
      (10, "", .alive, .beating), (100, "", .dead, .silent),
      (10, ", \"pid\": 51122, \"host\": \"far\"", .alive, .beating),
      (100, ", \"pid\": 51121, \"host\": \"far\"", .dead, .silent), (59, "", .alive, .beating),
      (60, "", .dead, .silent),
      (100, ", \"pid\": 51122, \"status\": \"stopped\"", .stopped, .saidStopped),
    ] as [(Double, String, ProcessState, StateReason)])
  func states(age: Double, more: String, state: ProcessState, reason: StateReason) throws {
    let program = try #require(try look(beat("a", age: age, more)).programs.first)
    #expect(program.verdict == Verdict(state, reason))
  }

  @Test("what is known of a process that runs is shown, of one that does not run only its beat")
  func figures() throws {
    let programs = try look(
      beat("runs", age: 10, ", \"pid\": 51121, \"status\": \"busy\"") + ","
        + beat("gone", age: 20, ", \"pid\": 51122")
    ).programs
    #expect(programs.map(\.name) == ["runs", "gone"] && programs.map(\.title) == ["runs", "gone"])
    #expect(programs.map(\.pid) == [51121, 51122] && programs.map(\.status) == ["busy", nil])
    #expect(programs.map(\.isUp) == [true, false])
    #expect(programs.map(\.runtime) == [Self.now - 1_751_517_200, nil])
    #expect(programs.map(\.age) == [10, 20] && programs.map(\.lastBeat) == [Self.now - 10, Self.now - 20])
    #expect(programs[0].residentBytes.map { $0 > 0 } == true && programs[1].residentBytes == nil)
    #expect(programs.allSatisfy { !$0.isConfigured })
  }

  @Test("whether a program without a pid is there is not known")
  func unknownWhetherUp() throws {
    #expect(try look(beat("nobody", age: 1)).programs.map(\.isUp) == [nil])
  }

  @Test("configured programs come first, under their own names, with their own timeouts, beaten or not")
  func configured() throws {
    var late = ProcessConfiguration(name: "late", timeout: 200)
    late.displayName = "Late One"
    let programs = try look(
      beat("other", age: 1) + "," + beat("late", age: 100), [ProcessConfiguration(name: "never"), late]
    ).programs
    #expect(programs.map(\.title) == ["never", "Late One", "other"])
    #expect(programs.map(\.verdict.state) == [.never, .alive, .alive])
    #expect(programs.map(\.isConfigured) == [true, true, false])
  }

  @Test("a program is found by its pid, else by its command line", arguments: [true, false])
  func matched(isRegex: Bool) throws {
    var found = ProcessConfiguration(name: "found")
    found.match = isRegex ? .regex("^python bidder.py") : .substrings(["PYTHON", "bidder"])
    var missing = ProcessConfiguration(name: "missing")
    missing.match = .substrings(["no such program"])
    let programs = try look(
      beat("found", age: 1, ", \"pid\": 51122") + "," + beat("missing", age: 1, ", \"pid\": 51121"),
      [found, missing]
    ).programs
    #expect(programs.map(\.verdict.state) == [.alive, .alive])
    #expect(programs.map(\.pid) == [51121, 51121] && programs.allSatisfy { $0.runtime != nil })
  }

  @Test("a file that cannot be read is told of, and what is configured is shown all the same")
  func unreadable() throws {
    let file = folder.appendingPathComponent("heartbeat_status.json").path
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // A pipe, which nobody may open for that.
    try #require(mkfifo(file, 0o600) == 0)
    let view = try look(nil, [ProcessConfiguration(name: "a")])
    #expect(view.failure?.contains("heartbeat_status.json") == true)
    #expect(view.programs.map(\.verdict) == [Verdict(.never, .neverSeen)])
  }

  @Test("the host's load is that of its /proc")
  func system() throws {
    let view = try look("")
    #expect(view.time == Self.now && !view.name.isEmpty && view.failure == nil)
    let system = view.system
    #expect(system.cpu == nil, "no time passed between the two readings")
    #expect(system.load == 0.42)
    #expect(system.memoryTotal == 16_684_576_768.0)
    #expect(system.memoryUsed == 5_212_495_872.0)
  }

  /// What a thread of its own gives; nil when it has not come to its end after half a minute.
  private static func given<Value: Sendable>(_ make: @escaping @Sendable () -> Value) -> Value? {
    let (value, end) = (Lock<Value?>(nil), DispatchSemaphore(value: 0))
    Foundation.Thread.detachNewThread {
      let made = make()
      value.withLock { $0 = made }
      end.signal()
    }
    return end.wait(timeout: .now() + 30) == .success ? value.withLock { $0 } : nil
  }

  @Test("a file of the host that hangs costs what it says, and no program and no other file")
  func hangingHost() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let contents = [
      "stat": "cpu0 1 2 3 4\nbtime 1000\n", "meminfo": "MemTotal: 8 kB\nMemAvailable: 4 kB\n",
      "loadavg": "1 2 3 1/2 3\n",
      "7/stat": "7 (x) S 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 500 0 1 0\n", "7/status": "Tgid:\t7\n",
    ]
    let tree = folder.appendingPathComponent("proc")
    func path(_ name: String) -> String { tree.appendingPathComponent(name).path }
    try FileManager.default.createDirectory(atPath: path("7"), withIntermediateDirectories: true)
    for (name, text) in contents { try text.write(toFile: path(name), atomically: true, encoding: .utf8) }
    let file = folder.appendingPathComponent("beats.json").path
    let beats = beat("runs", age: 1, #", "pid": 7"#) + "," + beat("gone", age: 1, #", "pid": 8"#)
    try "{\"processes\": {\(beats)}}".write(toFile: file, atomically: true, encoding: .utf8)
    let hanging = ["stat", "meminfo"]
    for name in hanging {
      unlink(path(name))
      try #require(mkfifo(path(name), 0o600) == 0)
    }
    // Each pipe is held open until it has another file in its place: who opened it in between would wait for ever.
    defer {
      for name in hanging {
        let pipe = open(path(name), O_RDWR | O_NONBLOCK)
        try? contents[name]?.write(toFile: path(name), atomically: true, encoding: .utf8)
        close(pipe)
      }
    }
    let proc = tree.path
    let seen = Self.given { () -> (states: [ProcessState], view: HostView) in
      var source = LocalSource(
        sources: [SourceSettings(path: file)], configuration: Configuration(), timeout: 60,
        procfs: Procfs(procfs: proc), clock: { Self.now })
      return (source.programs(at: Self.now).map(\.verdict.state), source.look())
    }
    #expect(seen?.states == [.alive, .dead])
    #expect(seen?.view.programs.map(\.verdict.state) == [.alive, .dead])
    #expect(seen?.view.system.load == 1)
    #expect(seen?.view.system.memoryTotal == nil && seen?.view.system.cpu == nil)
  }
}
