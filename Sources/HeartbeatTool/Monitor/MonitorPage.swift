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

  /// The whole page.
  func lines() -> [String] {
    var lines = hosts.count == 1 ? hostLines(hosts[0], width: style.width) : sideBySide()
    guard !changes.isEmpty else { return cut(lines) }
    let room = height.map { max(3, $0 - lines.count - 3) } ?? changes.count
    let table = TextTable(
      columns: [.init("", .left), .init("", .left, canShrink: true), .init("", .left, canShrink: true)],
      rows: changes.suffix(room).map {
        [.init(Self.clock($0.time), .faint), .init($0.title, .strong), .init($0.text, $0.emphasis)]
      })
    let log = ["", style.apply(.faint, to: "CHANGES")] + table.lines(width: style.width, style: style)
    // The log is what is new: it keeps its place when not everything fits.
    if let height, lines.count + log.count > height {
      let shown = max(0, height - log.count - 1)
      let note = "… \(lines.count - shown) more lines"
      lines = lines.prefix(shown) + [style.apply(.faint, to: DisplayWidth.truncated(note, to: style.width))]
    }
    return cut(lines + log)
  }

  private func cut(_ lines: [String]) -> [String] {
    guard let height, lines.count > height, height > 1 else { return lines }
    let hidden = lines.count - height + 1
    let note = DisplayWidth.truncated("… \(hidden) more lines", to: style.width)
    return lines.prefix(max(0, height - 1)) + [style.apply(.faint, to: note)]
  }

  private func sideBySide() -> [String] {
    let width = (style.width == Int.max ? 160 : style.width)
    let perRow = max(1, min(hosts.count, (width + Self.gutter) / (Self.narrowestHost + Self.gutter)))
    let each = (width - Self.gutter * (perRow - 1)) / perRow
    var lines: [String] = []
    for start in stride(from: 0, to: hosts.count, by: perRow) {
      if start > 0 { lines.append("") }
      let blocks = hosts[start..<min(start + perRow, hosts.count)].map { hostLines($0, width: each) }
      for row in 0..<(blocks.map(\.count).max() ?? 0) {
        var line = ""
        for (index, block) in blocks.enumerated() {
          let text = row < block.count ? block[row] : ""
          line += text
          if index < blocks.count - 1 {
            line += String(repeating: " ", count: max(0, each - Self.visibleWidth(text)) + Self.gutter)
          }
        }
        lines.append(line)
      }
    }
    return lines
  }

  /// One host: its name and load, then its programs.
  func hostLines(_ host: HostView, width: Int) -> [String] {
    var lines = [heading(host, width: width)]
    if let system = systemLine(host.system, width: width) { lines.append(system) }
    if let failure = host.failure {
      let text = DisplayWidth.truncated(DisplayWidth.sanitised(failure), to: width)
      lines += ["", style.apply(.bad, to: text)]
    }
    lines += leftOutLines(host.leftOut, width: width)
    let configured = host.programs.filter(\.isConfigured)
    let others = host.programs.filter { !$0.isConfigured }
    guard !host.programs.isEmpty else {
      if host.failure == nil { lines += ["", style.apply(.faint, to: "nobody has beaten yet")] }
      return lines
    }
    let table = table(configured + others).lines(width: width, style: style)
    lines.append("")
    lines += table.prefix(1 + configured.count)
    if !configured.isEmpty, !others.isEmpty { lines += ["", style.apply(.faint, to: "ALSO BEATING")] }
    lines += table.dropFirst(1 + configured.count)
    return lines
  }

  /// So much of what is left out is named.
  static let mostLeftOut = 5

  private func leftOutLines(_ leftOut: LeftOut, width: Int) -> [String] {
    guard !leftOut.named.isEmpty || leftOut.others > 0 else { return [] }
    let named = leftOut.named.prefix(MonitorPage.mostLeftOut).map { $0.sentence { quoted($0, limit: 400) } }
    let others = leftOut.named.count - named.count + leftOut.others
    let lines = named + (others > 0 ? ["and \(others) more are left out"] : [])
    return [""] + lines.map { style.apply(.warning, to: DisplayWidth.truncated($0, to: width)) }
  }

  private func heading(_ host: HostView, width: Int) -> String {
    let name = DisplayWidth.truncated(DisplayWidth.sanitised(host.name), to: max(8, width - 40))
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

  // MARK: Numbers for people

  /// A number that another program gave may be none: then there is nothing to draw.
  private static func known(_ share: Double) -> Double? { share.isFinite ? share : nil }

  private static func percent(_ share: Double) -> String {
    guard share.isFinite else { return "?" }
    let text = "\(Int(clamping: (min(max(share, 0), 1) * 100).rounded()))%"
    return String(repeating: " ", count: max(0, 3 - text.count)) + text
  }

  private static func twoPlaces(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e9 else { return "?" }
    let hundredths = Int(clamping: (value * 100).rounded())
    let rest = (hundredths % 100).magnitude
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }

  /// `130 MB`, `7.8 GB`: powers of 1000, as disks and heartbeats count.
  static func bytes(_ value: Double) -> String {
    guard value.isFinite, value >= 0, value < 1e18 else { return "?" }
    var rest = value
    var unit = 0
    let units = ["B", "kB", "MB", "GB", "TB", "PB"]
    while rest >= 999.5, unit < units.count - 1 {
      rest /= 1000
      unit += 1
    }
    if rest < 9.95, unit > 0 {
      let tenths = Int(clamping: (rest * 10).rounded())
      return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
    return "\(Int(clamping: rest.rounded())) \(units[unit])"
  }

  /// Local time of day; with the date when it is more than a day away.
  static func clock(_ time: Double) -> String {
    LocalClock.text(time)
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
