internal import Glibc
internal import POSIX

/// What may hang is asked by a thread of its own before a look touches it (`FileProbe`, `PatternProbe`). What was good, and whose way is
/// found to lie on this machine's own disks at this moment (`LocalWays`), is not asked.
extension SourceSet {
  /// Finds out of all sources what answers. All are asked at the same time, so that many that hang take no longer than one.
  ///
  /// - Parameter end: so long is waited for them, on the monotonic clock.
  mutating func askAll(until end: UInt64) {
    let mountsHaveChanged = mounts.hasChanged()
    ways.begin(mountsHaveChanged: mountsHaveChanged)
    let areGood = areGood()
    var asked: [Int] = []
    for place in units.indices {
      // What lay on a local file system may lie below a mount by now, whose server does not answer.
      if mountsHaveChanged { units[place].forgetWhereItLies() }
      if !begin(place, wasGood: areGood[place]) { asked.append(place) }
    }
    wait(for: asked, until: end)
    for place in units.indices { units[place].hasAnswered = units[place].answer.isComplete }
  }

  /// Asks a source that was trusted: something in it leads where nobody knows whether it answers.
  mutating func askNow(_ place: Int, until end: UInt64) {
    if !begin(place, wasGood: false) { wait(for: [place], until: end) }
    units[place].hasAnswered = units[place].answer.isComplete
  }

  /// Begins to ask; false where its answer has to be waited for.
  private mutating func begin(_ place: Int, wasGood: Bool) -> Bool {
    let isLocal = isLocal(source: place)
    (units[place].isLocal, units[place].isTrusted) = (isLocal, false)
    if let probe = units[place].patternProbe {
      guard let answer = probe.begin(wasGood: wasGood && isLocal, isLocal: isLocal) else { return false }
      units[place].answer = answer
    } else {
      guard let answers = units[place].probe.begin(wasGood: wasGood && isLocal, isLocal: isLocal) else { return false }
      note(place, answers)
    }
    units[place].isTrusted = units[place].answer.isComplete
    return true
  }

  private mutating func note(_ place: Int, _ answers: Bool) {
    units[place].answer = PatternProbe.Answer(hanging: answers ? [] : [ExactText(units[place].settings.path)])
  }

  /// Waits for sources that are being asked. What gets no answer by then counts as hanging.
  private mutating func wait(for asked: [Int], until end: UInt64) {
    let start = Clock.monotonicNanoseconds
    let hasTime = start < end
    var patterns = asked.filter { units[$0].patternProbe != nil }
    let step = Self.seconds(until: end) / Double(PatternProbe.rounds)
    for round in 1...PatternProbe.rounds where !patterns.isEmpty {
      let until = start &+ Clock.nanoseconds(step * Double(round))
      patterns = patterns.filter { place in
        guard let answer = units[place].patternProbe?.wait(within: Self.seconds(until: until)) else { return true }
        units[place].answer = answer
        return false
      }
      guard hasTime else { break }
      patterns = patterns.filter { place in
        guard let answer = units[place].patternProbe?.goOn(isLast: round == PatternProbe.rounds) else { return true }
        units[place].answer = answer
        return false
      }
    }
    // Without time for it nothing is known of the rest.
    for place in patterns { units[place].answer = units[place].patternProbe?.partial ?? PatternProbe.Answer() }
    for place in asked where units[place].patternProbe == nil {
      note(place, units[place].probe.hasAnswered(within: Self.seconds(until: end)))
    }
  }

  /// Whether a file is read by whoever looks, for its answers come from this machine's own kernel.
  func isLocal(_ place: Int) -> Bool {
    let files = files.span
    return units[files[place].source].isLocal && !files[place].leadsOff
  }

  private mutating func isLocal(source place: Int) -> Bool {
    guard let pattern = units[place].pattern else { return ways.isLocal(units[place].settings.path) }
    guard ways.isLocal(pattern.base) else { return false }
    // Who lists it asks each folder, and who reads a file each file.
    if units[place].isLarge { return true }
    for folder in units[place].listings.folders where !ways.isLocal(folder) { return false }
    return true
  }

  /// A file that may be asked for.
  struct Found {
    /// What the kernel says of it; nil where it is to be asked.
    var status: stat?
  }

  /// Looks for a file; nil where it may not be asked for.
  ///
  /// - Parameter end: so long is waited where a source has to be asked.
  mutating func find(_ place: Int, _ neighbours: inout NeighbourFiles, until end: UInt64) -> Found? {
    let source = files.span[place].source
    guard asks(place) else { return nil }
    guard units[source].isLocal, let folder = files.span[place].place?.folder else { return Found() }
    var found = ways.isCertain(folder) ? status(place, &neighbours) : nil
    if let status = found, status.st_mode & S_IFMT == S_IFLNK { found = nil }
    // Where a pattern ends in a name, each way was looked at to see whether the file is there.
    let isKnown = units[source].isWalked && units[source].pattern?.endsInPattern == false
    let leadsOff = found == nil && !isKnown && !ways.isLocal(files.span[place].path)
    if files.span[place].leadsOff != leadsOff { files[place].leadsOff = leadsOff }
    guard leadsOff, units[source].isTrusted else { return Found(status: found) }
    askNow(source, until: end)
    return asks(place) ? Found() : nil
  }

  private func status(_ place: Int, _ neighbours: inout NeighbourFiles) -> stat? {
    let files = files.span
    return neighbours.status(of: files[place].place, before: place + 1 < files.count ? files[place + 1].place : nil)
  }

  /// Of each source whether it was good at the last look: of a pattern whether all of it answered, and no link leads off.
  private func areGood() -> [Bool] {
    var areGood: [Bool?] = units.map { $0.patternProbe != nil && !$0.hasAnswered ? false : nil }
    let files = files.span
    for place in files.indices {
      let source = files[place].source
      if units[source].patternProbe == nil {
        areGood[source] = areGood[source] ?? files[place].isUp
      } else if files[place].leadsOff {
        areGood[source] = false
      }
    }
    return units.indices.map { areGood[$0] ?? units[$0].hasAnswered }
  }
}
