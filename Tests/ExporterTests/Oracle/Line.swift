import Glibc

/// A piece of text that lies in memory which outlives it: used within one function alone.
struct Line {
  let bytes: UnsafeRawBufferPointer

  /// Hands out the pieces that end with a byte, without it; the last one may lack it.
  static func forEach(of text: UnsafeRawBufferPointer, endedBy end: UInt8, _ body: (Line) -> Void) {
    var rest = text
    while let start = rest.baseAddress, !rest.isEmpty {
      let found = memchr(start, Int32(end), rest.count).map { UnsafeRawPointer($0) - start } ?? rest.count
      body(Line(bytes: UnsafeRawBufferPointer(start: start, count: found)))
      rest = UnsafeRawBufferPointer(rebasing: rest[min(found + 1, rest.count)...])
    }
  }

  func begins(with text: StaticString) -> Bool {
    guard let start = bytes.baseAddress, text.utf8CodeUnitCount <= bytes.count else { return false }
    return memcmp(start, text.utf8Start, text.utf8CodeUnitCount) == 0
  }

  func begins(with text: UnsafeRawBufferPointer) -> Bool {
    guard let start = bytes.baseAddress, let other = text.baseAddress, text.count <= bytes.count else { return false }
    return memcmp(start, other, text.count) == 0
  }

  func keeping(_ count: Int) -> Line { Line(bytes: UnsafeRawBufferPointer(rebasing: bytes.prefix(count))) }

  func dropping(_ count: Int) -> Line { Line(bytes: UnsafeRawBufferPointer(rebasing: bytes.dropFirst(count))) }

  /// The text before the last space; all of it when there is none.
  var upToLastSpace: Line {
    var end = bytes.count
    while end > 0, bytes[end - 1] != UInt8(ascii: " ") { end -= 1 }
    return end > 0 ? keeping(end - 1) : self
  }

  var first: UInt8? { bytes.first }

  var string: String { String(decoding: bytes, as: UTF8.self) }
}
