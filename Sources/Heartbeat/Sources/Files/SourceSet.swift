internal import Glibc
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
    /// So many seconds a look may take in all while large files are read, before it goes on without them: they are shown by the next one
    /// that finds them read. nil waits for all of them.
    public var readingTime: Double?
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
    /// What of it answers.
    var answer = PatternProbe.Answer()
    var hasAnswered = false
    /// Whether all that a look touches of it lies on this machine's own disks, but for what links in a pattern's folders lead to.
    var isLocal = false
    /// Whether nobody asked it in this look, as it is local and was good.
    var isTrusted = false
    /// Whether its pattern has so many names to be looked at that another thread lists them.
    var isLarge = false
    /// Whether whoever looks has asked the way to each of its files in this look.
    var isWalked = false
    /// Since when nothing came of the thread that lists it, on the monotonic clock.
    var lateSince: UInt64?
    /// Whether that is told.
    var isToldLate = false
    /// The folders of a pattern that never answered, or that cannot be listed: nobody knows what is in them.
    var unknownFolders: [PathPattern.Match] = []

    func forgetWhereItLies() {
      probe.forget()
      patternProbe?.forget()
    }
  }

  var options: Options
  var units: [Unit]
  let mounts = MountChanges()
  var ways = LocalWays()
  var lister = PatternLister()
  /// The files of all sources, in the sources' order; those of a pattern sorted by path.
  public internal(set) var files: [SourceReader] = []
  /// Rises when what comes of the files changes.
  public internal(set) var generation: UInt64 = 0
  /// Rises when anything that is said of the files differs from what was said before: their content, size, time, what is wrong.
  public internal(set) var revision: UInt64 = 0
  /// Whether all files were good at the last look.
  public internal(set) var isUp = false
  /// Whether the last change was one of the content of the only file, so that what `changes` says of it holds.
  var isOneFileStill = false
  var shown: [UInt64] = []
  var reader: SnapshotReader
  var combined = HeartbeatSnapshot()
  var spare = HeartbeatSnapshot()
  /// For each entry of `combined` the place of its file.
  var owners: [Int32] = []
  /// Whether each entry comes from the file that it came from before.
  var keepsOwners = false
  var pruned: [[UInt8]: Double] = [:]
  /// The processes of files that the last look found under another name, as if they were pruned now.
  var renamed: [[UInt8]: Double] = [:]
  var longReading = LongReading()
  /// What others read now, where a look did not wait for that to its end.
  var underway = Underway()
  /// How many readings and how many looks there were.
  var readings: UInt64 = 0
  var looks: UInt64 = 0
  /// What the look under way has spent on files that are not large, in nanoseconds.
  var direct: UInt64 = 0
  /// Whether the look under way found something new.
  var hasNews = false
  /// Failures of files of patterns that are not there now, for a counter never goes back: of as many as files are read.
  var goneErrors: [ExactText: [HeartbeatFileFailure: UInt64]] = [:]

  /// Sources in their order; of several with one path the last one's settings count.
  ///
  /// - Parameter probe: in the place of the first source's own.
  public init(_ sources: [SourceSettings], options: Options = Options(), probe: FileProbe? = nil) {
    self.options = options
    reader = SnapshotReader(stringKeys: options.stringKeys, limits: options.limits, keepsStrangePids: true)
    var places: [ExactText: Int] = [:]
    units = []
    for settings in sources {
      if let place = places[ExactText(settings.path)] {
        units[place].settings = settings
        continue
      }
      places[ExactText(settings.path)] = units.count
      let pattern = PathPattern.isPattern(settings.path) ? PathPattern(settings.path) : nil
      let listings = FolderListings(grain: options.limits.timestampGrain)
      let ownProbe = FileProbe(path: settings.path)
      units.append(
        Unit(
          settings: settings, pattern: pattern, listings: listings, probe: units.isEmpty ? probe ?? ownProbe : ownProbe,
          patternProbe: pattern.map { PatternProbe($0, listings, most: SourceSet.mostMatches(options)) }))
    }
    for (place, unit) in units.enumerated() where unit.pattern == nil {
      files.append(makeReader(PathPattern.Match(path: unit.settings.path, stars: []), of: place))
    }
  }

  /// So many files of a pattern are found, and further ones only counted: more than are read, as not all that match need be files.
  var mostMatches: Int { Self.mostMatches(options) }

  private static func mostMatches(_ options: Options) -> Int {
    let (most, isTooLarge) = options.maximumFiles.multipliedReportingOverflow(by: 4)
    return isTooLarge ? PathPattern.most : min(max(most, 1), PathPattern.most)
  }

  func makeReader(_ match: PathPattern.Match, of unit: Int) -> SourceReader {
    SourceReader(
      path: match.path, source: unit,
      foreign: ForeignFile(units[unit].settings, stars: match.stars, zone: options.zone),
      stringKeys: options.stringKeys, maximumSize: options.maximumSize, limits: options.limits,
      mayBeFolder: units[unit].pattern == nil, isText: match.isText, unlisted: match.unlisted)
  }

  /// What is said of a source.
  public func settings(of source: Int) -> SourceSettings { units[source].settings }

  var isOneFile: Bool { files.count == 1 && units.count == 1 && units[0].pattern == nil }

  /// What all files say together.
  public var snapshot: HeartbeatSnapshot {
    isOneFile ? files[0].folder?.value.snapshot ?? files[0].file.snapshot : combined
  }

  /// Whether the snapshot's `changes` tell in what it differs from the one before it.
  public var tellsChanges: Bool { isOneFile ? isOneFileStill : keepsOwners }

  /// How long one source may take to say what it is, in seconds.
  private static let ownPatience = 1.0

  /// The first source into which our own writers may write: a folder, or a file that is ours or is not there yet; nil when there
  /// is none. One whose file system does not answer may be one.
  public static func own(_ sources: [SourceSettings]) -> String? {
    for settings in sources where !PathPattern.isPattern(settings.path) && [nil, .ours].contains(settings.layout) {
      guard FileProbe(path: settings.path).answers(within: ownPatience, wasGood: false) else { return settings.path }
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
    let asked = start &+ Clock.nanoseconds(readTimeout)
    askAll(until: asked)
    let gone = expandPatterns(until: asked)
    var bytes = 0
    var paths = 0
    looks &+= 1
    (hasNews, direct) = (false, 0)
    let patience = start + SourceSet.patience
    let end = start &+ (options.readingTime.map { Clock.nanoseconds($0) } ?? 0)
    // They have a thread that is in hand, or their turn before others.
    let known = options.readingTime.map { goOnReading(within: $0, until: end, patience: patience) } ?? [:]
    isUp = !files.isEmpty
    var neighbours = NeighbourFiles()
    for place in files.indices {
      let outcome: SourceReader.Outcome
      let room = files.count == 1 ? Int.max : max(0, options.maximumBytes - bytes)
      if let known = known[place] {
        outcome = files[place].fit(known, room: room)
      } else if let found = find(place, &neighbours, until: asked) {
        let mayWait = Clock.monotonicNanoseconds &- start < SourceSet.patience || files.count == 1
        outcome =
          found.status.flatMap { unchanged(place, $0, room) }
          ?? look(place, found.status, room: room, mayWait: mayWait, until: end, patience: patience)
      } else {
        let hangs = units[files[place].source].answer.hangs(files[place].path)
        outcome = files[place].refreshTimedOut(after: hangs ? readTimeout : nil)
      }
      bytes &+= outcome.length
      paths &+= outcome.pathCount
      if outcome.isNews { hasNews = true }
      if !outcome.isUp { isUp = false }
      if outcome.turnedLeftOut { shown = [] }
      if !isOneFile, bytes > options.limits.keptBytes || paths > options.limits.rememberedPaths {
        files[place].keepTextAlone()
      }
    }
    if hasNews { revision &+= 1 }
    renamed = renamed(gone)
    // Of the same files with nothing new to say, the content is that of before.
    if hasNews || shown.count != files.count {
      // There may have been others beside it, or it was read while there were.
      if isOneFile { files[0].takeUpValues() }
      combineIfChanged()
    }
  }

  private func unchanged(_ place: Int, _ found: stat, _ room: Int) -> SourceReader.Outcome? {
    let files = files.span
    return files[place].outcome(found, room: room)
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

  /// For its memory alone.
  var combinedText: [UInt8] = []
}
