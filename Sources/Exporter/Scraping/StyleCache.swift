internal import Exposition

/// Something that is kept for each style in which scrapes were asked for lately.
///
/// Scrapers of one site mostly ask for the same; the bound keeps one who asks for everything in turn from taking memory.
struct StyleCache<Value> {
  /// How many styles are kept, those asked for last.
  private let limit: Int
  private var kept: [(style: ExpositionStyle, value: Value)] = []

  /// - Parameter limit: how many styles are kept, at least one.
  init(limit: Int) {
    self.limit = limit
  }

  /// Works on what is kept for a style; `initial` is put there if nothing is.
  mutating func with<Result>(
    _ style: ExpositionStyle, initial: @autoclosure () -> Value, _ body: (inout Value) -> Result
  ) -> Result {
    if let place = kept.firstIndex(where: { $0.style == style }) {
      if place != 0 { kept.insert(kept.remove(at: place), at: 0) }
    } else {
      if kept.count >= limit, !kept.isEmpty { kept.removeLast() }
      kept.insert((style, initial()), at: 0)
    }
    return body(&kept[0].value)
  }

  /// Keeps only what was asked for last.
  mutating func keepLast() {
    if kept.count > 1 { kept.removeLast(kept.count - 1) }  // no trap: so many are there
  }

  /// Keeps nothing any more.
  mutating func forget() {
    kept = []
  }
}
