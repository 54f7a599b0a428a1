public import Heartbeat
public import POSIX
public import Procfs

/// Watches processes: reads the sources of heartbeats that changed, joins it with the configuration, looks into /proc and judges.
///
/// Whoever shows processes shows what this says. To be used by one thread at a time.
public struct ProcessWatch: ~Copyable {
  /// Where heartbeats come from, as it was read last.
  public private(set) var sources: SourceSet
  /// Every process that is spoken of.
  public private(set) var monitored: MonitoredProcesses
  /// What the processes are configured as.
  public private(set) var configuration: Configuration
  /// Where processes are looked for; nil says nothing of whether they run.
  public let looker: ProcessLooker?

  /// Gets what a look found changed, all of it at once and never nothing; on the thread that looks.
  public typealias Subscriber = @Sendable (_ changes: [Transition]) -> Void

  private let subscribers: [Subscriber]
  private let readTimeout: Double
  private var search: ProcessSearch
  /// The content that `monitored` was made of; nil before the first and after a change of configuration.
  private var shownGeneration: UInt64?
  private var countedGeneration: UInt64 = 0
  /// What that content said of pruned processes, which may have vanished before.
  private var shownPruned: [[UInt8]: Double] = [:]
  private let retention: Double
  /// The processes of files that are read in another way since the configuration changed, and were not good since then: who is not in
  /// such a file may still be there.
  private var readAnew: [[UInt8]: ExactText] = [:]
  /// For how many command lines it took too many steps to say whether they look like a configured process, by its name.
  public private(set) var exceeded: [ExactText: UInt64] = [:]

  /// Watches sources, and reads nothing yet.
  ///
  /// - Parameters:
  ///   - readTimeout: how long to wait for a file system that does not answer, in seconds.
  ///   - subscribers: who wants to know of each change of state.
  public init(
    sources: SourceSet, settings: MonitoringSettings, configuration: Configuration, looker: ProcessLooker?,
    readTimeout: Double, subscribers: [Subscriber] = []
  ) {
    self.subscribers = subscribers
    self.sources = sources
    self.configuration = configuration
    self.looker = looker
    self.readTimeout = readTimeout
    monitored = MonitoredProcesses(settings)
    search = ProcessSearch(configuration.processes)
    retention = settings.retention
  }

  /// Goes on with another configuration.
  ///
  /// - Parameter sources: nil where they stay as they are.
  public mutating func configure(_ configuration: Configuration, sources: SourceSet? = nil) {
    self.configuration = configuration
    if var sources {
      let taken = sources.takeOver(from: self.sources)
      var gone: Set<[UInt8]> = []
      for process in monitored.processes {
        guard let entry = process.entry else { continue }
        let path = ExactText(self.sources.files[self.sources.file(ofEntry: entry)].path)
        guard !taken.asBefore.contains(path) else { continue }
        let name = Array(monitored.texts[process.name])
        // What a source that is gone told of is nobody's any more.
        if taken.anew.contains(path) { readAnew[name] = path } else { gone.insert(name) }
      }
      monitored.forget(gone)
      self.sources = sources
      countedGeneration = 0
    }
    search = ProcessSearch(configuration.processes)
    monitored.forgetEnds()
    shownGeneration = nil
    let names = Set(configuration.processes.map { ExactText($0.name) })
    exceeded = exceeded.filter { names.contains($0.key) }
  }

  /// Goes on with another name of this host: it can change.
  public mutating func setHostname(_ name: [UInt8]) {
    guard name != monitored.settings.hostname else { return }
    monitored.settings.hostname = name
    shownGeneration = nil
  }

  /// Goes on from what another one has seen of the processes, which no file tells any more.
  package mutating func goOn(from other: borrowing ProcessWatch) {
    monitored = other.monitored
    exceeded = other.exceeded
    readAnew = other.readAnew
    shownGeneration = nil
  }

  /// Forgets the texts of the files, which are read again.
  public mutating func forgetContent() { sources.forget() }

  /// Has the files and the configuration joined anew the next time.
  public mutating func joinAnew() { shownGeneration = nil }

  /// Forgets a process for good once its entry has vanished.
  public mutating func forget(_ name: String) {
    monitored.forget([Array(name.utf8)])
    shownGeneration = nil
  }

  /// What of the files is left out, by name: the first ones.
  public var problems: [EntryProblem] { sources.problems }

  /// How many entries, or parts of them, are left out of the files; `problems` names the first of them.
  public var entryProblemCount: Int {
    max(problems.count, sources.skipped.values.reduce(0, +))
  }

  /// Files that match a pattern and are not read.
  public var filesLeftOut: [FilesLeftOut] { sources.filesLeftOut }

  /// How much is left out: `filesLeftOut`, each pattern once, and what `problems` names the first of.
  public var problemCount: Int { entryProblemCount + filesLeftOut.count }

  /// That somebody works on the process of a place; nil when nobody does now.
  public func silence(of place: Int, at now: Double) -> Silence? {
    let silences = sources.snapshot.silences
    guard !silences.isEmpty else { return nil }
    return silences[Array(monitored.texts[monitored.processes[place].name])].flatMap { $0.isActive(at: now) ? $0 : nil }
  }

  /// In what the processes differ from the last time.
  public struct Change: Sendable {
    /// The same ones stand at the same places in the file; only what they say is new.
    public var keepsProcesses: Bool
    /// Some timeout is another one.
    public var hasNewTimeout: Bool
    /// The file says something that it did not say before.
    public var isNewContent: Bool
  }

  /// Reads the files that changed, and joins it with the configuration if either did.
  ///
  /// - Returns: nil when nothing changed.
  public mutating func refresh(at now: Double) -> Change? {
    sources.refresh(readTimeout: readTimeout)
    forgetReplaced()
    guard sources.generation != shownGeneration || !monitored.hold(at: now) else { return nil }
    // With a retention, an entry may come and go without the file's doing.
    let keepsProcesses =
      shownGeneration.map { sources.generation == $0 + 1 } ?? false && retention == 0 && monitored.hold(at: now)
      && sources.tellsChanges && sources.snapshot.changes.keepsProcesses && sources.snapshot.pruned == shownPruned
    var change = Change(
      keepsProcesses: keepsProcesses, hasNewTimeout: false, isNewContent: sources.generation != countedGeneration)
    if keepsProcesses {
      change.hasNewTimeout = monitored.takeOver(sources.snapshot, configured: configuration.processes, at: now)
    } else {
      monitored.join(
        sources.snapshot, configured: configuration.processes, modified: { sources.modified(ofEntry: $0) },
        sourceTimeout: { sources.timeout(ofEntry: $0) }, at: now)
    }
    shownPruned = sources.snapshot.pruned
    shownGeneration = sources.generation
    countedGeneration = sources.generation
    return change
  }

  /// Forgets who was in a file that is read in another way and good by now: who is in it still goes on, and others have not vanished.
  private mutating func forgetReplaced() {
    guard !readAnew.isEmpty else { return }
    let good = Set(sources.files.lazy.filter(\.isUp).map { ExactText($0.path) })
    let replaced = readAnew.filter { good.contains($0.value) }
    guard !replaced.isEmpty else { return }
    monitored.forget(Set(replaced.keys))
    for name in replaced.keys { readAnew[name] = nil }
    shownGeneration = nil
  }

  /// What one look found.
  public struct Look: Sendable {
    /// What is known of each process, in their order.
    public fileprivate(set) var findings: [ProcessSearch.Finding]
    /// What this very process uses; nil when it was not asked for, or cannot be seen.
    public let own: BoxedFigures?
    /// Whether `/proc` could be read.
    public let isReadable: Bool
    /// Whether it came to its end in time: else of the last processes nothing new is known, but that who had ended has.
    public let isWhole: Bool
    /// The files of processes that say nothing that can be used, the first of them.
    public let failures: [ProcfsError]
    /// Of which processes something was found.
    fileprivate let isFound: [Bool]
  }

  /// Looks for the processes at some places, and judges how they do.
  ///
  /// - Parameters:
  ///   - places: nil for all.
  ///   - wantsFigures: whether to read what they use.
  ///   - deadline: how long to wait for a `/proc` that hangs, by the monotonic clock, in nanoseconds.
  /// - Returns: nil when /proc is not asked.
  public mutating func look(
    at places: Range<Int>?, wantsFigures: Bool, until deadline: UInt64, at now: Double
  ) -> Look? {
    let places = places ?? monitored.processes.indices
    var look = look(at: places, wantsFigures: wantsFigures, until: deadline)
    var changes: [Transition] = []
    let moment = monitored.settings.moment(at: now)
    // By themselves, and by places: each has thousands, and a finding holds what others share.
    let (findings, isFound) = (look?.findings ?? [], look?.isFound ?? [])
    for (index, place) in places.enumerated() {
      var existence = Existence.unknown
      if index < findings.count {
        let count = findings[index].exceeded
        if count > 0 { exceeded[ExactText(monitored.name(of: place)), default: 0] &+= UInt64(clamping: count) }
        let counts = isFound[index] && !findings[index].isCut
        existence = monitored.note(place, counts ? findings[index].existence : nil)
        if !counts { look?.findings[index].existence = existence }
      }
      if let change = monitored.judge(place, existence, at: moment) { changes.append(change) }
    }
    if !changes.isEmpty { for subscriber in subscribers { subscriber(changes) } }
    return look
  }

  private func look(at places: Range<Int>, wantsFigures: Bool, until deadline: UInt64) -> Look? {
    guard let looker else { return nil }
    // Of all, what is known of others is of no use any more; of one alone nothing follows for the others.
    let isWhole = wantsFigures && places == monitored.processes.indices
    let wanted = monitored.processes.withUnsafeBufferPointer { processes in
      places.map { ProcessSearch.Wanted(processes[$0]) }
    }
    // What a search has found by then is told, and no other attempt is begun beside it.
    let now = Clock.monotonicNanoseconds
    let end = deadline &- (deadline &- min(now, deadline)) / 8
    let result = looker.look(until: deadline, forLookUps: places.count) { [search] table, readsLines, attempt in
      if isWhole { table.beginLook() }
      let sought = search.lookAtPids(
        of: wanted, table, wantsFigures: wantsFigures, goesOn: { attempt.goesOn }, attempt.report)
      if isWhole, attempt.goesOn { attempt.report(own: table.selfPID.flatMap { table.figures(of: $0) }) }
      attempt.searches(true)
      search.search(
        sought, of: wanted, table, wantsFigures: wantsFigures, readsCommandLines: readsLines,
        hasTime: {
          if Clock.monotonicNanoseconds < end { return true }
          attempt.cutShort()
          return false
        }, goesOn: { attempt.goesOn }, attempt.report)
      attempt.searches(false)
      guard isWhole, attempt.goesOn else { return }
      table.endLook()
    }
    return Look(
      findings: result.findings, own: result.own, isReadable: result.isReadable,
      isWhole: result.isWhole && result.found == places.count, failures: result.failures, isFound: result.isFound)
  }
}
