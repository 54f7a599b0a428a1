internal import Glibc

/// Bytes that arrived and are not used yet, cut into lines. Each byte is looked at once, however the bytes come in.
struct LineBuffer {
  private(set) var bytes: [UInt8] = []
  private var start = 0
  // No line feed lies between `start` and here.
  private var searched = 0

  enum Line: Equatable {
    /// A whole line's place in `bytes`, without its line end. It is valid until the next `append`.
    case found(Range<Int>)
    /// More bytes must come.
    case incomplete
    /// It is longer than the limit, whether or not its end has come.
    case tooLong
    /// It ends with a line feed alone; RFC 9112 section 2.2 lets a recipient refuse that.
    case bareLineFeed
  }

  /// How many bytes wait.
  var count: Int { bytes.count - start }

  /// The first byte that waits.
  var first: UInt8? { start < bytes.count ? bytes[start] : nil }

  mutating func append(_ more: UnsafeRawBufferPointer) {
    if start == bytes.count {
      bytes.removeAll(keepingCapacity: true)
    } else if start > 0 {
      // What waits is less than a line in the course of a request, so moving it is cheap.
      bytes.removeSubrange(..<start)
    }
    searched -= start
    start = 0
    if bytes.isEmpty { searched = 0 }
    bytes.append(contentsOf: more)
  }

  /// Takes the next line out.
  ///
  /// - Parameter limit: the most bytes a line may have without its line end.
  mutating func takeLine(limit: Int) -> Line {
    guard let feed = indexOfLineFeed() else {
      // One more byte than the limit may be the carriage return of a line end that is still to come.
      return count > limit + 1 ? .tooLong : .incomplete
    }
    let hasReturn = feed > start && bytes[feed - 1] == ASCII.carriageReturn
    let line = start..<(hasReturn ? feed - 1 : feed)  // no trap: with a return there is a byte before the feed
    if line.count > limit { return .tooLong }
    if !hasReturn { return .bareLineFeed }
    start = feed + 1
    searched = start
    return .found(line)
  }

  /// Takes at most `limit` bytes out, whatever they are.
  mutating func take(_ limit: Int) -> ArraySlice<UInt8> {
    let end = start + min(limit, count)
    defer {
      start = end
      searched = end
    }
    return bytes[start..<end]
  }

  /// Gives memory back when nothing waits.
  mutating func shrink(above capacity: Int) {
    guard start == bytes.count, bytes.capacity > capacity else { return }
    bytes = []
    start = 0
    searched = 0
  }

  private mutating func indexOfLineFeed() -> Int? {
    let found: Int? = bytes.withUnsafeBytes { buffer in
      // In bounds: start <= searched <= count.
      guard searched < buffer.count, let base = buffer.baseAddress,
        let hit = memchr(base + searched, Int32(truncatingIfNeeded: ASCII.lineFeed), buffer.count - searched)
      else { return nil }
      return UnsafeRawPointer(hit) - base
    }
    searched = found ?? bytes.count
    return found
  }
}
