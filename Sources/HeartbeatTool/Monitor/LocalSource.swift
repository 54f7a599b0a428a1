internal import Heartbeat
internal import JSON
internal import Monitoring
internal import POSIX
internal import Procfs

/// Looks at this host: the heartbeat files, the configured processes, `/proc`.
struct LocalSource: ~Copyable {
  private var watch: ProcessWatch
  private let procfs: Procfs
  private let clock: () -> Double
  private let host: HostFiles

  /// - Parameter clock: gives Unix time in seconds.
  init(
    sources: [SourceSettings], configuration: Configuration, timeout: Double, procfs: Procfs = Procfs(),
    clock: @escaping () -> Double = { Clock.realtime }
  ) {
    self.procfs = procfs
    self.clock = clock
    host = HostFiles(procfs)
    var settings = MonitoringSettings(
      timeout: timeout, hostname: Array(procfs.systemInfo().nodeName.utf8),
      reservedName: Array(HeartbeatEntry.exportersName.utf8))
    settings.uptime = { Clock.boottime }
    watch = ProcessWatch(
      sources: SourceSet(sources), settings: settings, configuration: configuration,
      looker: ProcessLooker(procfs.another()), readTimeout: LocalSource.readTimeout)
  }

  /// Has read what later looks at the host are compared with.
  func beginLooks() { host.begin() }

  /// How long a look waits for the file's file system, in seconds.
  private static let readTimeout = 5.0

  /// What there is to see now.
  mutating func look() -> HostView {
    var view = HostView(name: procfs.systemInfo().nodeName, time: clock())
    view.system = host.read()
    view.programs = programs(at: view.time)
    if let problem {
      // A configured process is never seen as long as there is no file: that is an answer.
      if problem.failure != .missing { view.failure = problem.description }
      if problem.failure == .missing, view.programs.isEmpty { view.absence = problem.description }
    }
    view.leftOut = leftOut
    return view
  }

  /// Looks at the programs alone, the configured ones first.
  ///
  /// - Parameter withData: whether what they say of themselves is wanted.
  mutating func programs(at now: Double, withData: Bool = false) -> [ProgramView] {
    _ = watch.refresh(at: now)
    let deadline = Clock.monotonicNanoseconds + Clock.nanoseconds(LocalSource.readTimeout)
    let found = watch.look(at: nil, wantsFigures: true, until: deadline, at: now)
    let processes = watch.monitored.processes
    // The configured ones first, in the order of the configuration.
    let places = processes.indices.sorted { one, other in
      let (first, second) = (processes[one].configured ?? .max, processes[other].configured ?? .max)
      return (first, one) < (second, other)
    }
    var programs: [ProgramView] = []
    let isBlind = watch.sources.files.contains { ($0.lastProblem?.failure ?? .missing) != .missing }
    for place in places {
      var program = program(place, found?.findings[place], at: now)
      program.isDoubtful = isBlind && program.verdict.reason == .neverSeen
      if withData { program.data = processes[place].entry.map { data(of: $0, program.name) } ?? [:] }
      programs.append(program)
    }
    return programs
  }

  private func data(of entry: Int, _ name: String) -> JSONValue {
    let snapshot = watch.sources.snapshot
    let source = snapshot.bytes[snapshot.entries[entry].source]
    guard case .object(let object)? = try? JSONValue(parsing: Array(source)) else { return [:] }
    return HeartbeatEntry(name: name, entry: object).additionalData
  }

  /// Why a file could not be read at the last look: one that is there counts before one that is not.
  var problem: HeartbeatFileProblem? {
    let problems = watch.sources.files.compactMap(\.lastProblem)
    return problems.first { $0.failure != .missing } ?? watch.sources.lastProblem
  }

  /// What of the files is left out.
  var leftOut: LeftOut {
    let named = watch.problems
    return LeftOut(
      files: watch.filesLeftOut, named: named, others: max(0, watch.entryProblemCount - named.count))
  }

  /// The patterns that no file matches: there may be one later.
  var emptyPatterns: [String] { watch.sources.emptyPatterns }

  private func program(_ place: Int, _ finding: ProcessSearch.Finding?, at now: Double) -> ProgramView {
    let process = watch.monitored.processes[place]
    let name = watch.monitored.name(of: place)
    var pid = process.reportedPid
    if case .yes(let found, _)? = finding?.existence { pid = found }
    return ProgramView(
      name: name,
      title: process.configured.flatMap { watch.configuration.processes[$0].displayName } ?? name,
      isConfigured: process.configured != nil, verdict: process.verdict ?? Verdict(.never, .neverSeen),
      isUp: finding?.existence.isUp, status: process.status.map(watch.monitored.text), pid: pid,
      host: process.host.map(watch.monitored.text), runtime: finding?.figures?.value.startTime.map { now - $0 },
      lastBeat: process.lastHeartbeat, age: process.age(at: now), timeout: process.timeout,
      residentBytes: finding?.figures.map { Double($0.value.residentBytes) },
      silence: watch.silence(of: place, at: now),
      nextDue: process.job?.due, dueIn: process.job?.due.map { $0 - now })
  }
}
