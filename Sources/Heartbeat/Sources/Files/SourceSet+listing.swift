internal import POSIX

/// What the folders of a pattern have. Where they are not known to lie on this machine's own disks, another thread lists them: a server
/// may go at any moment, also between the answer of a probe and the listing. So it is where they have very many names: nobody waits for
/// these, and until they are listed what matched before is served.
extension SourceSet {
  /// What matches the patterns of sources that were asked by a thread; nothing of those of which nothing comes in time.
  ///
  /// - Parameter end: so long is waited for it, on the monotonic clock.
  mutating func listElsewhere(_ places: [Int], until end: UInt64) -> [Int: PatternLister.Listed] {
    list(places, nil, until: max(end, soon))
  }

  /// The same of sources that are trusted, and have very many names.
  mutating func listLarge(_ places: [Int], until end: UInt64) -> [Int: PatternLister.Listed] {
    // What never was listed is waited for: there is nothing to be served meanwhile.
    let isNew = places.contains { units[$0].room == nil && units[$0].matches.isEmpty }
    var listed = list(places, ways.another(), until: isNew ? max(end, soon) : soon)
    for place in places where listed[place]?.leadsOff ?? false {
      listed[place] = nil
      askNow(place, until: end)
      if !units[place].isTrusted { listed.merge(listElsewhere([place], until: end)) { $1 } }
    }
    return listed
  }

  /// The end of what it is waited for a listing in any case: who looks once has no later look.
  private var soon: UInt64 {
    let seconds = options.readingTime == nil ? options.limits.listingLate : options.limits.listingPatience
    return Clock.monotonicNanoseconds &+ Clock.nanoseconds(seconds)
  }

  private mutating func list(
    _ places: [Int], _ ways: LocalWays?, until end: UInt64
  ) -> [Int: PatternLister.Listed] {
    guard !places.isEmpty else { return [:] }
    var lists: [ExactText: @Sendable () -> PatternLister.Listed] = [:]
    for place in places {
      guard let pattern = units[place].pattern else { continue }
      lists[ExactText(pattern.text)] = { [unit = units[place], mostMatches, sure = self.ways.another()] in
        unit.list(pattern, mostMatches, ways, sure)
      }
    }
    let found = lister.list(lists, until: end)
    var listed: [Int: PatternLister.Listed] = [:]
    let now = Clock.monotonicNanoseconds
    for place in places {
      listed[place] = units[place].pattern.flatMap { found[ExactText($0.text)] }
      units[place].lateSince = listed[place] == nil ? units[place].lateSince ?? now : nil
    }
    return listed
  }

  /// What was listed; nil where it is what there was.
  mutating func take(_ listed: PatternLister.Listed, _ place: Int) -> [PathPattern.Match]? {
    // What has not changed since a look of a set before this one, of which nothing was taken over, says nothing here.
    guard listed.matches != nil || units[place].room != nil || !units[place].matches.isEmpty else { return nil }
    units[place].listings = listed.listings
    noteSize(place)
    return listed.matches
  }

  /// Notes whether a pattern is to be listed by another thread from now on.
  mutating func noteSize(_ place: Int) {
    units[place].isLarge = options.readingTime != nil && units[place].listings.size > options.limits.namesAtOnce
  }

  /// Whether it is to be told that nothing comes of the thread that lists a pattern.
  func isLate(_ place: Int) -> Bool {
    guard let since = units[place].lateSince else { return false }
    return Double(Clock.monotonicNanoseconds &- since) / 1e9 >= options.limits.listingLate
  }
}

extension SourceSet.Unit {
  /// Lists what answers.
  ///
  /// - Parameters:
  ///   - ways: nil where all was asked by a thread.
  ///   - sure: what certainly answers, whoever was asked.
  fileprivate func list(
    _ pattern: PathPattern, _ most: Int, _ ways: LocalWays?, _ sure: LocalWays
  ) -> PatternLister.Listed {
    // What was left out is not known any more.
    if answer.isComplete, pattern.endsInPattern, leftOut == 0, room != nil, listings.areUnchanged() {
      return PatternLister.Listed(listings: listings)
    }
    let known = Set(matches.map { ExactText($0.path) })
    var (listings, ways, leadsOff) = (listings, ways, false)
    // Its table of mounts is read only where it is needed, which is seldom.
    var (sure, isBegun) = (sure, false)
    ways?.begin(mountsHaveChanged: true)
    listings.mostWork = nil
    let found = pattern.matches(&listings, most: most) { path in
      guard answer.asks(path) else { return false }
      if ways?.isLocal(path) == false { leadsOff = true }
      return !leadsOff
    } certain: { folder in
      if !isBegun { sure.begin(mountsHaveChanged: true) }
      isBegun = true
      return sure.isCertain(folder)
    } keeping: { path in
      answer.hangs(path) || known.contains(ExactText(path))
    }
    return PatternLister.Listed(matches: leadsOff ? nil : found, listings: listings, leadsOff: leadsOff)
  }
}
