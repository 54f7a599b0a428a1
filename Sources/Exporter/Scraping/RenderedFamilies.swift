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
    /// By themselves, for a slice would keep all that there were.
    var versions: [UInt64]
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
        renderStale(versions, in: style, write)
      } else {
        let old = chunks
        chunks = rendered(versions.indices, versions, in: style, expecting: old.first?.rendered.bytes.count ?? 0, write)
        for index in chunks.indices.prefix(old.count) { keep(old[index].rendered, at: index) }
      }
      self.basis = basis
    }
    return chunks.map(\.rendered)
  }

  private mutating func renderStale(
    _ versions: [UInt64], in style: ExpositionStyle, _ write: (_ place: Int, _ exposition: inout Exposition) -> Void
  ) {
    var index = 0
    while index < chunks.count {
      let old = chunks[index]
      if versions[old.families].elementsEqual(old.versions) {
        index += 1
        continue
      }
      let new = rendered(old.families, versions, in: style, expecting: old.rendered.bytes.count, write)
      // Those that have grown get chunks of their own: one that changes with each beat does not take others with it.
      chunks.replaceSubrange(index...index, with: new)
      keep(old.rendered, at: index)
      index += new.count
    }
  }

  /// Renders families that stand one behind the other.
  ///
  /// - Parameter size: about how long the first chunk is, in bytes.
  private func rendered(
    _ families: Range<Int>, _ versions: [UInt64], in style: ExpositionStyle, expecting size: Int,
    _ write: (_ place: Int, _ exposition: inout Exposition) -> Void
  ) -> [Chunk] {
    var chunks: [Chunk] = []
    var exposition = Exposition(style, capacity: size)
    var first = families.lowerBound
    for place in families {
      write(place, &exposition)
      guard exposition.bytes.count >= smallestChunk || place == families.upperBound - 1 else { continue }
      let together = first..<place + 1
      let bytes = exposition.takeAll(replacedBy: [])
      chunks.append(Chunk(families: together, versions: Array(versions[together]), rendered: RenderedChunk(bytes)))
      first = place + 1
    }
    return chunks
  }

  /// The same text keeps its chunk.
  private mutating func keep(_ old: RenderedChunk, at index: Int) {
    if chunks[index].rendered.bytes == old.bytes { chunks[index].rendered = old }
  }
}
