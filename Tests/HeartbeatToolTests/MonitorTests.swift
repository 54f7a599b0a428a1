import Monitoring
import Testing

@testable import HeartbeatTool

@Suite("Monitor")
struct MonitorTests {
  private func program(
    _ name: String, _ state: ProcessState, _ reason: StateReason = .beating, pid: Int32? = 1, runtime: Double? = nil
  ) -> ProgramView {
    ProgramView(
      name: name, title: name, isConfigured: false, verdict: Verdict(state, reason), pid: pid, runtime: runtime)
  }

  @Test("tells what changed, and nothing of the first look")
  func changes() {
    var log = ChangeLog()
    func look(_ time: Double, _ programs: ProgramView...) -> [String] {
      let count = log.changes.count
      log.observe(HostView(name: "h", time: time, programs: programs), showsHost: false)
      return log.changes.dropFirst(count).map { "\($0.title) \($0.text)" }
    }
    #expect(look(0, program("a", .alive, runtime: 60)) == [])
    #expect(
      look(5, program("a", .hung, .silent, runtime: 65), program("b", .alive, pid: 7))
        == ["a is hung: no beat within its timeout", "b started (pid 7)"])
    #expect(look(10, program("a", .hung), program("b", .alive, pid: 8)) == ["b restarted (pid 7 → 8)"])
    #expect(look(15, program("a", .alive, runtime: 75), program("b", .alive, pid: 8)) == ["a is back after 10s"])
    #expect(look(20, program("a", .dead, .pidGone)) == ["a is dead: its process is gone after running 1m 15s"])
    #expect(look(25, program("a", .alive, pid: 9)) == ["a started (pid 9)"])
    #expect(look(30, program("a", .alive, pid: 9)) == [])
    #expect(look(35, program("a", .stopped, .saidStopped)) == ["a stopped"])
  }

  @Test("hosts of one name are told from each other by their places")
  func sameName() {
    var log = ChangeLog()
    for look in 0..<3 {
      for place in 0..<2 {
        var host = HostView(name: "h", place: place, time: Double(look))
        host.programs = [
          program("a", place == 0 ? .alive : .dead, place == 0 ? .beating : .silent, pid: Int32(place) + 1)
        ]
        if place == 1, look == 1 { host.failure = "timed out" }
        log.observe(host, showsHost: true)
      }
    }
    #expect(log.changes.map(\.text) == ["timed out", "can be read again"])
  }

  @Test("tells once that a host fails, and that it is back")
  func failures() {
    var log = ChangeLog()
    for failure in [nil, "timed out", "timed out", nil, nil] as [String?] {
      log.observe(HostView(name: "h", time: 0, failure: failure), showsHost: true)
    }
    #expect(log.changes.map(\.text) == ["timed out", "can be read again"])
  }

  @Test(
    "the page fits width and height, with one host or three", arguments: [1, 2, 5, 7, 8, 12, 20, 40, 60, 80, 130, 200])
  func fits(width: Int) {
    let programs = (0..<30).map { program("worker 入札 \($0)", $0 % 2 == 0 ? .alive : .hung, runtime: 4000) }
    let system = SystemView(cpu: 0.5, memoryUsed: 3e9, memoryTotal: 8e9, diskShare: 0.5, diskTotal: 2e11, load: 1.5)
    let host = HostView(name: "host\u{1B}[2J", time: 1e9, system: system, programs: programs)
    let change = Change(time: 1e9, title: "worker", text: String(repeating: "long ", count: 50), emphasis: .bad)
    for hosts in [[host], [host, host, host]] {
      let page = MonitorPage(
        hosts: hosts, changes: Array(repeating: change, count: 20), runtime: 5,
        style: Style(usesColour: true, width: width), height: 24)
      let lines = page.lines()
      #expect(lines.count <= 24)
      for line in lines { #expect(MonitorPage.visibleWidth(line) <= width, "\(line)") }
    }
  }

  @Test("on a terminal of few rows who is dead is in view, and the rest makes room", arguments: [1, 2])
  func fewRows(hosts: Int) {
    let programs = (0..<20).map {
      program("worker-\($0)", $0 % 10 == 7 ? .dead : .alive, $0 % 10 == 7 ? .pidGone : .beating)
    }
    let system = SystemView(cpu: 0.5, memoryUsed: 3e9, memoryTotal: 8e9, load: 1.5)
    let change = Change(time: 1e9, title: "worker-7", text: "is dead", emphasis: .bad)
    for height in 2...9 {
      let page = MonitorPage(
        hosts: Array(repeating: HostView(name: "host", time: 1e9, system: system, programs: programs), count: hosts),
        changes: [change], style: Style(usesColour: false, width: 140), height: height)
      let lines = page.lines()
      #expect(lines.count <= height)
      let dead = lines.count { $0.contains("✕ ") }
      #expect(dead == (height > 3 ? 2 : 1), "\(height): \(lines)")
      #expect(lines[0].contains("18 of 20 alive"))
    }
  }

  @Test("of the host each figure that is known is shown, and no other")
  func hostFigures() {
    let figures: [(String, (inout SystemView) -> Void)] = [
      ("CPU 50 %", { $0.cpu = 0.5 }), ("RAM 37 %", { ($0.memoryUsed, $0.memoryTotal) = (3e9, 8e9) }),
      ("disk 25 %", { ($0.diskShare, $0.diskTotal) = (0.25, 2e11) }), ("load 1.50", { $0.load = 1.5 }),
    ]
    for (text, set) in figures {
      var system = SystemView()
      set(&system)
      let lines = MonitorPage(hosts: [HostView(name: "h", time: 0, system: system)], style: .plain).lines().joined()
      let shown = figures.map(\.0).filter { lines.contains($0.prefix { $0 != " " } + " ") }
      #expect(shown == [text], "\(lines)")
    }
  }

  @Test("no colours where none are wanted")
  func plain() {
    let page = MonitorPage(
      hosts: [HostView(name: "h", time: 0, programs: [program("a", .alive)])], style: .plain)
    #expect(!page.lines().joined().contains("\u{1B}"))
  }

  @Test(
    "bytes for people",
    arguments: [
      (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_600, "1.0 MB"), (132_894_720, "133 MB"), (7.8e9, "7.8 GB"),
      (-1, "?"), (.nan, "?"),
    ] as [(Double, String)])
  func bytes(value: Double, text: String) {
    #expect(MonitorPage.bytes(value) == text)
  }
}
