internal import Exposition

/// Text of families that is kept for each style, for as long as what it is made of stays the same: that is the only way in which it
/// becomes stale. Nobody has to say so, and whoever forgets it makes it anew.
struct KeptText<Basis: Equatable> {
  private var kept: StyleCache<(basis: Basis, chunk: RenderedChunk)?>

  /// - Parameter styles: in how many styles the text is kept.
  init(styles: Int) {
    kept = StyleCache(limit: styles)
  }

  /// Keeps only the style that was asked for last.
  mutating func keepLast() { kept.keepLast() }

  /// Keeps nothing any more.
  mutating func forget() { kept.forget() }

  /// The text in a style.
  ///
  /// - Parameters:
  ///   - basis: everything that the text depends on, but for the style.
  ///   - write: writes it, where what is kept is of another basis.
  mutating func text(
    of basis: Basis, in style: ExpositionStyle, _ write: (_ exposition: inout Exposition) -> Void
  ) -> RenderedChunk {
    kept.with(style, initial: nil) { kept in
      if let kept, kept.basis == basis { return kept.chunk }
      var exposition = Exposition(style)
      write(&exposition)
      // The same text keeps its chunk, and with it the compressed form.
      let chunk =
        if let kept, kept.chunk.bytes == exposition.bytes { kept.chunk } else { RenderedChunk(exposition.bytes) }
      kept = (basis, chunk)
      return chunk
    }
  }
}
