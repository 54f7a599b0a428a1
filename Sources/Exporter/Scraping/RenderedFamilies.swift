internal import Exposition

/// Families that stay as they are for a while, rendered into chunks: what did not change between two scrapes keeps its
/// chunk, and with it the compressed form.
struct RenderedFamilies {
  /// What has to be rendered anew; families go by their place.
  enum Stale {
    /// Everything, and there may be other families than before.
    case all
    /// These and no others.
    case families(Set<Int>)

    mutating func formUnion(_ other: Stale) {
      switch (self, other) {
      case (.families(let mine), .families(let others)): self = .families(mine.union(others))
      default: self = .all
      }
    }
  }

  private struct Chunk {
    var families: Range<Int>
    var rendered: RenderedChunk
  }

  private let smallestChunk: Int
  private var chunks: [Chunk] = []
  private var stale = Stale.all

  /// - Parameter smallestChunk: small families share a chunk up to this many bytes.
  init(smallestChunk: Int) {
    self.smallestChunk = smallestChunk
  }

  /// Has something rendered anew the next time.
  mutating func invalidate(_ stale: Stale) {
    self.stale.formUnion(stale)
  }

  /// Renders what is stale.
  ///
  /// - Parameters:
  ///   - count: how many families there are.
  ///   - write: writes the family at a place.
  /// - Returns: the text of all families.
  mutating func render(
    _ count: Int, in style: ExpositionStyle, _ write: (_ place: Int, _ exposition: inout Exposition) -> Void
  ) -> [RenderedChunk] {
    switch stale {
    case .all: renderAll(count, in: style, write)
    case .families(let places):
      for index in chunks.indices where !places.isDisjoint(with: chunks[index].families) {
        var exposition = Exposition(style)
        for place in chunks[index].families { write(place, &exposition) }
        replace(&chunks[index].rendered, by: exposition.bytes)
      }
    }
    stale = .families([])
    return chunks.map(\.rendered)
  }

  private mutating func renderAll(
    _ count: Int, in style: ExpositionStyle, _ write: (_ place: Int, _ exposition: inout Exposition) -> Void
  ) {
    let old = chunks
    chunks = []
    var exposition = Exposition(style)
    var first = 0
    for place in 0..<count {
      write(place, &exposition)
      guard exposition.bytes.count >= smallestChunk || place == count - 1 else { continue }
      let bytes = exposition.takeAll(replacedBy: [])
      var rendered = chunks.count < old.count ? old[chunks.count].rendered : RenderedChunk([])
      replace(&rendered, by: bytes)
      chunks.append(Chunk(families: first..<place + 1, rendered: rendered))
      first = place + 1
    }
  }

  /// The same text keeps its chunk.
  private func replace(_ chunk: inout RenderedChunk, by bytes: [UInt8]) {
    if chunk.bytes != bytes { chunk = RenderedChunk(bytes) }
  }
}

extension Set<Int> {
  fileprivate func isDisjoint(with range: Range<Int>) -> Bool {
    range.count < count ? !range.contains(where: contains) : !contains(where: range.contains)
  }
}
