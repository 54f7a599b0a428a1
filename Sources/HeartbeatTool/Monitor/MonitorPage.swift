internal import Flags
internal import Monitoring
internal import POSIX

/// The monitor's page as lines. Pure: what was seen in, text out.
struct MonitorPage: Sendable {
  /// Hosts stand side by side when each gets at least so many columns.
  static let narrowestHost = 62
  /// Columns between two hosts.
  static let gutter = 3

  var hosts: [HostView]
  var changes: [Change] = []
  /// Seconds since the monitor started.
  var runtime = 0.0
  var style: Style
  /// Lines there are room for; nil for no limit.
  var height: Int?

  /// A line that scrolls, and what tells it from others.
  struct Row {
    var text: String
    var key: String?
  }

  /// The whole page.
  func lines() -> [String] {
    var scroll = Scroll()
    return lines(&scroll)
  }

  /// The page, of which the part is shown that somebody has scrolled to.
  func lines(_ scroll: inout Scroll, moves: [Scroll.Move] = []) -> [String] {
    var (head, rows) = body()
    guard let height else { return head + rows.map(\.text) + log(changes.count) }
    // On a small terminal the programs come before the load and the table's heading, on a very small one everything scrolls.
    if hosts.count == 1 ? head.count + Self.fewestRows > height : height < Self.lowestWithLoad {
      (head, rows) = body(isShort: true)
      if head.count + Self.fewestRows > height { (head, rows) = ([], head.map { Row(text: $0) } + rows) }
    }
    let free = height - head.count - rows.count - 2
    // The log is what is new: it keeps its place when not everything fits.
    let log = log(min(changes.count, max(free, height < Self.lowestWithLog ? 0 : 3)))
    let room = height - head.count - log.count
    guard rows.count > room else {
      _ = scroll.view(of: rows.map(\.key), room: room, moves: moves)
      return head + rows.map(\.text) + log
    }
    let hasNote = height >= Self.lowestWithNote
    let view = scroll.view(of: rows.map(\.key), room: hasNote ? room - 1 : room, moves: moves)
    let note = "↑ \(view.lowerBound) above  ↓ \(rows.count - view.upperBound) below  (\(Self.keys))"
    let shown = hasNote ? [style.apply(.faint, to: DisplayWidth.truncated(note, to: style.width))] : []
    return Array((head + rows[view].map(\.text) + shown + log).prefix(max(1, height)))
  }

  /// So many rows are in view below what stays in place.
  private static let fewestRows = 4
  /// A terminal with fewer lines shows no changes beside rows that do not all fit.
  private static let lowestWithLog = 12
  /// One with fewer shows of several hosts no load and no headings of their tables,
  private static let lowestWithLoad = 8
  /// and one with fewer does not say how many rows are out of view.
  private static let lowestWithNote = 3
  private static let keys = "space, b, j, k, g, G, arrows, Page Up/Down, Home, End"

  /// The last changes, below their heading.
  private func log(_ count: Int) -> [String] {
    guard count > 0 else { return [] }
    let table = TextTable(
      columns: [.init("", .left), .init("", .left, canShrink: true), .init("", .left, canShrink: true)],
      rows: changes.suffix(count).map {
        [.init(Self.clock($0.time), .faint), .init($0.title, .strong), .init($0.text, $0.emphasis)]
      })
    return ["", style.apply(.faint, to: DisplayWidth.truncated("CHANGES", to: style.width))]
      + table.lines(width: style.width, style: style)
  }

  /// What stays in place, and what scrolls below it: of one host its programs, of several everything.
  ///
  /// - Parameter isShort: whether what can be missing gives its lines to the programs.
  private func body(isShort: Bool = false) -> (head: [String], rows: [Row]) {
    guard hosts.count != 1 else { return hostLines(hosts[0], width: style.width, isShort: isShort) }
    let rows = sideBySide(hosts, isShort: isShort)
    guard let height, rows.count > height else { return ([], rows) }
    // Not all have room: what is wrong stands first. Else every host stays where it is.
    let order = hosts.indices.sorted { (hosts[$0].rank, $0) < (hosts[$1].rank, $1) }
    return ([], sideBySide(order.map { hosts[$0] }, isShort: isShort))
  }

  private func sideBySide(_ hosts: [HostView], isShort: Bool) -> [Row] {
    let width = (style.width == Int.max ? 160 : style.width)
    let perRow = max(1, min(hosts.count, (width + Self.gutter) / (Self.narrowestHost + Self.gutter)))
    let each = (width - Self.gutter * (perRow - 1)) / perRow
    var lines: [Row] = []
    for start in stride(from: 0, to: hosts.count, by: perRow) {
      if start > 0 { lines.append(Row(text: "")) }
      let blocks = hosts[start..<min(start + perRow, hosts.count)].map { host in
        let (head, rows) = hostLines(host, width: each, isShort: isShort)
        return head.map { Row(text: $0) } + rows
      }
      for row in 0..<(blocks.map(\.count).max() ?? 0) {
        var line = Row(text: "")
        for (index, block) in blocks.enumerated() {
          let cell = row < block.count ? block[row] : Row(text: "")
          line.text += cell.text
          line.key = line.key ?? cell.key
          if index < blocks.count - 1 {
            line.text += String(repeating: " ", count: max(0, each - Self.visibleWidth(cell.text)) + Self.gutter)
          }
        }
        lines.append(line)
      }
    }
    return lines
  }

  /// One host: its name and load, and its programs, the worst first.
  ///
  /// - Parameter isShort: without the load, the table's heading and blank lines.
  func hostLines(_ host: HostView, width: Int, isShort: Bool = false) -> (head: [String], rows: [Row]) {
    let blank = isShort ? [] : [""]
    var lines = [heading(host, width: width)]
    if !isShort, let system = systemLine(host.system, width: width) { lines.append(system) }
    if let failure = host.failure {
      let text = DisplayWidth.truncated(DisplayWidth.sanitised(failure), to: width)
      lines += blank + [style.apply(.bad, to: text)]
    }
    let leftOut = leftOutLines(host.leftOut, width: width, isShort: isShort)
    if !leftOut.isEmpty { lines += blank + leftOut }
    guard !host.programs.isEmpty else {
      let note = "nobody has beaten yet" + (host.absence.map { ": \(DisplayWidth.sanitised($0))" } ?? "")
      if host.failure == nil { lines += blank + [style.apply(.faint, to: DisplayWidth.truncated(note, to: width))] }
      return (lines, [])
    }
    let programs = host.programs.sorted(by: ProgramView.isWorse)
    let table = table(programs).lines(width: width, style: style)
    let rows = zip(table.dropFirst(), programs).map { line, program in
      // Whose state changes goes to another place, and takes nobody's view along.
      Row(text: line, key: ["\(host.place)", program.name, program.verdict.state.rawValue].joined(separator: "\u{0}"))
    }
    return (isShort ? lines : lines + blank + table.prefix(1), rows)
  }

  /// So much of what is left out is named.
  static let mostLeftOut = 5

  private func leftOutLines(_ leftOut: LeftOut, width: Int, isShort: Bool) -> [String] {
    let all = leftOut.fileSentences + leftOut.named.map { $0.sentence { quoted($0, limit: 400) } }
    guard !all.isEmpty || leftOut.others > 0 else { return [] }
    let count = all.count + leftOut.others
    let named = all.prefix(isShort ? (count == 1 ? 1 : 0) : MonitorPage.mostLeftOut)
    let others = count - named.count
    let lines =
      named + (others > 0 ? [named.isEmpty ? "\(others) are left out" : "and \(others) more are left out"] : [])
    return lines.map { style.apply(.warning, to: DisplayWidth.truncated($0, to: width)) }
  }

  private func heading(_ host: HostView, width: Int) -> String {
    let name = DisplayWidth.truncated(DisplayWidth.sanitised(host.name), to: min(width, max(8, width - 40)))
    let working = host.programs.count { $0.verdict.state == .alive }
    let count = host.programs.isEmpty ? "" : "\(working) of \(host.programs.count) alive"
    let right = Self.clock(host.time) + "  watching " + seconds(runtime)
    let used = DisplayWidth.of(name) + 2 + count.count
    let isShort = width == Int.max || used + 2 + right.count > width
    let all = !host.programs.isEmpty && working == host.programs.count
    var line = style.apply(.strong, to: name)
    if used <= width { line += "  " + style.apply(all ? .good : .warning, to: count) }
    if width == Int.max { return line + "  " + right }
    if isShort { return line }
    return line + String(repeating: " ", count: max(0, width - used - right.count)) + style.apply(.faint, to: right)
  }

  private func systemLine(_ system: SystemView, width: Int) -> String? {
    var parts: [(label: String, share: Double?, text: String)] = []
    if let cpu = system.cpu { parts.append(("CPU", Self.known(cpu), Self.percent(cpu))) }
    if let used = system.memoryUsed, let total = system.memoryTotal, total > 0 {
      parts.append(("RAM", Self.known(used / total), "\(Self.percent(used / total)) of \(Self.bytes(total))"))
    }
    if let share = system.diskShare, let total = system.diskTotal, total > 0 {
      parts.append(("disk", Self.known(share), "\(Self.percent(share)) of \(Self.bytes(total))"))
    }
    if let load = system.load { parts.append(("load", nil, Self.twoPlaces(load))) }
    guard !parts.isEmpty else { return nil }
    // With bars if there is room, else without.
    for barWidth in [10, 5, 0] {
      var line = ""
      for part in parts {
        if !line.isEmpty { line += "   " }
        line += style.apply(.faint, to: part.label) + " "
        if let share = part.share {
          let emphasis: Emphasis = share > 0.9 ? .bad : share > 0.75 ? .warning : .good
          if barWidth > 0 { line += bar(share, barWidth, emphasis) + " " }
          line += part.text
        } else {
          line += part.text
        }
      }
      if Self.visibleWidth(line) <= width { return line }
    }
    return DisplayWidth.truncated(parts.map { "\($0.label) \($0.text)" }.joined(separator: " "), to: width)
  }

  private func bar(_ share: Double, _ width: Int, _ emphasis: Emphasis) -> String {
    let filled = Int(clamping: (min(max(share, 0), 1) * Double(width)).rounded())
    return style.apply(emphasis, to: String(repeating: "█", count: filled))
      + style.apply(.faint, to: String(repeating: "░", count: max(0, width - filled)))
  }

  private func table(_ programs: [ProgramView]) -> TextTable {
    TextTable(
      columns: [
        .init("", .left), .init("NAME", .left, canShrink: true), .init("STATE", .left),
        .init("DETAIL", .left, canShrink: true), .init("BEAT", .right), .init("RUNTIME", .right, dispensability: 2),
        .init("PID", .right, dispensability: 3),
        .init("MEMORY", .right, dispensability: 5), .init("LAST SEEN", .right, dispensability: 4),
      ],
      rows: programs.map(row))
  }

  private func row(_ program: ProgramView) -> [TextTable.Cell] {
    let state = program.verdict.state
    return [
      .init(state.sign, state.emphasis), .init(program.title, .strong), .init(state.rawValue, state.emphasis),
      .init(program.detail, state == .alive ? .plain : state.emphasis),
      .init(program.age.map(seconds) ?? "-", state.emphasis),
      .init(program.runtime.map { seconds($0 < 0 ? 0 : $0) } ?? "-"),
      .init(program.pid.map { "\($0)" } ?? "-", .faint), .init(program.residentBytes.map(Self.bytes) ?? "-"),
      .init(program.lastBeat.map(Self.clock) ?? "-", .faint),
    ]
  }

  /// The columns of a text that may hold colour sequences.
  static func visibleWidth(_ text: String) -> Int {
    var width = 0
    var isSequence = false
    for character in text {
      if character == "\u{1B}" {
        isSequence = true
      } else if isSequence {
        if character == "m" { isSequence = false }
      } else {
        width += DisplayWidth.of(character)
      }
    }
    return width
  }
}
