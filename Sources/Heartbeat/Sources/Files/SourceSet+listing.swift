internal import POSIX

/// What the folders of a pattern have. Where they are not known to lie on this machine's own disks, another thread lists them: a server
/// may go at any moment, also between the answer of a probe and the listing.
extension SourceSet {
  /// So long it is waited for a listing in any case, in nanoseconds.
  private static let listingPatience: UInt64 = 100_000_000

  /// What matches the patterns of sources that were asked by a thread; nothing of those of which nothing comes in time.
  ///
  /// - Parameter end: so long is waited for it, on the monotonic clock.
  func listElsewhere(_ places: [Int], until end: UInt64) -> [Int: PatternLister.Listed] {
    guard !places.isEmpty else { return [:] }
    var lists: [ExactText: @Sendable () -> PatternLister.Listed] = [:]
    for place in places {
      guard let pattern = units[place].pattern else { continue }
      lists[ExactText(pattern.text)] = { [unit = units[place]] in unit.list(pattern) }
    }
    let found = lister.list(lists, until: max(end, Clock.monotonicNanoseconds &+ Self.listingPatience))
    var listed: [Int: PatternLister.Listed] = [:]
    for place in places { listed[place] = units[place].pattern.flatMap { found[ExactText($0.text)] } }
    return listed
  }

  /// What was listed; nil where it is what there was.
  mutating func take(_ listed: PatternLister.Listed, _ place: Int) -> [PathPattern.Match]? {
    units[place].listings = listed.listings
    return listed.matches
  }
}

extension SourceSet.Unit {
  /// Lists what answers.
  fileprivate func list(_ pattern: PathPattern) -> PatternLister.Listed {
    // What was left out is not known any more.
    if answer.isComplete, pattern.endsInPattern, leftOut == 0, room != nil, listings.areUnchanged() {
      return PatternLister.Listed(listings: listings)
    }
    let known = Set(matches.map { ExactText($0.path) })
    var listings = listings
    let found = pattern.matches(&listings) { path in
      answer.asks(path)
    } keeping: { path in
      answer.hangs(path) || known.contains(ExactText(path))
    }
    return PatternLister.Listed(matches: found, listings: listings)
  }
}
