internal import Exposition
internal import Heartbeat
internal import Monitoring
internal import POSIX

/// Writes what the heartbeat file says of each process, and of itself.
struct HeartbeatCollector: Collector {
  private var data: DataFamilies
  private let showsStrings: Bool
  private var skipped = [UInt64](repeating: 0, count: HeartbeatSnapshot.SkipReason.allCases.count)
  private var dropped = SeriesDropCounts()
  /// What the last content of the file had dropped, to be counted again with the next of the same shape.
  private var droppedLast = SeriesDropCounts()
  /// The families whose text only changes with the file or the configuration.
  private var rendered: StyleCache<RenderedFamilies>
  private var versions = FamilyVersions()
  private let smallestChunk: Int
  private let styleBytes: Int
  /// What was said last of the file itself, which mostly stays as it is from scrape to scrape.
  private var fileText: KeptText<HeartbeatFileFigures.Counts>
  private var states: StateFamily
  private var alive: FlagFamily
  private var aliveFlags = AliveFlags()

  init(seriesPerProcess: Int, series: Int, showsStrings: Bool, limits: ScrapeLimits = ScrapeLimits()) {
    data = DataFamilies(
      perProcessLimit: seriesPerProcess, totalLimit: series, seriesBytes: limits.seriesBytes,
      rememberedNames: limits.names)
    self.showsStrings = showsStrings
    rendered = StyleCache(limit: limits.styles)
    smallestChunk = limits.smallestChunk
    styleBytes = limits.styleBytes
    fileText = KeptText(styles: limits.styles)
    states = StateFamily(styles: limits.styles)
    alive = FlagFamily(HeartbeatFamilies.alive, styles: limits.styles)
  }

  /// Forgets all text, and what it is made of but for the plan of the families, which goes with what is monitored.
  mutating func forget() {
    data.forget()
    rendered.forget()
    fileText.forget()
    states.forget()
    alive.forget()
    aliveFlags = AliveFlags()
  }

  /// Takes over new content of the file, and counts what was wrong with it.
  ///
  /// - Parameters:
  ///   - found: what was left out of the files.
  ///   - keepsProcesses: `monitored` shows the same processes as before, at the same places in the snapshot.
  ///   - hasNewTimeout: some timeout is another one.
  ///   - isNewContent: false where only the configuration or the retention changed what is shown.
  mutating func update(
    _ monitored: MonitoredProcesses, snapshot: HeartbeatSnapshot, skipped found: [HeartbeatSnapshot.SkipReason: Int],
    keepsProcesses: Bool, hasNewTimeout: Bool = false, isNewContent: Bool
  ) {
    if keepsProcesses, snapshot.changes.keepsShape {
      versions.note(snapshot.changes, hasNewTimeout: hasNewTimeout)
    } else {
      droppedLast = SeriesDropCounts()
      data.plan(for: monitored.processes, snapshot: snapshot, dropped: &droppedLast)
      versions.begin(keys: snapshot.keyPaths.count)
    }
    aliveFlags = AliveFlags()

    guard isNewContent else { return }
    for reason in SeriesDropReason.allCases { dropped[reason] &+= droppedLast[reason] }
    for (index, reason) in HeartbeatSnapshot.SkipReason.allCases.enumerated() {
      skipped[index] &+= UInt64(clamping: found[reason, default: 0])
    }
  }

  mutating func update(_ watch: borrowing ProcessWatch, _ change: ProcessWatch.Change) {
    update(
      watch.monitored, snapshot: watch.sources.snapshot, skipped: watch.sources.skipped,
      keepsProcesses: change.keepsProcesses, hasNewTimeout: change.hasNewTimeout, isNewContent: change.isNewContent)
  }

  mutating func collect(_ watch: borrowing ProcessWatch, _ moment: Moment, into body: inout ScrapeBody) -> Bool {
    collect(
      watch.monitored, snapshot: watch.sources.snapshot, sources: watch.sources, at: moment.now, into: &body)
    return watch.sources.isUp
  }

  private func write(
    _ place: Int, of monitored: MonitoredProcesses, snapshot: HeartbeatSnapshot,
    into exposition: inout Exposition
  ) {
    // By their places: each is large, and a loop over the values themselves would copy every one.
    let processes = monitored.processes
    switch FamilyVersions.Fixed(rawValue: place) {
    case .lastTimestamp:
      exposition.family(HeartbeatFamilies.lastTimestamp) { family in
        let labels = monitored.labels.span
        for place in processes.indices {
          guard let last = processes[place].lastHeartbeat else { continue }
          family.add(labels: labels.extracting(processes[place].labels), last)
        }
      }
    case .timeout:
      exposition.family(HeartbeatFamilies.timeout) { family in
        let labels = monitored.labels.span
        for place in processes.indices where !processes[place].isJob {
          family.add(labels: labels.extracting(processes[place].labels), processes[place].timeout)
        }
      }
    case .interval:
      exposition.family(HeartbeatFamilies.interval) { family in
        let labels = monitored.labels.span
        for place in processes.indices where !processes[place].isJob {
          guard let interval = processes[place].interval else { continue }
          family.add(labels: labels.extracting(processes[place].labels), interval)
        }
      }
    case .status:
      exposition.family(HeartbeatFamilies.status) { family in
        let labels = monitored.labels.span
        for place in processes.indices {
          guard let status = processes[place].status else { continue }
          family.add(
            labels: labels.extracting(processes[place].labels), "status", monitored.texts.span.extracting(status), 1)
        }
      }
    case .pid:
      exposition.family(HeartbeatFamilies.pid) { family in
        let labels = monitored.labels.span
        for place in processes.indices {
          guard let pid = processes[place].reportedPid else { continue }
          family.add(labels: labels.extracting(processes[place].labels), Double(pid))
        }
      }
    case nil:
      let place = place - FamilyVersions.Fixed.allCases.count
      if place < data.count(in: exposition.style.escaping) {
        data.write(place, of: processes, labels: monitored.labels, snapshot: snapshot, into: &exposition)
      } else {
        writeStrings(of: processes, labels: monitored.labels, snapshot: snapshot, into: &exposition)
      }
    }
  }

  /// Strings that are longer are cut, in bytes.
  private static let maximumStringLength = 256

  private func writeStrings(
    of processes: [MonitoredProcess], labels: [UInt8], snapshot: HeartbeatSnapshot, into exposition: inout Exposition
  ) {
    exposition.family(HeartbeatFamilies.dataInfo) { family in
      var line: [UInt8] = []
      for process in processes {
        guard let entry = process.entry else { continue }
        // A key with a dot in it may look like two keys.
        var paths: Set<[UInt8]> = []
        for string in snapshot.strings[snapshot.entries[entry].strings] {
          let path = snapshot.keyPaths[Int(widening: string.key)].components.joined(separator: ".")
          guard paths.insert(Array(path.utf8)).inserted else { continue }
          line.removeAll(keepingCapacity: true)
          line.append(contentsOf: labels[process.labels])
          Labels.append("key", path.utf8Span.span, to: &line)
          let value = UTF8Text.prefix(of: snapshot.bytes[string.value.range], HeartbeatCollector.maximumStringLength)
          family.add(labels: line.span, "value", value.span, 1)
        }
      }
    }
  }

  /// Writes who is silenced, also those of whom nothing else is known; without silences nothing.
  private func writeSilences(
    _ snapshot: HeartbeatSnapshot, _ settings: MonitoringSettings, at now: Double, into exposition: inout Exposition
  ) {
    let silences = snapshot.activeSilences(at: now).filter { $0.name != settings.reservedName }
    guard !silences.isEmpty else { return }
    exposition.family(HeartbeatFamilies.silencedUntil) { family in
      var labels: [UInt8] = []
      for (name, silence) in silences {
        labels.removeAll(keepingCapacity: true)
        settings.appendLabels(name[...], &labels)
        family.add(labels: labels.span, silence.until)
      }
    }
  }

  /// Writes the families of one scrape.
  ///
  /// - Parameter snapshot: what `update` was given last.
  mutating func collect(
    _ monitored: MonitoredProcesses, snapshot: HeartbeatSnapshot, sources: SourceSet, at now: Double,
    into body: inout ScrapeBody
  ) {
    let style = body.exposition.style
    body.append(states.render(monitored, in: style))
    body.exposition.family(HeartbeatFamilies.age) { family in
      let labels = monitored.labels.span
      let microseconds = MonitoredProcess.microseconds(now)
      let processes = monitored.processes
      for place in processes.indices {
        if let microseconds, let age = processes[place].age(atMicroseconds: microseconds) {
          family.add(labels: labels.extracting(processes[place].labels), microseconds: age)
        } else if let age = processes[place].age(at: now) {
          family.add(labels: labels.extracting(processes[place].labels), age)
        }
      }
    }
    if !aliveFlags.hold(at: now) { aliveFlags = AliveFlags(monitored.processes, at: now) }
    body.append(alive.render(aliveFlags.flags, of: monitored, in: style))
    writeSilences(snapshot, monitored.settings, at: now, into: &body.exposition)
    JobFamilies.write(monitored, into: &body.exposition)
    data.prepare(style.escaping, for: monitored.processes, snapshot: snapshot)
    // Moved out, so that what is kept is written to in place while this value is read.
    var rendered = StyleCache<RenderedFamilies>(limit: 1)
    swap(&rendered, &self.rendered)
    let chunks = rendered.with(style, initial: RenderedFamilies(smallestChunk: smallestChunk)) { families in
      families.render(
        versions.basis,
        { versions.all(data: data.versions(of: versions.keys, in: style.escaping), showsStrings: showsStrings) },
        in: style
      ) { place, exposition in write(place, of: monitored, snapshot: snapshot, into: &exposition) }
    }
    swap(&rendered, &self.rendered)
    for chunk in chunks { body.append(chunk) }
    if chunks.reduce(0, { $0 + $1.bytes.count }) > styleBytes {
      self.rendered.keepLast()
      states.keepLast()
      alive.keepLast()
    }
    let counts = HeartbeatFileFigures.Counts(
      revision: sources.revision, expired: monitored.expired, skipped: skipped, dropped: dropped)
    body.append(
      fileText.text(of: counts, in: style) { HeartbeatFileFigures(sources, counts).write(into: &$0) })
  }
}
