internal import Heartbeat

extension MonitoredProcesses {
  /// The place of each process by its name.
  func byName() -> [ArraySlice<UInt8>: Int] {
    var places: [ArraySlice<UInt8>: Int] = [:]
    places.reserveCapacity(processes.count)
    for (place, process) in processes.enumerated() { places[texts[process.name]] = place }
    return places
  }

  /// Appends a process of which nothing but its name and its configuration is known.
  mutating func append(
    _ name: ArraySlice<UInt8>, configuration: (process: ProcessConfiguration, index: Int)?, isNew: Bool, at now: Moment
  ) {
    let start = labels.count
    settings.appendLabels(name, &labels)
    processes.append(
      MonitoredProcess(
        name: append(name), labels: start..<labels.count, configured: configuration?.index,
        timeout: settings.timeout(configured: configuration?.process.timeout, source: nil, declaredInterval: nil),
        children: configuration?.process.children ?? false, isNew: isNew, seen: now))
  }

  /// Takes over what the file says of a process.
  mutating func take(
    _ snapshot: HeartbeatSnapshot, _ index: Int, sourceTimeout: Double?, for place: Int,
    _ configuration: ProcessConfiguration?
  ) {
    let entry = snapshot.entries[index]
    processes[place].entry = index
    processes[place].lastHeartbeat = entry.lastHeartbeat
    processes[place].declaredInterval = entry.interval
    processes[place].sourceTimeout = sourceTimeout
    processes[place].timeout = settings.timeout(
      configured: configuration?.timeout, source: sourceTimeout, declaredInterval: entry.interval)
    processes[place].reportedPid = entry.pid
    processes[place].isRemote =
      entry.host.map { !snapshot.bytes[$0.range].elementsEqual(settings.hostname) } ?? false
    processes[place].host = entry.host.map { append(snapshot.bytes[$0.range]) }
    takeStatus(snapshot, for: place, configuration)
  }

  private mutating func takeStatus(
    _ snapshot: HeartbeatSnapshot, for place: Int, _ configuration: ProcessConfiguration?
  ) {
    let word = processes[place].entry.flatMap { snapshot.entries[$0].status }.map { snapshot.bytes[$0.range] }
    processes[place].status = word.map { append($0) }
    processes[place].saidStopped =
      word.map { StoppedWords.contains($0, further: configuration?.stoppedWords ?? []) } ?? false
  }

  /// Writes the texts anew, with the status words that the file has now.
  mutating func renewTexts(_ snapshot: HeartbeatSnapshot, _ configured: [ProcessConfiguration]) {
    let old = texts
    texts.removeAll(keepingCapacity: true)
    for place in processes.indices {
      processes[place].name = append(old[processes[place].name])
      processes[place].host = processes[place].host.map { append(old[$0]) }
      if processes[place].entry == nil {
        processes[place].status = processes[place].status.map { append(old[$0]) }
      } else {
        takeStatus(snapshot, for: place, processes[place].configured.map { configured[$0] })
      }
    }
  }

  /// Notes what is known of a process as a job, once all else is.
  ///
  /// - Parameters:
  ///   - record: what its entry says of its runs; nil when that says nothing.
  ///   - plan: what the configuration says of it; nil when it says nothing.
  mutating func noteJob(_ place: Int, _ record: JobRecord?, _ plan: JobPlan?, at now: Moment) {
    let before = processes[place].job
    processes[place].job = nil
    guard record != nil || plan != nil else { return }
    let process = processes[place]
    let hasFailed = process.status.map { StoppedWords.isSame(texts[$0], "failed") } ?? false
    let beat = process.lastHeartbeat.map { JobRecord(beat: $0, hasFailed: hasFailed) }
    var record = record
    // Who says no exit code says by a word how the run went.
    if let said = record, said.exitCode == nil, said.lastSuccess == nil,
      process.status.map({ StoppedWords.isSame(texts[$0], "succeeded") }) ?? false
    {
      record?.exitCode = 0
    }
    processes[place].job = MonitoredJob(
      record ?? beat ?? JobRecord(), isSaid: record != nil, plan, seen: process.seen, watched: process.watched,
      before: before, at: now)
    if processes[place].job?.due != nil { clocked = now }
    processes[place].timeout = .infinity
    // That it ended is what a job is there for.
    processes[place].saidStopped = false
  }

  private mutating func append(_ text: ArraySlice<UInt8>) -> Range<Int> {
    let start = texts.count
    texts.append(contentsOf: text)
    return start..<texts.count
  }
}

/// What has vanished without a good-bye.
extension MonitoredProcesses {
  /// So many that are not configured are remembered: those that vanished first go. A file whose names change with every write has no
  /// end of them.
  public static let mostRemembered = 10_000
  /// Their names may take so many bytes together.
  static let mostRememberedBytes = 40 * mostRemembered

  /// So many are kept that said good-bye, are not configured, and are shown no more: those that vanished first go.
  static let mostDeparted = 1_000

  /// One of those.
  struct Departed: Sendable {
    var process: MonitoredProcess
    /// What its places point into.
    var texts: [UInt8] = []

    /// - Parameter texts: what its places have pointed into so far.
    init(_ process: MonitoredProcess, _ texts: [UInt8], at now: Moment) {
      self.process = process
      self.process.vanished = process.vanished ?? now
      self.process.name = append(texts[process.name])
      self.process.status = process.status.map { append(texts[$0]) }
      self.process.host = process.host.map { append(texts[$0]) }
    }

    private mutating func append(_ text: ArraySlice<UInt8>) -> Range<Int> {
      let start = texts.count
      texts.append(contentsOf: text)
      return start..<texts.count
    }
  }

  /// Goes on with a process that was just appended and that the file does not have any more.
  ///
  /// - Parameters:
  ///   - process: what was known of it.
  ///   - old: what its places point into.
  mutating func remember(
    _ process: MonitoredProcess, _ old: [UInt8], _ snapshot: HeartbeatSnapshot, _ configuration: ProcessConfiguration?,
    at now: Moment
  ) {
    // Who never beat has no entry that could be forgotten, and goes on as it was.
    guard process.lastHeartbeat == nil || isRemembered(process, named: old[process.name], snapshot, at: now) else {
      return
    }
    let place = processes.count - 1
    processes[place].reportedPid = process.reportedPid
    processes[place].isRemote = process.isRemote
    processes[place].host = process.host.map { append(old[$0]) }
    processes[place].status = process.status.map { append(old[$0]) }
    processes[place].lastHeartbeat = process.lastHeartbeat
    processes[place].declaredInterval = process.declaredInterval
    processes[place].sourceTimeout = process.sourceTimeout
    processes[place].timeout = settings.timeout(
      configured: configuration?.timeout, source: process.sourceTimeout, declaredInterval: process.declaredInterval)
    processes[place].vanished = process.lastHeartbeat == nil ? nil : process.vanished ?? now
    processes[place].saidStopped = process.saidStopped
    processes[place].goOn(from: process)
  }

  /// Goes on with those that nobody has configured.
  mutating func rememberOthers(
    _ old: MonitoredProcesses, _ places: [Int], _ snapshot: HeartbeatSnapshot, at now: Moment
  ) {
    var kept = places.filter { place in
      let process = old.processes[place]
      return isKept(process, named: old.texts[process.name], snapshot, at: now)
    }
    // A good-bye is the end of who is not configured, be it no more. Who is configured again has beaten all the same.
    depart(kept.filter { old.processes[$0].saidStopped }, of: old, at: now)
    kept.removeAll { old.processes[$0].saidStopped }
    let bytes = kept.reduce(0) { $0 + old.processes[$1].name.count }
    if kept.count > MonitoredProcesses.mostRemembered || bytes > MonitoredProcesses.mostRememberedBytes {
      kept.sort { (old.processes[$0].vanished ?? now).uptime > (old.processes[$1].vanished ?? now).uptime }
      var left = MonitoredProcesses.mostRememberedBytes
      let end = kept.prefix(MonitoredProcesses.mostRemembered).firstIndex { place in
        left -= old.processes[place].name.count
        return left < 0
      }
      kept = kept.prefix(end ?? MonitoredProcesses.mostRemembered).sorted()
    }
    for place in kept {
      append(old.texts[old.processes[place].name], configuration: nil, isNew: false, at: now)
      remember(old.processes[place], old.texts, snapshot, nil, at: now)
      noteJob(processes.count - 1, processes[processes.count - 1].job?.saidRecord, nil, at: now)
      let process = old.processes[place]
      memory.end(at: (process.vanished ?? now).uptime + settings.remember)
      noteExpiry(of: process, after: settings.retention(isJob: process.job?.saidRecord != nil))
    }
  }

  /// Whether the last beat of one that is not configured is older than the retention by either clock. By the time of day alone it may
  /// be that somebody has set that: it comes back when it is right again, and what was known of it would be lost.
  func hasExpired(_ process: MonitoredProcess, after retention: Double, at now: Moment) -> Bool {
    guard let last = process.lastHeartbeat, let beaten = process.beaten else { return false }
    return now.time - last > retention && now.passed(since: beaten) > retention
  }

  /// Notes when it expires by each clock.
  mutating func noteExpiry(of process: MonitoredProcess, after retention: Double) {
    guard let last = process.lastHeartbeat, let beaten = process.beaten else { return }
    span.end(at: last + retention)
    memory.end(at: beaten.uptime + retention)
  }

  private mutating func depart(_ places: [Int], of old: MonitoredProcesses, at now: Moment) {
    for place in places.prefix(MonitoredProcesses.mostDeparted) {
      let process = old.processes[place]
      departed[Array(old.texts[process.name])] = Departed(process, old.texts, at: now)
    }
    guard departed.count > MonitoredProcesses.mostDeparted else { return }
    let youngestFirst = departed.sorted {
      ($0.value.process.vanished ?? now).uptime > ($1.value.process.vanished ?? now).uptime
    }
    for one in youngestFirst.dropFirst(MonitoredProcesses.mostDeparted) { departed[one.key] = nil }
  }

  /// Whether something is known for long enough of one that is not configured.
  func isKept(
    _ process: MonitoredProcess, named name: ArraySlice<UInt8>, _ snapshot: HeartbeatSnapshot, at now: Moment
  ) -> Bool {
    process.lastHeartbeat != nil
      && !hasExpired(process, after: settings.retention(isJob: process.job?.saidRecord != nil), at: now)
      // By the clock that nobody sets: what is forgotten is not known any more when the time of day is right again.
      && now.passed(since: process.vanished ?? now) < settings.remember
      && isRemembered(process, named: name, snapshot, at: now)
  }

  private func isRemembered(
    _ process: MonitoredProcess, named name: ArraySlice<UInt8>, _ snapshot: HeartbeatSnapshot, at now: Moment
  ) -> Bool {
    guard settings.remember > 0, !forgotten.contains(Array(name)) else { return false }
    // What somebody has pruned since its last beat was meant to go.
    guard let pruned = snapshot.pruned[Array(name)], let last = process.lastHeartbeat else { return true }
    // By whichever clock it beats: what was seen before somebody pruned it was before that.
    return pruned < min(last, process.seen.time(by: now))
  }
}
