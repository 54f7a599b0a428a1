/// Changes of a text, each in the place of some of its bytes, made all at once.
struct TextEdits {
  /// New bytes in the place of others.
  struct Edit {
    /// Where the others stand; empty where the new ones are put in between.
    var range: Range<Int>
    var replacement: [UInt8]

    init(_ range: Range<Int>, _ replacement: [UInt8]) {
      self.range = range
      self.replacement = replacement
    }
  }

  /// In the text's order.
  let edits: [Edit]

  init(_ edits: [Edit]) {
    self.edits = edits.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
  }

  /// By how many bytes the text becomes longer at the most.
  var growth: Int { edits.reduce(0) { $0 + $1.replacement.count } }

  /// Whether what stands behind an edit stays where it is.
  var keepsPlaces: Bool { edits.allSatisfy { $0.range.count == $0.replacement.count } }

  /// Appends the changed text.
  ///
  /// A member that stands in the text twice may be changed twice: of two edits that overlap the one in front counts.
  ///
  /// - Parameter start: what stands in front is left out.
  func append(_ text: UnsafeBufferPointer<UInt8>, from start: Int = 0, to bytes: inout [UInt8]) {
    var position = start
    for edit in edits where edit.range.lowerBound >= position {
      bytes.append(contentsOf: text[position..<edit.range.lowerBound])
      bytes.append(contentsOf: edit.replacement)
      position = edit.range.upperBound
    }
    bytes.append(contentsOf: text[position...])
  }

  /// Where ranges of the text stand once it is changed.
  struct Moves {
    private let edits: [Edit]
    private var delta = 0
    private var next = 0

    init(_ edits: TextEdits) { self.edits = edits.edits }

    /// A range of the old text in the new one; asked for in the text's order.
    mutating func moved(_ range: Range<Int>) -> Range<Int> {
      while next < edits.count, edits[next].range.upperBound <= range.lowerBound {
        delta += edits[next].replacement.count - edits[next].range.count
        next += 1
      }
      let start = range.lowerBound + delta
      guard next < edits.count, edits[next].range == range else { return start..<start + range.count }
      return start..<start + edits[next].replacement.count
    }
  }
}
