/// What a file of lines says, as far as it is whole.
///
/// The kernel ends each line with a line feed. What stands behind the last one was cut, so it is not believed: `btime 17` may have been
/// `btime 1751400000`.
struct WholeLines {
  /// The lines that are whole.
  let bytes: UnsafeRawBufferPointer
  /// Why that is not all of the file; nil when it is.
  let flaw: String?

  /// - Parameter limit: the most bytes that count; where there are more, the file is longer than it may be.
  init(_ content: UnsafeRawBufferPointer, limit: Int) {
    let counted = content.prefix(limit)
    let end = counted.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    bytes = UnsafeRawBufferPointer(rebasing: content[..<end])
    if content.count > limit {
      flaw = "it is longer than \(limit) bytes, and the rest is left out"
    } else {
      flaw = end == content.count ? nil : "its last line is cut"
    }
  }
}
