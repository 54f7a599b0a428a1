/// What every reader of an exposition relies on: a sample has the name of the family above it, well-formed labels and a value,
/// and no family and no series comes twice.
enum ExpositionCheck {
  /// What is wrong; nil when nothing is. Values may have been cut off, but not the labels.
  static func problem(in text: UnsafeRawBufferPointer) -> String? {
    var family = Line(bytes: UnsafeRawBufferPointer(start: nil, count: 0))
    // By bytes: Unicode calls some names equivalent that are two.
    var seen: Set<[UInt8]> = []
    var problem: String?
    Line.forEach(of: text, endedBy: UInt8(ascii: "\n")) { line in
      guard problem == nil, let first = line.first else { return }
      if first == UInt8(ascii: "#") {
        guard line.begins(with: "# TYPE ") else { return }
        family = line.dropping(7).upToLastSpace
        if !seen.insert(Array("# ".utf8) + family.bytes).inserted {
          problem = "a family comes twice: \(line.string.prefix(300))"
        }
        return
      }
      guard let series = series(of: line, of: family) else {
        problem = "no sample of the family above it: \(line.string.prefix(300))"
        return
      }
      if !seen.insert(series).inserted { problem = "a series comes twice: \(line.string.prefix(300))" }
    }
    return problem
  }

  /// The name and the labels of a sample; nil when they are not well-formed or another family's.
  private static func series(of line: Line, of family: Line) -> [UInt8]? {
    let isQuoted = family.first == UInt8(ascii: "\"")
    if isQuoted, line.first != UInt8(ascii: "{") { return nil }
    var rest = isQuoted ? line.dropping(1) : line
    guard rest.begins(with: family.bytes) else { return nil }
    rest = rest.dropping(family.bytes.count)
    // OpenMetrics names a counter's family without the suffix of its samples.
    if rest.begins(with: "_total") { rest = rest.dropping(6) }
    let end: Int?
    switch rest.first {
    case UInt8(ascii: " ") where !isQuoted, nil where !isQuoted: end = 0
    case UInt8(ascii: "{") where !isQuoted, UInt8(ascii: ",") where isQuoted:
      end = labelsEnd(rest.dropping(1).bytes).map { $0 + 1 }
    case UInt8(ascii: "}") where isQuoted: end = 1
    default: end = nil
    }
    return end.map { Array(line.keeping(line.bytes.count - rest.bytes.count + $0).bytes) }
  }

  /// How many bytes from the first label on to behind the brace; nil when these are no labels.
  private static func labelsEnd(_ text: UnsafeRawBufferPointer) -> Int? {
    var place = 0
    func byte() -> UInt8 { place < text.count ? text[place] : 0 }
    while true {
      let start = place
      while byte() >= UInt8(ascii: "a") && byte() <= UInt8(ascii: "z") || byte() == UInt8(ascii: "_") { place += 1 }
      guard place > start, byte() == UInt8(ascii: "=") else { return nil }
      place += 1
      guard byte() == UInt8(ascii: "\"") else { return nil }
      place += 1
      while byte() != UInt8(ascii: "\"") {
        if byte() == UInt8(ascii: "\\") { place += 1 }
        guard place < text.count else { return nil }
        place += 1
      }
      place += 1
      defer { place += 1 }
      switch byte() {
      case UInt8(ascii: ","): continue
      case UInt8(ascii: "}"): return place + 1 == text.count || text[place + 1] == UInt8(ascii: " ") ? place + 1 : nil
      default: return nil
      }
    }
  }
}
