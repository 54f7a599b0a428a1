internal import Exposition

/// Families that stay as they are for a while, rendered into chunks: what did not change between two renderings keeps its
/// chunk, and with it the compressed form.
struct ChunkedExposition {
  /// Small families share a chunk up to this many bytes: each chunk is compressed for itself, and what is compressed
  /// alone gets less small by less text before it.
  static let smallestChunk = 16 * 1024

  private var exposition = Exposition()
  private var chunks: [[UInt8]] = []

  /// Writes one family.
  mutating func family(_ family: MetricFamily, _ body: (inout FamilySamples) -> Void) {
    exposition.family(family, body)
    if exposition.bytes.count >= ChunkedExposition.smallestChunk { endChunk() }
  }

  private mutating func endChunk() {
    if !exposition.bytes.isEmpty { chunks.append(exposition.takeAll(replacedBy: [])) }
  }

  /// The chunks; where one holds what an old one of the same place holds, it is the old one.
  mutating func finish(replacing old: [RenderedChunk]) -> [RenderedChunk] {
    endChunk()
    return chunks.enumerated().map { place, bytes in
      if place < old.count, old[place].bytes == bytes { return old[place] }
      return RenderedChunk(bytes)
    }
  }
}
