/// The lines of a text, the last first.
enum TextLines {
  struct Line {
    var bytes: ArraySlice<UInt8>
    /// Which one it is from the end, 1 for the last.
    var fromEnd: Int
    /// It ends with a newline.
    var isComplete: Bool
    /// Nothing stands in front of it.
    var isFirst: Bool

    /// For people.
    var place: String { fromEnd == 1 ? "the last line" : "line \(fromEnd) from the end" }
  }

  /// So many lines are looked at.
  static let most = 50_000

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }

  /// The lines, the last first, without their ends.
  static func lastFirst(_ text: ArraySlice<UInt8>) -> AnySequence<Line> {
    AnySequence { () -> AnyIterator<Line> in
      var rest = text
      var fromEnd = 0
      var isComplete = rest.last == 0x0A
      if isComplete { rest.removeLast() }
      var isOver = text.isEmpty
      return AnyIterator {
        guard !isOver, fromEnd < most else { return nil }
        fromEnd += 1
        let start = rest.lastIndex(of: 0x0A).map { $0 + 1 } ?? rest.startIndex
        isOver = start == rest.startIndex
        var bytes = rest[start...]
        if bytes.last == 0x0D { bytes.removeLast() }
        let line = Line(bytes: bytes, fromEnd: fromEnd, isComplete: isComplete, isFirst: isOver)
        // no trap: a newline stands in front of the start unless it is over
        rest = isOver ? rest[start..<start] : rest[..<(start - 1)]
        isComplete = true
        return line
      }
    }
  }
}
