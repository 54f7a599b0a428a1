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
  }

  /// The sources that are patterns.
  public var patterns: [PatternCount] {
    units.compactMap { unit in
      unit.pattern.map { PatternCount(pattern: $0.text, files: unit.matches.count, leftOut: unit.leftOut) }
    }
  }

  mutating func expandPatterns() {
    guard units.contains(where: { $0.pattern != nil }) else { return }
    var room = options.maximumFiles - units.count { $0.pattern == nil }
    var isChanged = false
    for place in units.indices {
      guard let pattern = units[place].pattern else { continue }
      if let hanging = units[place].hanging {
        if hanging.isEmpty, pattern.endsInPattern, units[place].room == room, units[place].listings.areUnchanged() {
          room -= units[place].matches.count
          continue
        }
        units[place].room = room
        var found = pattern.matches(&units[place].listings) { !PatternProbe.hangs($0, hanging) }
        units[place].listings.forgetUnused()
        let leftOut = max(0, found.count - max(0, room))
        if leftOut != units[place].leftOut { revision &+= 1 }
        units[place].leftOut = leftOut
        found.removeLast(units[place].leftOut)
        if found != units[place].matches {
          units[place].matches = found
          isChanged = true
        }
      }
      room -= units[place].matches.count
    }
    guard isChanged else { return }
    shown = []
    revision &+= 1
    var known: [Int: [String: SourceReader]] = [:]
    for file in files { known[file.source, default: [:]][file.path] = file }
    files = []
    for (place, unit) in units.enumerated() {
      let matches = unit.pattern == nil ? [PathPattern.Match(path: unit.settings.path, stars: [])] : unit.matches
      for match in matches { files.append(known[place]?[match.path] ?? makeReader(match, of: place)) }
    }
  }
}
