public import Heartbeat

/// The heartbeat file, the configuration and what is remembered, joined: every process that is spoken of. It is put together anew
/// only when one of these changed, or when the time of an entry has come.
public struct MonitoredProcesses: Sendable {
  /// In the order of the file; then the configured ones that the file does not have, in the order of the configuration; then those
  /// whose entries have vanished.
  public internal(set) var processes: [MonitoredProcess] = []
  /// Names, status words and hosts of the processes.
  public internal(set) var texts: [UInt8] = []
  /// What their watcher made of the processes' names.
  public internal(set) var labels: [UInt8] = []
  /// How many entries are left out because they are older than the retention.
  public internal(set) var expired = 0
  /// While the same entries are left out, by the time of day.
  var span = QuietSpan(around: 0)
  /// While the same ones are left out and remembered, by the clock that nobody sets.
  var memory = QuietSpan(around: 0)
  /// When something was said last that depends on how the time of day is set: when a job is due, who was pruned. nil where nothing was.
  var clocked: Moment?
  /// What has changed, the newest last.
  public internal(set) var transitions: [Transition] = []

  /// Another one for each set of processes; two values with the same one have the same labels at the same places.
  public internal(set) var generation: UInt64 = 0
  /// What holds for all of them.
  public internal(set) var settings: MonitoringSettings
  /// Who said good-bye and is shown no more, by name.
  var departed: [[UInt8]: Departed] = [:]
  /// Names whose entries must not be remembered once they have vanished.
  var forgotten: Set<[UInt8]> = []
  /// How often all processes were gone through to forget some.
  private(set) var passes = 0

  /// Nothing to speak of yet.
  public init(_ settings: MonitoringSettings) {
    self.settings = settings
  }

  /// Joins the file with the configuration, and goes on with what is known of the processes.
  ///
  /// - Parameters:
  ///   - modified: Unix time at which the file of an entry was last written: no beat in it is younger.
  ///   - sourceTimeout: what the source of an entry says of its timeout, in seconds.
  public mutating func join(
    _ snapshot: HeartbeatSnapshot, configured: [ProcessConfiguration], modified: (Int) -> Double?,
    sourceTimeout: (Int) -> Double? = { _ in nil }, at now: Double
  ) {
    var old = MonitoredProcesses(settings)
    swap(&old, &self)
    (generation, transitions, forgotten) = (old.generation + 1, old.transitions, old.forgotten)
    passes = old.passes
    let moment = settings.moment(at: now)
    departed = old.departed.filter { isKept($0.value.process, named: $0.key[...], snapshot, at: moment) }
    span = QuietSpan(around: now)
    memory = QuietSpan(around: moment.uptime)
    if !snapshot.pruned.isEmpty { clocked = moment }
    var history = old.byName()
    var configurationIndex: [[UInt8]: Int] = [:]
    for (index, process) in configured.enumerated() { configurationIndex[Array(process.name.utf8)] = index }
    var isMissing = [Bool](repeating: true, count: configured.count)
    processes.reserveCapacity(snapshot.entries.count + configured.count)

    for (index, entry) in snapshot.entries.enumerated() {
      let name = snapshot.bytes[entry.name.range]
      let before = history.isEmpty ? nil : history.removeValue(forKey: name)
      let position = configurationIndex.isEmpty ? nil : configurationIndex[Array(name)]
      if let position {
        isMissing[position] = false
      }
      let retention = settings.retention(isJob: entry.job != nil)
      var isOld = false
      if position == nil, let last = entry.lastHeartbeat {
        span.end(at: last + retention)
        if now - last > retention {
          // Only of one that has beaten before it is known how long ago that was by the other clock. Another beat is one of now.
          guard let before, let known = old.processes[before].lastHeartbeat,
            known != last || !hasExpired(old.processes[before], after: retention, at: moment)
          else {
            expired += 1
            continue
          }
          isOld = true
        }
      }
      append(name, configuration: position.map { (configured[$0], $0) }, isNew: old.generation > 0, at: moment)
      let last = processes.count - 1
      take(snapshot, index, sourceTimeout: sourceTimeout(index), for: last, position.map { configured[$0] })
      if let before {
        processes[last].goOn(from: old.processes[before])
        if isOld { noteExpiry(of: processes[last], after: retention) }
      } else {
        if !departed.isEmpty { departed[Array(name)] = nil }
        // A beat that is seen for the first time was written when the file was, at the latest.
        if let modified = modified(index) { processes[last].seen = moment.before(max(0, now - modified)) }
      }
      noteJob(last, entry.job.map { snapshot.jobs[$0] }, position.flatMap { configured[$0].job }, at: moment)
    }
    for (index, process) in configured.enumerated() where isMissing[index] {
      let name = Array(process.name.utf8)[...]
      guard !name.elementsEqual(settings.reservedName) else { continue }
      append(name, configuration: (process, index), isNew: old.generation > 0, at: moment)
      if let before = history.removeValue(forKey: name) {
        remember(old.processes[before], old.texts, snapshot, process, at: moment)
      } else if let before = departed.removeValue(forKey: Array(name)) {
        remember(before.process, before.texts, snapshot, process, at: moment)
      }
      noteJob(processes.count - 1, processes[processes.count - 1].job?.saidRecord, process.job, at: moment)
    }
    rememberOthers(old, history.values.sorted(), snapshot, at: moment)
    forgotten = []
  }

  /// So many seconds between two readings of both clocks are no step of the one.
  private static let clocksReadApart = 0.1

  /// Whether the same entries would be left out and remembered now, and jobs be due at the same times; a clock may also step back.
  public func hold(at now: Double) -> Bool {
    let moment = settings.moment(at: now)
    return span.contains(moment.time) && memory.contains(moment.uptime)
      && clocked.map { moment.step(since: $0).magnitude < MonitoredProcesses.clocksReadApart } ?? true
  }

  /// Takes over new beats of the same processes.
  ///
  /// - Parameter snapshot: one with the same processes in the same order as the last, each on the same host.
  /// - Returns: whether some timeout is another one now.
  public mutating func takeOver(
    _ snapshot: HeartbeatSnapshot, configured: [ProcessConfiguration], at now: Double
  ) -> Bool {
    var hasNewTimeout = false
    let moment = settings.moment(at: now)
    if snapshot.changes.hasNewStatus { renewTexts(snapshot, configured) }
    for place in processes.indices {
      guard let index = processes[place].entry else { continue }
      let entry = snapshot.entries[index]
      if let last = entry.lastHeartbeat { processes[place].noteBeat(last, at: moment) }
      processes[place].notePid(entry.pid)
      let isJob = entry.job != nil || processes[place].isJob
      guard isJob || entry.interval != processes[place].declaredInterval else { continue }
      let before = processes[place].timeout
      processes[place].declaredInterval = entry.interval
      processes[place].timeout = settings.timeout(
        configured: processes[place].configured.flatMap { configured[$0].timeout },
        source: processes[place].sourceTimeout, declaredInterval: entry.interval)
      if isJob {
        noteJob(
          place, entry.job.map { snapshot.jobs[$0] }, processes[place].configured.flatMap { configured[$0].job },
          at: moment)
      }
      if before != processes[place].timeout { hasNewTimeout = true }
    }
    return hasNewTimeout
  }

  /// Forgets processes for good once their entries have vanished, or now if they have: all in one pass, for as many may be
  /// forgotten at once as there are.
  public mutating func forget(_ names: Set<[UInt8]>) {
    guard !names.isEmpty else { return }
    passes += 1
    for process in processes {
      let name = Array(texts[process.name])
      // Only whom the file still had can vanish.
      if names.contains(name) { forgotten.insert(name) }
    }
    if !departed.isEmpty { departed = departed.filter { !names.contains($0.key) } }
  }

  /// Notes what a look found of a process.
  ///
  /// - Parameter found: nil where the look did not come to it.
  /// - Returns: what is known of it now.
  mutating func note(_ place: Int, _ found: Existence?) -> Existence { processes[place].noteExistence(found) }

  /// Forgets who was found not to be there: what they are looked for by may be another thing now.
  mutating func forgetEnds() {
    for place in processes.indices { processes[place].forgetEnd() }
  }

  /// Judges how a process does.
  ///
  /// - Parameter existence: what the kernel says of it now.
  /// - Returns: what has changed; nil when nothing has.
  @discardableResult
  public mutating func judge(_ place: Int, _ existence: Existence, at now: Double) -> Transition? {
    judge(place, existence, at: settings.moment(at: now))
  }

  /// The same.
  @discardableResult
  mutating func judge(_ place: Int, _ existence: Existence, at now: Moment) -> Transition? {
    let before = processes[place].verdict
    let verdict = processes[place].facts(at: now, existence).verdict
    guard before != verdict else { return nil }
    processes[place].verdict = verdict
    if before?.state != verdict.state { processes[place].since = now.time }
    // What is there when the watch begins is no change.
    guard before != nil || processes[place].isNew else { return nil }
    if transitions.count >= Transition.most { transitions.removeFirst(Transition.most / 10) }
    let transition = Transition(process: name(of: place), time: now.time, from: before, to: verdict)
    transitions.append(transition)
    return transition
  }

  /// The names of those whose entries have vanished and that are remembered.
  public var vanishedNames: Set<[UInt8]> {
    var names: Set<[UInt8]> = []
    for place in processes.indices where processes[place].vanished != nil {
      names.insert(Array(texts[processes[place].name]))
    }
    return names
  }

  /// The place of the process of a name.
  public func place(of name: String) -> Int? {
    processes.firstIndex { texts[$0.name].elementsEqual(name.utf8) }
  }

  /// The name of a process.
  public func name(of place: Int) -> String { text(processes[place].name) }

  /// A piece of the texts.
  public func text(_ range: Range<Int>) -> String { String(decoding: texts[range], as: UTF8.self) }
}
