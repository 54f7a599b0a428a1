internal import POSIX

/// A range in half the memory, for what a file has hundreds of thousands of; where it begins and ends is below 2^32.
struct CompactRange: Hashable, Sendable {
  private var start: UInt32
  private var end: UInt32

  init(_ range: Range<Int>) {
    start = UInt32(truncatingIfNeeded: range.lowerBound)
    end = UInt32(truncatingIfNeeded: range.upperBound)
  }

  /// The range lies so many places further on.
  mutating func move(by shift: Int) {
    start &+= UInt32(truncatingIfNeeded: shift)
    end &+= UInt32(truncatingIfNeeded: shift)
  }

  /// A range or none, in the memory of a range.
  struct Possible: Sendable {
    private var place: CompactRange
    /// No text is so long that something could begin there.
    private static let nowhere = UInt32.max

    init(_ range: Range<Int>?) {
      place = CompactRange(range ?? 0..<0)
      if range == nil { place.start = Possible.nowhere }
    }

    var range: Range<Int>? { place.start == Possible.nowhere ? nil : place.range }

    mutating func move(by shift: Int) {
      if place.start != Possible.nowhere { place.move(by: shift) }
    }
  }

  var range: Range<Int> { Int(widening: start)..<Int(widening: end) }

  /// The longest text in which every place and every number of things fits, with its decoded strings behind it.
  static let longestText = Int(UInt32.max) / 2
}
