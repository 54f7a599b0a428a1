import Monitoring
import Testing

@testable import HeartbeatTool

@Suite("The page of the monitor")
struct MonitorPageTests {
  private let programs = [
    ProgramView(
      name: "web", title: "Web", isConfigured: true, verdict: Verdict(.alive, .beating), status: "serving", pid: 71,
      runtime: 3661,
      lastBeat: nil, age: 2.5, residentBytes: 132_894_720),
    ProgramView(
      name: "quiet", title: "quiet", isConfigured: false, verdict: Verdict(.alive, .beating), status: nil, pid: nil,
      runtime: -1,
      lastBeat: nil, age: nil, residentBytes: nil),
    ProgramView(
      name: "hung", title: "hung", isConfigured: false, verdict: Verdict(.hung, .silent), status: "serving", pid: 72,
      runtime: 60,
      lastBeat: nil, age: 100, residentBytes: 0),
    ProgramView(
      name: "gone", title: "gone", isConfigured: false, verdict: Verdict(.stopped, .saidStopped), status: nil, pid: 73,
      runtime: nil,
      lastBeat: nil, age: 200, residentBytes: nil),
    ProgramView(
      name: "far", title: "far", isConfigured: false, verdict: Verdict(.dead, .pidGone), status: nil, pid: nil,
      runtime: nil,
      lastBeat: nil, age: 300, residentBytes: nil),
    ProgramView(
      name: "new", title: "new", isConfigured: true, verdict: Verdict(.never, .neverSeen), status: nil, pid: nil,
      runtime: nil,
      lastBeat: nil, age: nil, residentBytes: nil),
  ]

  private func rows(_ width: Int) -> [String] {
    let host = HostView(name: "h", time: 0, programs: programs)
    return MonitorPage(
      hosts: [host], changes: [], runtime: 0, style: Style(usesColour: false, width: width), height: nil
    )
    .lines().filter { line in line.contains("NAME") || programs.contains { line.contains(" \($0.title) ") } }
  }

  @Test("each program is a row of what is known of it, the worst first")
  func table() {
    #expect(
      rows(130).map { $0.split(separator: "  ").map { $0.drop { $0 == " " } }.joined(separator: "|") } == [
        "NAME|STATE|DETAIL|BEAT|RUNTIME|PID|MEMORY|LAST SEEN",
        "✕|far|dead|its process is gone|5m 00s|-|-|-|-",
        "▲|hung|hung|no beat within its timeout|1m 40s|1m 00s|72|0 B|-",
        "○|new|never|never seen|-|-|-|-|-", "■|gone|stopped|it said so|3m 20s|-|73|-|-",
        "●|quiet|alive|running|-|0s|-|-|-", "●|Web|alive|serving|2.5s|1h 01m|71|133 MB|-",
      ])
  }

  @Test(
    "where there is less room, memory goes first, then the last beat's time, the pid and the runtime",
    arguments: [200, 64, 60, 50, 45, 40, 35, 30, 24])
  func columns(width: Int) {
    let titles = ["NAME", "STATE", "DETAIL", "BEAT", "RUNTIME", "PID", "LAST SEEN", "MEMORY"]
    let head = rows(width).first ?? ""
    let shown = titles.filter(head.contains)
    #expect(shown == Array(titles.prefix(shown.count)), "\(head)")
  }
}
