import Monitoring
import Testing

@testable import HeartbeatTool

@Suite("What of a long list is in view")
struct ScrollTests {
  private let keys: [String?] = (0..<100).map { "row \($0)" }

  @Test(
    "a key moves the view, never beyond the ends",
    arguments: [
      ([], 0..<10), ([.lines(1)], 1..<11), ([.lines(-1)], 0..<10), ([.pages(1)], 9..<19),
      ([.pages(1), .pages(-1)], 0..<10),
      ([.bottom], 90..<100), ([.bottom, .lines(1)], 90..<100), ([.bottom, .pages(-1)], 81..<91),
      ([.bottom, .top], 0..<10),
      ([.pages(1000)], 90..<100),
    ] as [([Scroll.Move], Range<Int>)])
  func moves(moves: [Scroll.Move], view: Range<Int>) {
    var scroll = Scroll()
    #expect(scroll.view(of: keys, room: 10, moves: moves) == view)
  }

  @Test("a view of the top stays there, any other one with its rows, wherever they are now")
  func keepsItsPlace() {
    var scroll = Scroll()
    _ = scroll.view(of: keys, room: 10)
    #expect(scroll.view(of: ["new"] + keys, room: 10) == 0..<10)
    #expect(scroll.view(of: keys, room: 10, moves: [.lines(20)]) == 20..<30)
    #expect(scroll.view(of: ["new", "newer"] + keys, room: 10) == 22..<32)
    // The first one in view goes to another place: the others stay.
    var moved = keys
    moved.insert(moved.remove(at: 20), at: 0)
    #expect(scroll.view(of: moved, room: 10) == 20..<30)
  }

  @Test("when rows go, or the terminal grows, no room is left empty at the end", arguments: [0, 1, 5, 10, 11, 95])
  func shrinks(count: Int) {
    var scroll = Scroll()
    _ = scroll.view(of: keys, room: 10, moves: [.bottom])
    let view = scroll.view(of: Array(keys.prefix(count)), room: 10)
    #expect(view == max(0, count - 10)..<count)
    #expect(scroll.view(of: keys, room: 200) == 0..<100)
    #expect(scroll.view(of: keys, room: 0).count == 1, "room for nothing is taken as room for one")
  }

  @Test("keys are told from each other, also when a sequence comes in parts, and what means nothing is passed over")
  func keysOfATerminal() {
    let expected: [(String, [KeyReader.Key])] = [
      ("q", [.quit]), ("Q", [.quit]), ("xyz1\u{7F}é", []), ("jk", [.move(.lines(1)), .move(.lines(-1))]),
      ("gG b", [.move(.top), .move(.bottom), .move(.pages(1)), .move(.pages(-1))]),
      ("\u{1B}[A\u{1B}OB", [.move(.lines(-1)), .move(.lines(1))]),
      ("\u{1B}[5~\u{1B}[6~", [.move(.pages(-1)), .move(.pages(1))]),
      ("\u{1B}[H\u{1B}OH\u{1B}[1~\u{1B}[7~", Array(repeating: .move(.top), count: 4)),
      ("\u{1B}[F\u{1B}OF\u{1B}[4~\u{1B}[8~", Array(repeating: .move(.bottom), count: 4)),
      // Keys that are not ours hold letters that are.
      ("\u{1B}[1;5q\u{1B}qj", [.move(.lines(1))]), ("\u{1B}[200~j", [.move(.lines(1))]),
      ("\u{1B}\u{1B}[Bj", [.move(.lines(1)), .move(.lines(1))]),
      ("\u{1B}[" + String(repeating: "1", count: 500) + "j", []),
    ]
    for (typed, keys) in expected {
      var whole = KeyReader()
      let got = whole.keys(Array(typed.utf8))
      if typed.utf8.count < 100 { #expect(got == keys, "\(typed.debugDescription)") }
      var parts = KeyReader()
      let gathered = typed.utf8.flatMap { parts.keys([$0]) }
      #expect(gathered == got)
    }
    // A sequence without an end holds up the next key only so long.
    var reader = KeyReader()
    _ = reader.keys(Array(("\u{1B}[" + String(repeating: "1", count: 500)).utf8))
    #expect(reader.keys(Array("qqqqqqqqqqqqqqqq".utf8)).contains(.quit))
  }

  private func program(_ name: String, _ state: ProcessState) -> ProgramView {
    ProgramView(name: name, title: name, isConfigured: false, verdict: Verdict(state, .silent), age: 1)
  }

  @Test("what is wrong stands first, by state and then by name, whoever is configured")
  func worstFirst() {
    var programs = ProcessState.allCases.flatMap { [program("b \($0)", $0), program("a \($0)", $0)] }
    programs[0].isConfigured = true
    let (_, rows) = MonitorPage(hosts: [], style: .plain).hostLines(
      HostView(name: "h", time: 0, programs: programs), width: 80)
    let names = rows.map { $0.text.split(separator: " ").dropFirst().prefix(2).joined(separator: " ") }
    #expect(names == ProcessState.worstFirst.flatMap { ["a \($0)", "b \($0)"] })
  }

  @Test(
    "on every terminal the last row can be reached, and the page says how many are above and below",
    arguments: [1, 2, 3, 4, 5, 8, 12, 24, 100], [1, 3])
  func everyHeight(height: Int, hosts: Int) {
    let programs = (100..<300).map { program("worker-\($0)", $0 == 250 ? .dead : .alive) }
    let views = (1...hosts).map { HostView(name: "host \($0)", place: $0, time: 1e9, programs: programs) }
    let change = Change(time: 1e9, title: "worker-250", text: "is dead", emphasis: .bad)
    let page = MonitorPage(
      hosts: views, changes: Array(repeating: change, count: 20), style: Style(usesColour: false, width: 100),
      height: height)
    var scroll = Scroll()
    let top = page.lines(&scroll)
    #expect(top.count <= height)
    if height >= 8 { #expect(top.joined().contains("worker-250"), "the dead one stands first") }
    let bottom = page.lines(&scroll, moves: [.bottom])
    #expect(bottom.count <= height && bottom.joined().contains("worker-299"))
    if height >= 4 {
      #expect(top.contains { $0.hasPrefix("↑ 0 above  ↓ ") } && bottom.contains { $0.contains("above  ↓ 0 below") })
    }
  }

  @Test("hosts that do not all have room stand in the order of what is wrong; else each stays where it is")
  func hosts() {
    var views = (1...5).map {
      HostView(name: "host-\($0)", place: $0, time: 1e9, programs: [program("a", .alive)])
    }
    views[1].programs = [program("a", .hung)]
    views[3].programs = [program("a", .dead)]
    views[4].failure = "connection refused"
    func order(height: Int?) -> [String] {
      let page = MonitorPage(hosts: views, style: Style(usesColour: false, width: 70), height: height)
      var scroll = Scroll()
      _ = page.lines(&scroll)
      let lines = (0..<40).flatMap { _ in page.lines(&scroll, moves: [.lines(1)]) }
      var names: [String] = []
      for line in page.lines(&scroll, moves: [.top]) + lines {
        if let name = line.split(separator: " ").first, name.hasPrefix("host-"), !names.contains(String(name)) {
          names.append(String(name))
        }
      }
      return names
    }
    #expect(order(height: 10) == ["host-5", "host-4", "host-2", "host-1", "host-3"])
    #expect(order(height: 100) == ["host-1", "host-2", "host-3", "host-4", "host-5"])
    #expect(order(height: nil) == ["host-1", "host-2", "host-3", "host-4", "host-5"])
  }
}
