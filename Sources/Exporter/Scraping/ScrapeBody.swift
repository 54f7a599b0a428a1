internal import Exposition
internal import HTTP

/// Text that is served again and again until what it says changes, with its compressed form once one was asked for.
///
/// Not Sendable: it belongs to the scrape thread. What it hands out are arrays, which can be shared.
final class RenderedChunk {
  let bytes: [UInt8]
  private var compressed: Gzip.Part?

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The compressed form, made at the first call; nil when there is not enough memory.
  func compressed(by gzip: inout Gzip) -> Gzip.Part? {
    if compressed == nil { compressed = gzip.part(bytes) }
    return compressed
  }
}

/// The body of one scrape: text that is written for it, and between it chunks that were rendered before.
struct ScrapeBody {
  private enum Piece {
    case fresh([UInt8])
    case chunk(RenderedChunk)
  }

  /// Where text for this scrape is written; it comes behind all that is there already.
  var exposition = Exposition()
  private var pieces: [Piece] = []
  /// Buffers of the last scrape, to be written to again unless somebody still holds them.
  private var spare: [[UInt8]] = []

  /// Forgets the text, keeps the memory, and goes on in a style.
  mutating func removeAll(_ style: ExpositionStyle = .plain) {
    spare.removeAll(keepingCapacity: true)
    for case .fresh(let bytes) in pieces.reversed() { spare.append(bytes) }
    spare.append(exposition.takeAll(replacedBy: []))
    pieces.removeAll(keepingCapacity: true)
    useSpare(style)
  }

  /// Adds text that was rendered before.
  mutating func append(_ chunk: RenderedChunk) {
    guard !chunk.bytes.isEmpty else { return }
    endPiece()
    pieces.append(.chunk(chunk))
  }

  /// Adds text that was written elsewhere.
  mutating func append(text: [UInt8]) {
    guard !text.isEmpty else { return }
    endPiece()
    pieces.append(.fresh(text))
  }

  private mutating func endPiece() {
    guard !exposition.bytes.isEmpty else { return }
    pieces.append(.fresh(exposition.takeAll(replacedBy: [])))
    useSpare(exposition.style)
  }

  private mutating func useSpare(_ style: ExpositionStyle) {
    exposition = Exposition(style, reusing: spare.popLast() ?? [])
  }

  /// The text in pieces.
  mutating func identity() -> [[UInt8]] {
    endPiece()
    return pieces.map { piece in
      switch piece {
      case .fresh(let bytes): bytes
      case .chunk(let chunk): chunk.bytes
      }
    }
  }

  /// The text as one gzip member, in pieces; nil when there is not enough memory.
  mutating func compressed(by gzip: inout Gzip) -> [[UInt8]]? {
    endPiece()
    var parts: [Gzip.Part] = []
    for piece in pieces {
      let part =
        switch piece {
        case .fresh(let bytes): gzip.part(bytes)
        case .chunk(let chunk): chunk.compressed(by: &gzip)
        }
      guard let part else { return nil }
      parts.append(part)
    }
    return Gzip.member(parts)
  }
}
