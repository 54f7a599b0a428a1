internal import POSIX

/// A range in half the memory, for what a file has hundreds of thousands of; where it begins and ends is below 2^32.
struct CompactRange: Hashable, Sendable {
  private var start: UInt32
  private var end: UInt32

  init(_ range: Range<Int>) {
    start = UInt32(truncatingIfNeeded: range.lowerBound)
    end = UInt32(truncatingIfNeeded: range.upperBound)
  }

  var range: Range<Int> { Int(widening: start)..<Int(widening: end) }

  /// The longest text in which every place and every number of things fits, with its decoded strings behind it.
  static let longestText = Int(UInt32.max) / 2
}
