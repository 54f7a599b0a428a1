internal import Exposition

/// Families that stay as they are for a while, rendered into chunks of several: what did not change between two scrapes keeps its
/// chunk, and with it the compressed form. As with `KeptText`, a chunk becomes stale in one way: what it is made of is another.
struct RenderedFamilies {
  /// What tells whether anything has changed at all.
  struct Basis: Equatable {
    /// Another one where there are other families, or other processes in them.
    var shape: UInt64
    /// Another one with each change of a version.
    var change: UInt64
  }

  private struct Chunk {
    var families: Range<Int>
    var versions: ArraySlice<UInt64>
    var rendered: RenderedChunk
  }

  private let smallestChunk: Int
  private var chunks: [Chunk] = []
  /// What `chunks` are made of; nil before there are any.
  private var basis: Basis?

  /// - Parameter smallestChunk: small families share a chunk up to this many bytes.
  init(smallestChunk: Int) {
    self.smallestChunk = smallestChunk
  }

  /// Renders what is stale.
  ///
  /// - Parameters:
  ///   - versions: one for each family, by its place: another one where the family says something else than in the last basis of the
  ///     same shape. Asked for only where the basis is another one.
  ///   - write: writes the family at a place.
  /// - Returns: the text of all families.
  mutating func render(
    _ basis: Basis, _ versions: () -> [UInt64], in style: ExpositionStyle,
    _ write: (_ place: Int, _ exposition: inout Exposition) -> Void
  ) -> [RenderedChunk] {
    if basis != self.basis {
      let versions = versions()
      if basis.shape == self.basis?.shape, chunks.last?.families.upperBound ?? 0 == versions.count {
        for index in chunks.indices where versions[chunks[index].families] != chunks[index].versions {
          var exposition = Exposition(style)
          for place in chunks[index].families { write(place, &exposition) }
          replace(&chunks[index].rendered, by: exposition.bytes)
          chunks[index].versions = versions[chunks[index].families]
        }
      } else {
        renderAll(versions, in: style, write)
      }
      self.basis = basis
    }
    return chunks.map(\.rendered)
  }

  private mutating func renderAll(
    _ versions: [UInt64], in style: ExpositionStyle, _ write: (_ place: Int, _ exposition: inout Exposition) -> Void
  ) {
    let old = chunks
    chunks = []
    var exposition = Exposition(style)
    var first = 0
    for place in versions.indices {
      write(place, &exposition)
      guard exposition.bytes.count >= smallestChunk || place == versions.count - 1 else { continue }
      let bytes = exposition.takeAll(replacedBy: [])
      var rendered = chunks.count < old.count ? old[chunks.count].rendered : RenderedChunk([])
      replace(&rendered, by: bytes)
      let families = first..<place + 1
      chunks.append(Chunk(families: families, versions: versions[families], rendered: rendered))
      first = place + 1
    }
  }

  /// The same text keeps its chunk.
  private func replace(_ chunk: inout RenderedChunk, by bytes: [UInt8]) {
    if chunk.bytes != bytes { chunk = RenderedChunk(bytes) }
  }
}
