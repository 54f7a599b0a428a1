internal import Glibc
internal import POSIX

/// Which files the sources that are patterns have.
extension SourceSet {
  /// Whether a source is a pattern.
  public func isPattern(_ source: Int) -> Bool { units[source].pattern != nil }

  /// A source that is a pattern, and how many files it has.
  public struct PatternCount: Sendable, Hashable {
    /// The pattern.
    public var pattern: String
    /// How many files match and are read.
    public var files: Int
    /// How many more match.
    public var leftOut: Int
    /// False where some folder never answered, so that more may match.
    public var isKnown = true
  }

  /// The sources that are patterns.
  public var patterns: [PatternCount] {
    units.compactMap { unit in
      unit.pattern.map {
        PatternCount(
          pattern: $0.text, files: unit.matches.count, leftOut: unit.leftOut,
          isKnown: unit.unknownFolders.isEmpty && unit.answer.answered == nil)
      }
    }
  }

  /// A file of a pattern that is not there any more.
  struct Gone {
    var source: Int
    var stamp: FileStamp
    /// Its processes.
    var names: [[UInt8]]
  }

  /// Whose files are there under another name. Writers that make a file beside and rename it may use a name that matches as well: with it
  /// nobody vanishes. A file that only got the number of another one on its file system has another time of change.
  func renamed(_ gone: [Gone]) -> [[UInt8]: Double] {
    guard !gone.isEmpty else { return [:] }
    var places: [UInt: [Int]] = [:]
    for (place, file) in files.enumerated() {
      if let stamp = file.stamp { places[stamp.inode, default: []].append(place) }
    }
    var renamed: [[UInt8]: Double] = [:]
    for file in gone {
      let isThere = places[file.stamp.inode]?.contains { place in
        files[place].source == file.source && files[place].stamp?.hasContent(of: file.stamp) ?? false
      }
      guard isThere ?? false else { continue }
      for name in file.names { renamed[name] = .infinity }
    }
    return renamed
  }

  /// Finds the files of all patterns, and says which are gone.
  ///
  /// - Parameter end: so long is waited where a source has to be asked, on the monotonic clock.
  mutating func expandPatterns(until end: UInt64) -> [Gone] {
    guard units.contains(where: { $0.pattern != nil }) else { return [] }
    var room = options.maximumFiles - units.count { $0.pattern == nil }
    var isChanged = false
    for place in units.indices { units[place].isWalked = false }
    let elsewhere = units.indices.filter { units[$0].pattern != nil && !units[$0].isTrusted }
    var listed = listElsewhere(elsewhere, until: end)
    let large = units.indices.filter { units[$0].isTrusted && units[$0].isLarge && !isUnchanged($0) }
    listed.merge(listLarge(large, until: end)) { $1 }
    let areListed = Set(elsewhere + large)
    for place in units.indices {
      guard let pattern = units[place].pattern else { continue }
      var found: [PathPattern.Match]?
      if let listed = listed[place] {
        found = take(listed, place)
        if found == nil, units[place].room == room, !units[place].isToldLate {
          room -= units[place].matches.count
          continue
        }
      } else if units[place].isTrusted, !areListed.contains(place) {
        units[place].lateSince = nil
        if units[place].room == room, !units[place].isToldLate, isUnchanged(place) {
          room -= units[place].matches.count
          continue
        }
        found = matches(of: pattern, place, until: end)
      }
      units[place].room = room
      // Without a thread that could ask, or in time, those that there were.
      var matches = found ?? units[place].matches
      if found != nil { units[place].listings.forgetUnused() }
      let surplus = max(0, matches.count - max(0, room))
      let leftOut = surplus + (found == nil ? units[place].leftOut : units[place].listings.leftOut)
      if leftOut != units[place].leftOut { revision &+= 1 }
      units[place].leftOut = leftOut
      matches.removeLast(surplus)
      let (listings, answer) = (units[place].listings, units[place].answer)
      var unknown = listings.unknown.filter(answer.hangs).map { PathPattern.Match(path: $0, stars: []) }
      for (path, error) in listings.unlisted where unknown.count < options.maximumFiles {
        unknown.append(PathPattern.Match(path: path, stars: [], unlisted: error))
      }
      units[place].isToldLate = isLate(place)
      if units[place].isToldLate, !unknown.contains(where: { ExactText($0.path) == ExactText(pattern.base) }) {
        unknown.append(PathPattern.Match(path: pattern.base, stars: [], unlisted: Errno(ETIMEDOUT)))
      }
      if matches != units[place].matches || unknown != units[place].unknownFolders {
        units[place].matches = matches
        units[place].unknownFolders = unknown
        isChanged = true
      }
      room -= units[place].matches.count
    }
    guard isChanged else { return [] }
    shown = []
    revision &+= 1
    var known: [Int: [ExactText: SourceReader]] = [:]
    for file in files { known[file.source, default: [:]][ExactText(file.path)] = file }
    files = []
    for (place, unit) in units.enumerated() {
      let matches = unit.pattern == nil ? [PathPattern.Match(path: unit.settings.path, stars: [])] : unit.matches
      // A folder that never answered, or cannot be listed, stands for the files that nobody knows.
      for match in matches + unit.unknownFolders {
        // What is no text may be written as another file's name.
        if var file = known[place]?.removeValue(forKey: ExactText(match.path)), file.isText == match.isText {
          file.unlisted = match.unlisted
          files.append(file)
          continue
        }
        var file = makeReader(match, of: place)
        file.count(errorsBefore(of: match.path))
        files.append(file)
      }
    }
    let left = known.values.flatMap(\.values)
    for file in left { keepErrors(of: file) }
    return left.compactMap { file in
      let snapshot = file.snapshot
      guard let stamp = file.stamp, !snapshot.entries.isEmpty else { return nil }
      let names = snapshot.entries.map { Array(snapshot.bytes[$0.name.range]) }
      return Gone(source: file.source, stamp: stamp, names: names)
    }
  }

  /// Whether what matches the pattern of a source that is trusted is certainly what matched at the last look.
  private func isUnchanged(_ place: Int) -> Bool {
    let unit = units[place]
    guard let pattern = unit.pattern, pattern.endsInPattern, unit.answer.isComplete else { return false }
    return (!unit.isLarge || unit.listings.folders.count <= options.limits.namesAtOnce / 10)
      && unit.listings.areUnchanged()
  }

  /// What matches the pattern of a source that was trusted; nil where nobody can say.
  private mutating func matches(of pattern: PathPattern, _ place: Int, until end: UInt64) -> [PathPattern.Match]? {
    var isLarge = units[place].isLarge
    if !isLarge {
      switch ownMatches(of: pattern, place) {
      case .found(let found): return found
      case .tooMuch: isLarge = true
      case .leadsOff:
        askNow(place, until: end)
        // Without a thread it is trusted still, and as far as before.
        guard !units[place].isTrusted else {
          if case .found(let found) = ownMatches(of: pattern, place) { return found }
          return nil
        }
        return listElsewhere([place], until: end)[place].flatMap { take($0, place) }
      }
    }
    units[place].isLarge = true
    return listLarge([place], until: end)[place].flatMap { take($0, place) }
  }

  /// What one look finds by itself.
  private enum OwnMatches {
    case found([PathPattern.Match])
    /// Something leads off this machine's own disks.
    case leadsOff
    /// It is more than one look may do.
    case tooMuch
  }

  /// What matches the pattern of a source that was trusted.
  private mutating func ownMatches(of pattern: PathPattern, _ place: Int) -> OwnMatches {
    let answer = units[place].answer
    let known = Set(units[place].matches.map { ExactText($0.path) })
    // Out of this value while both are changed.
    var own = ways
    ways = LocalWays()
    defer { ways = own }
    var leadsOff = false
    // Who gives no time waits for all.
    units[place].listings.mostWork = options.readingTime == nil ? nil : options.limits.namesAtOnce
    let matches = pattern.matches(&units[place].listings, most: mostMatches) { path in
      guard answer.asks(path) else { return false }
      if !own.isLocal(path) { leadsOff = true }
      return !leadsOff
    } certain: { folder in
      own.isCertain(folder)
    } keeping: { path in
      answer.hangs(path) || known.contains(ExactText(path))
    }
    guard !leadsOff else { return .leadsOff }
    guard !units[place].listings.isOver else { return .tooMuch }
    units[place].isWalked = true
    units[place].lateSince = nil
    noteSize(place)
    return .found(matches)
  }
}
