/// Rows as lines of aligned columns that fit a width. Pure: texts in, lines out.
struct TextTable: Sendable {
  enum Alignment: Sendable {
    case left, right
  }

  /// A column.
  struct Column: Sendable {
    let title: String
    let alignment: Alignment
    /// Whether its texts may be cut when the table is too wide.
    let canShrink: Bool
    /// What goes first when even cut columns do not fit: larger goes earlier, 0 never.
    let dispensability: Int

    init(_ title: String, _ alignment: Alignment, canShrink: Bool = false, dispensability: Int = 0) {
      self.title = title
      self.alignment = alignment
      self.canShrink = canShrink
      self.dispensability = dispensability
    }
  }

  /// One cell: a text, made safe for a terminal, and what it means.
  struct Cell: Sendable {
    let text: String
    let emphasis: Emphasis
    /// The most characters of a text that are looked at.
    static let longest = 512

    init(_ text: String, _ emphasis: Emphasis = .plain) {
      self.text = DisplayWidth.sanitised(String(text.unicodeScalars.prefix(Self.longest)))
      self.emphasis = emphasis
    }
  }

  /// Spaces between two columns.
  static let gap = 2
  /// A column that can shrink keeps so many columns.
  static let narrowest = 8

  let columns: [Column]
  let rows: [[Cell]]

  /// The heading and the rows, each of at most `width` columns.
  func lines(width: Int, style: Style) -> [String] {
    let (kept, widths) = layout(width: width)
    var lines: [String] = []
    if columns.contains(where: { !$0.title.isEmpty }) {
      lines.append(line(kept.map { Cell(columns[$0].title, .faint) }, kept, widths, width, style))
    }
    for row in rows {
      lines.append(line(kept.map { $0 < row.count ? row[$0] : Cell("") }, kept, widths, width, style))
    }
    return lines
  }

  /// Which columns are shown, and how wide.
  private func layout(width: Int) -> (kept: [Int], widths: [Int]) {
    var kept = Array(columns.indices)
    var widths = columns.indices.map { column in
      rows.reduce(DisplayWidth.of(columns[column].title)) { widest, row in
        column < row.count ? max(widest, DisplayWidth.of(row[column].text)) : widest
      }
    }
    func total() -> Int { kept.reduce(0) { $0 + widths[$1] } + Self.gap * max(0, kept.count - 1) }
    func smallest() -> Int {
      kept.reduce(Self.gap * max(0, kept.count - 1)) {
        $0 + (columns[$1].canShrink ? min(widths[$1], Self.narrowest) : widths[$1])
      }
    }
    while smallest() > width,
      let victim = kept.filter({ columns[$0].dispensability > 0 }).max(by: {
        columns[$0].dispensability < columns[$1].dispensability
      })
    {
      kept.removeAll { $0 == victim }
    }
    while total() > width {
      guard
        let widest = kept.filter({ columns[$0].canShrink && widths[$0] > Self.narrowest }).max(by: {
          widths[$0] < widths[$1]
        })
      else { break }
      widths[widest] -= 1
    }
    return (kept, kept.map { widths[$0] })
  }

  private func line(_ cells: [Cell], _ kept: [Int], _ widths: [Int], _ width: Int, _ style: Style) -> String {
    var line = ""
    var left = width
    for (position, cell) in cells.enumerated() {
      let separator = position == 0 ? 0 : Self.gap
      let room = min(widths[position], left - separator)
      guard room > 0 else { break }
      let text = DisplayWidth.truncated(cell.text, to: room)
      let padding = String(repeating: " ", count: max(0, room - DisplayWidth.of(text)))
      let isLast = position == cells.count - 1
      line += String(repeating: " ", count: separator)
      if columns[kept[position]].alignment == .right { line += padding }
      line += style.apply(cell.emphasis, to: text)
      if columns[kept[position]].alignment == .left, !isLast { line += padding }
      left -= separator + room
    }
    return line
  }
}
