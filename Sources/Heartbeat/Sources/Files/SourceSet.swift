internal import JSON
internal import POSIX

/// All sources of heartbeats, as one content: files and folders, named one by one or by patterns.
///
/// Each file is read by itself, and one that is slow, huge or broken costs only itself. Of two processes of one name that of the
/// source that comes first is shown. To be used by one thread at a time.
public struct SourceSet: Sendable {
  /// What holds for all sources.
  public struct Options: Sendable {
    /// Paths of the processes' own data, joined by `.` or `_`, whose strings are kept.
    public var stringKeys: Set<String> = []
    /// A larger file is not read, in bytes.
    public var maximumSize = HeartbeatFile.defaultMaximumSize
    /// So many files are read, those of the first sources.
    public var maximumFiles = SourceSet.defaultMaximumFiles
    /// So many bytes of all files together are kept.
    public var maximumBytes = SourceSet.defaultMaximumBytes
    /// The zone in which clocks here go.
    public var zone = ZoneRules.local
    package var limits = ReadingLimits()

    /// The defaults.
    public init() {}
  }

  /// The default of `maximumFiles`.
  public static let defaultMaximumFiles = 1_000
  /// The default of `maximumBytes`: 64 MiB.
  public static let defaultMaximumBytes = 64 << 20
  /// Of all that is waited for files that are being written, this is the end, in nanoseconds.
  private static let patience: UInt64 = 100_000_000

  /// One source: what is said of it, and what its pattern matched.
  struct Unit: Sendable {
    var settings: SourceSettings
    var pattern: PathPattern?
    var listings: FolderListings
    var matches: [PathPattern.Match] = []
    var leftOut = 0
    /// For how many files there was room when it was last matched; nil before.
    var room: Int?
    var probe: FileProbe
    /// In the place of the probe, where the source is a pattern.
    var patternProbe: PatternProbe?
    /// The paths below which nothing answers; nil when nothing of the source does.
    var hanging: Set<String>? = []
    var hasAnswered = false

    func forgetWhereItLies() {
      probe.forget()
      patternProbe?.forget()
    }

    func asks(_ path: String) -> Bool { hanging.map { !PatternProbe.hangs(path, $0) } ?? false }
  }

  private var options: Options
  var units: [Unit]
  private let mounts = MountChanges()
  /// The files of all sources, in the sources' order; those of a pattern sorted by path.
  public private(set) var files: [SourceReader] = []
  /// Rises when what comes of the files changes.
  public private(set) var generation: UInt64 = 0
  /// Rises when anything that is said of the files differs from what was said before: their content, size, time, what is wrong.
  public private(set) var revision: UInt64 = 0
  /// Whether the last change was one of the content of the only file, so that what `changes` says of it holds.
  private var isOneFileStill = false
  private var shown: [UInt64] = []
  private var reader: SnapshotReader
  private var combined = HeartbeatSnapshot()
  private var spare = HeartbeatSnapshot()
  /// For each entry of `combined` the place of its file.
  private var owners: [Int32] = []
  /// Whether each entry comes from the file that it came from before.
  private var keepsOwners = false
  private var pruned: [[UInt8]: Double] = [:]

  /// Sources in their order; of several with one path the last one's settings count.
  ///
  /// - Parameter probe: in the place of the first source's own.
  public init(_ sources: [SourceSettings], options: Options = Options(), probe: FileProbe? = nil) {
    self.options = options
    reader = SnapshotReader(stringKeys: options.stringKeys, limits: options.limits, allowsNever: true)
    var places: [String: Int] = [:]
    units = []
    for settings in sources {
      if let place = places[settings.path] {
        units[place].settings = settings
        continue
      }
      places[settings.path] = units.count
      let pattern = PathPattern.isPattern(settings.path) ? PathPattern(settings.path) : nil
      let listings = FolderListings(grain: options.limits.timestampGrain)
      let ownProbe = FileProbe(path: settings.path)
      units.append(
        Unit(
          settings: settings, pattern: pattern, listings: listings, probe: units.isEmpty ? probe ?? ownProbe : ownProbe,
          patternProbe: pattern.map { PatternProbe($0, listings) }))
    }
    for (place, unit) in units.enumerated() where unit.pattern == nil {
      files.append(makeReader(PathPattern.Match(path: unit.settings.path, stars: []), of: place))
    }
  }

  /// Takes over what another one has read of the files of sources that both have: counters go on, and the last good content is served
  /// as before.
  ///
  /// - Returns: the paths of these files.
  public mutating func takeOver(from other: SourceSet) -> Set<String> {
    var kept: Set<String> = []
    var readers: [SourceReader] = []
    for place in units.indices {
      let old = other.units.firstIndex { $0.settings == units[place].settings }
      if let old, units[place].pattern != nil {
        units[place].matches = other.units[old].matches
        units[place].leftOut = other.units[old].leftOut
      }
      var known = old.map { old in other.files.filter { $0.source == old } } ?? []
      if known.isEmpty { known = files.filter { $0.source == place } } else { kept.formUnion(known.map(\.path)) }
      for index in known.indices { known[index].source = place }
      readers += known
    }
    files = readers
    generation = other.generation
    revision = other.revision &+ 1
    return kept
  }

  private func makeReader(_ match: PathPattern.Match, of unit: Int) -> SourceReader {
    SourceReader(
      path: match.path, source: unit,
      foreign: ForeignFile(units[unit].settings, stars: match.stars, zone: options.zone),
      stringKeys: options.stringKeys, maximumSize: options.maximumSize, limits: options.limits,
      mayBeFolder: units[unit].pattern == nil)
  }

  /// What is said of a source.
  public func settings(of source: Int) -> SourceSettings { units[source].settings }

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

  /// Whether all files are good.
  public var isUp: Bool {
    // By a span, here and elsewhere: an array gives a copy of all that is known of a file, which costs more than the question.
    let files = files.span
    for place in files.indices where !files[place].isUp { return false }
    return !files.isEmpty
  }

  /// What was wrong with the first bad file.
  public var lastProblem: HeartbeatFileProblem? {
    let files = files.span
    for place in files.indices { if let problem = files[place].lastProblem { return problem } }
    return nil
  }

  private var isOneFile: Bool { files.count == 1 && units.count == 1 && units[0].pattern == nil }

  /// What all files say together.
  public var snapshot: HeartbeatSnapshot {
    isOneFile ? files[0].folder?.snapshot ?? files[0].file.snapshot : combined
  }

  /// Whether the snapshot's `changes` tell in what it differs from the one before it.
  public var tellsChanges: Bool { isOneFile ? isOneFileStill : keepsOwners }

  /// The place of the file of an entry of the snapshot.
  public func file(ofEntry entry: Int) -> Int {
    isOneFile ? 0 : entry < owners.count ? Int(widening: owners[entry]) : 0
  }

  /// The timeout, in seconds, that the source of an entry says.
  public func timeout(ofEntry entry: Int) -> Double? {
    let file = file(ofEntry: entry)
    return file < files.count ? units[files[file].source].settings.timeout : nil
  }

  /// Unix time of the last change of the file of an entry.
  public func modified(ofEntry entry: Int) -> Double? {
    let file = file(ofEntry: entry)
    return file < files.count ? files[file].modified : nil
  }

  /// The file of an entry; in a folder of own files that of the process.
  public func path(ofEntry entry: Int) -> String? {
    let place = file(ofEntry: entry)
    guard place < files.count, entry < snapshot.entries.count else { return nil }
    guard files[place].folder != nil, let own = OwnFileName.file(of: snapshot.string(snapshot.entries[entry].name))
    else { return files[place].path }
    return OwnFileProblems.path(of: own, in: files[place].path)
  }

  /// What of the files is left out, by name: the first `EntryProblem.maximumCount` of all.
  public var problems: [EntryProblem] {
    var problems: [EntryProblem] = []
    let files = files.span
    for place in files.indices where problems.count < EntryProblem.maximumCount {
      problems += files[place].problems
    }
    return Array(problems.prefix(EntryProblem.maximumCount))
  }

  /// What of all files was left out.
  public var skipped: [HeartbeatSnapshot.SkipReason: Int] {
    var sum: [HeartbeatSnapshot.SkipReason: Int] = [:]
    let files = files.span
    for place in files.indices where files[place].skippedCount > 0 { sum.merge(files[place].skipped) { $0 + $1 } }
    return sum
  }

  /// The first source into which our own writers may write: a folder, or a file that is ours or is not there yet; nil when there
  /// is none.
  public static func own(_ sources: [SourceSettings]) -> String? {
    for settings in sources where !PathPattern.isPattern(settings.path) && [nil, .ours].contains(settings.layout) {
      var reader = SourceReader(
        path: settings.path, source: 0, foreign: ForeignFile(settings, zone: .utc), stringKeys: [],
        maximumSize: HeartbeatFile.defaultMaximumSize, limits: ReadingLimits(), mayBeFolder: true)
      reader.refresh(mayWait: true, until: Clock.monotonicNanoseconds + patience)
      if let layout = reader.layout { if [.ours, .folder].contains(layout) { return settings.path } else { continue } }
      if let failure = reader.lastProblem?.failure, failure != .noBeat { return settings.path }
    }
    return nil
  }

  /// Forgets what saves work: what was found last stays, for it is served as long as a file is bad.
  public mutating func forget() {
    for place in files.indices { files[place].forget() }
    for place in units.indices { units[place].listings.forget() }
    reader.forget()
    spare = HeartbeatSnapshot()
  }

  /// Looks at all files, and reads those that changed.
  ///
  /// - Parameter readTimeout: how long to wait for a file system that does not answer, in seconds.
  public mutating func refresh(readTimeout: Double) {
    let start = Clock.monotonicNanoseconds
    // What lay on a local file system may lie below a mount by now, whose server does not answer.
    let mayLieElsewhere = mounts.hasChanged()
    for place in units.indices {
      if mayLieElsewhere { units[place].forgetWhereItLies() }
      let left = max(0.05, readTimeout - Double(Clock.monotonicNanoseconds &- start) / 1e9)
      if let probe = units[place].patternProbe {
        units[place].hanging = probe.hanging(within: left, wasGood: units[place].hasAnswered)
      } else {
        let isGood = isFirstFileUp(of: place)
        units[place].hanging = units[place].probe.answers(within: left, wasGood: isGood) ? [] : nil
      }
      units[place].hasAnswered = units[place].hanging?.isEmpty ?? false
    }
    expandPatterns()
    var bytes = 0
    var paths = 0
    var isNews = false
    let allAnswer = units.allSatisfy { $0.hanging?.isEmpty ?? false }
    for place in files.indices {
      let outcome: SourceReader.Outcome
      if allAnswer || units[files[place].source].asks(files[place].path) {
        let mayWait = Clock.monotonicNanoseconds &- start < SourceSet.patience || files.count == 1
        let room = files.count == 1 ? Int.max : max(0, options.maximumBytes - bytes)
        outcome = files[place].refresh(mayWait: mayWait, until: start + SourceSet.patience, room: room)
      } else {
        outcome = files[place].refreshTimedOut(after: readTimeout)
      }
      bytes &+= outcome.length
      paths &+= outcome.pathCount
      if outcome.isNews { isNews = true }
      if outcome.turnedLeftOut { shown = [] }
      if !isOneFile, bytes > options.limits.keptBytes || paths > options.limits.rememberedPaths {
        files[place].keepTextAlone()
      }
    }
    if isNews { revision &+= 1 }
    // Of the same files with nothing new to say, the content is that of before.
    if isNews || shown.count != files.count { combineIfChanged() }
  }

  private func isFirstFileUp(of source: Int) -> Bool {
    let files = files.span
    for place in files.indices where files[place].source == source { return files[place].isUp }
    return false
  }

  private mutating func expandPatterns() {
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

  private func append(_ generations: inout [UInt64]) {
    let files = files.span
    for place in files.indices { generations.append(files[place].generation) }
  }

  private mutating func combineIfChanged() {
    var current: [UInt64] = []
    current.reserveCapacity(files.count)
    append(&current)
    guard current != shown else { return }
    revision &+= 1
    if isOneFile {
      keepsOwners = false
      isOneFileStill = !shown.isEmpty && current[0] == shown[0] &+ 1
      generation += 1
    } else {
      combine()
    }
    shown = current
  }

  /// Puts the processes of all files into one text of our own layout, which is read as a file of ours is: what did not change is
  /// compared and not parsed.
  private mutating func combine() {
    var text = combinedText
    combinedText = []
    text.removeAll(keepingCapacity: true)
    text.append(contentsOf: SourceText.head)
    var names: [ArraySlice<UInt8>: Int] = [:]
    var emitted: [Int32] = []
    pruned = [:]
    for place in files.indices {
      files[place].taken = []
      guard !files[place].isLeftOut else { continue }
      let snapshot = files[place].snapshot
      pruned.merge(snapshot.pruned) { max($0, $1) }
      for entry in snapshot.entries {
        let name = snapshot.bytes[entry.name.range]
        guard names[name] == nil else {
          files[place].taken.append(snapshot.string(entry.name))
          continue
        }
        names[name] = place
        if !emitted.isEmpty { text.append(UInt8(ascii: ",")) }
        SourceText.append(entry, of: snapshot, to: &text)
        emitted.append(Int32(truncatingIfNeeded: place))
      }
    }
    text.append(contentsOf: SourceText.tail)
    do throws(JSONParseError) {
      var next = try reader.read(text, into: &spare)
      next.pruned = pruned
      next.silences = silences(names)
      swap(&next, &combined)
      spare = next
    } catch {
      // Each part was read before, so that together they can only be too many.
      reader.forget()
      combined = HeartbeatSnapshot()
      emitted = []
    }
    if text.count <= options.limits.keptBytes {
      combinedText = text
    } else {
      reader.forget()
      spare = HeartbeatSnapshot()
    }
    keepsOwners = owners == emitted
    owners = emitted
    generation += 1
  }

  /// So many silences of all files together count.
  static let mostSilences = 10_000

  /// Whom the files silence: each its own processes, and any other one if nobody but root or this user could have written it.
  /// Else a user could silence the program of another one.
  ///
  /// - Parameter places: the place of the file of each process.
  private func silences(_ places: [ArraySlice<UInt8>: Int]) -> [[UInt8]: Silence] {
    var silences: [[UInt8]: Silence] = [:]
    let files = files.span
    for place in files.indices where !files[place].isLeftOut {
      let own = files[place].snapshot.silences.filter { places[$0.key[...]] == place }
      for (name, silence) in own.merging(files[place].silencesOfAny, uniquingKeysWith: { own, _ in own }) {
        if let known = silences[name], known.until >= silence.until { continue }
        guard silences[name] != nil || silences.count < SourceSet.mostSilences else { continue }
        silences[name] = silence
      }
    }
    return silences
  }

  /// For its memory alone.
  private var combinedText: [UInt8] = []
}
