import Monitoring
import Testing

@testable import HeartbeatTool

/// What another exporter answers may be any number that the exposition format can spell.
@Suite("Numbers that no host has")
struct MonitorNumbersTests {
  private static let numbers: [Double] = [
    .nan, .infinity, -.infinity, 1e308, -1e308, 1e30, 1e18, 9.99e17, 0, -0.0, -1, .leastNonzeroMagnitude,
    .greatestFiniteMagnitude,
  ]

  @Test("a page is drawn whatever the numbers are", arguments: numbers, [1, 0, .nan, .infinity, -1e308])
  func draws(number: Double, other: Double) {
    let program = ProgramView(
      name: "worker", title: "worker", isConfigured: false, verdict: Verdict(.alive, .beating), runtime: number,
      lastBeat: number,
      age: number, residentBytes: number)
    for (one, two) in [(number, other), (other, number)] {
      let system = SystemView(
        cpu: one, memoryUsed: one, memoryTotal: two, diskShare: two, diskTotal: one, load: one)
      let host = HostView(name: "h", time: number, system: system, programs: [program])
      let page = MonitorPage(
        hosts: [host], runtime: number, style: Style(usesColour: false, width: 100), height: 24)
      #expect(page.lines().contains { $0.contains("worker") })
    }
  }

  @Test("a page is drawn in a terminal of any size", arguments: [0, 1, 2, 3, 19, 65_535, .max], [0, 1, 2, 5, 65_535])
  func sizes(width: Int, height: Int) {
    let programs = ["worker", "入札者のプロセス"].map {
      ProgramView(
        name: $0, title: $0, isConfigured: false, verdict: Verdict(.alive, .beating), runtime: 5, age: 1,
        residentBytes: 1e6)
    }
    let system = SystemView(cpu: 0.5, memoryUsed: 3e9, memoryTotal: 8e9, load: 1.5)
    let host = HostView(name: "host", time: 1e9, system: system, programs: programs, failure: "timed out")
    let change = Change(time: 1e9, title: "worker", text: "hangs", emphasis: .bad)
    for hosts in [[host], [host, host, host]] {
      let lines = MonitorPage(
        hosts: hosts, changes: [change, change], style: Style(usesColour: true, width: width), height: height
      ).lines()
      if height > 1 { #expect(lines.count <= height) }
      #expect(lines.allSatisfy { MonitorPage.visibleWidth($0) <= max(width, 160) })
    }
  }

  @Test("what is no number is unknown, and has no bar")
  func unknown() {
    let system = SystemView(cpu: .nan, memoryUsed: .nan, memoryTotal: 8e9, diskShare: .infinity, diskTotal: .infinity)
    let program = ProgramView(
      name: "worker", title: "worker", isConfigured: false, verdict: Verdict(.alive, .beating), runtime: .nan,
      age: .nan,
      residentBytes: .nan)
    let host = HostView(name: "h", time: 0, system: system, programs: [program])
    let lines = MonitorPage(hosts: [host], style: Style(usesColour: false, width: 100)).lines()
    #expect(lines[1] == "CPU ?   RAM ? of 8.0 GB   disk ? of ?")
    #expect(lines.last?.split(separator: " ") == ["●", "worker", "alive", "-", "?", "?", "-", "?", "-"])
  }

  @Test("no share of CPU time comes of what is no number", arguments: [.nan, .infinity, -.infinity] as [Double])
  func share(number: Double) {
    for (busy, total) in [(number, number), (number, 10), (5, number)] {
      var usage = CPUUsage()
      #expect(usage.share(busy: busy, total: total) == nil)
      #expect(usage.share(busy: 5, total: 10).map { (0...1).contains($0) } ?? true)
    }
    var usage = CPUUsage()
    #expect(usage.share(busy: 5, total: 10) == 0.5)
  }

  @Test("whether a process is there is unknown where that is no number")
  func up() {
    let text = """
      heartbeat_alive{process="a"} 1
      heartbeat_age_seconds{process="a"} 3
      heartbeat_pid{process="a"} +Inf
      process_up{process="a"} NaN
      heartbeat_alive{process="b"} 1
      heartbeat_age_seconds{process="b"} 3
      heartbeat_pid{process="b"} 1e300
      process_up{process="b"} 0
      """
    let programs = ScrapedHost(Array(text.utf8)).programs(now: 10)
    #expect(programs.map(\.verdict) == [Verdict(.alive, .beating), Verdict(.dead, .pidGone)])
    #expect(programs.map(\.pid) == [nil, nil])
  }

  @Test(
    "a duration for people",
    arguments: [
      (.nan, "?"), (.infinity, "?"), (-.infinity, "?"), (1e308, "?"), (-1e12, "?"), (0.06, "0.1s"), (-5, "-5s"),
      (1e11, "1157407d 09h"),
    ] as [(Double, String)])
  func durations(value: Double, text: String) {
    #expect(seconds(value) == text)
  }

  @Test("a time that no calendar has is unknown", arguments: [.nan, .infinity, -.infinity, 1e11, -1e300] as [Double])
  func times(time: Double) {
    #expect(LocalClock.text(time) == "?")
  }
}
