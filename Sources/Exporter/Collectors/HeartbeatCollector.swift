internal import Exposition
internal import Heartbeat

/// Writes what the heartbeat file says of each process, and of itself.
struct HeartbeatCollector {
  private var data: DataFamilies
  private let showsStrings: Bool
  private var skipped = [UInt64](repeating: 0, count: HeartbeatSnapshot.SkipReason.allCases.count)
  private var dropped = SeriesDropCounts()
  /// The families whose text only changes with the file or the configuration.
  private var unchanging: [RenderedChunk] = []
  private var alive = FlagFamily(HeartbeatFamilies.alive)

  init(seriesPerProcess: Int, series: Int, showsStrings: Bool) {
    data = DataFamilies(perProcessLimit: seriesPerProcess, totalLimit: series)
    self.showsStrings = showsStrings
  }

  /// Takes over new content of the file: renders what stays the same until the next change, and counts what was
  /// wrong with it.
  ///
  /// - Parameter isNewContent: false where only the configuration or the retention changed what is shown.
  mutating func update(_ monitored: MonitoredProcesses, snapshot: HeartbeatSnapshot, isNewContent: Bool) {
    var chunks = ChunkedExposition()
    var droppedNow = SeriesDropCounts()
    let processes = monitored.processes
    let labels = monitored.labels
    chunks.family(HeartbeatFamilies.lastTimestamp) { family in
      for process in processes {
        if let last = process.lastHeartbeat { family.add(labels: labels[process.labels], last) }
      }
    }
    chunks.family(HeartbeatFamilies.timeout) { family in
      for process in processes { family.add(labels: labels[process.labels], process.timeout) }
    }
    chunks.family(HeartbeatFamilies.status) { family in
      for process in processes {
        guard let entry = process.entry, let status = snapshot.entries[entry].status else { continue }
        family.add(labels: labels[process.labels], "status", snapshot.bytes[status.range], 1)
      }
    }
    chunks.family(HeartbeatFamilies.pid) { family in
      for process in processes {
        guard let entry = process.entry, let pid = snapshot.entries[entry].pid else { continue }
        family.add(labels: labels[process.labels], Double(pid))
      }
    }
    data.write(of: processes, labels: labels, snapshot: snapshot, dropped: &droppedNow, into: &chunks)
    if showsStrings { writeStrings(of: processes, labels: labels, snapshot: snapshot, into: &chunks) }
    unchanging = chunks.finish(replacing: unchanging)

    guard isNewContent else { return }
    for reason in SeriesDropReason.allCases { dropped[reason] &+= droppedNow[reason] }
    for (index, reason) in HeartbeatSnapshot.SkipReason.allCases.enumerated() {
      skipped[index] &+= UInt64(snapshot.skipped[reason, default: 0])
    }
  }

  /// Strings that are longer are cut, in bytes.
  private static let maximumStringLength = 256

  private func writeStrings(
    of processes: [MonitoredProcess], labels: [UInt8], snapshot: HeartbeatSnapshot, into chunks: inout ChunkedExposition
  ) {
    chunks.family(HeartbeatFamilies.dataInfo) { family in
      var line: [UInt8] = []
      for process in processes {
        guard let entry = process.entry else { continue }
        var keys: Set<Int> = []
        for string in snapshot.strings[snapshot.entries[entry].strings] where keys.insert(Int(string.key)).inserted {
          line.removeAll(keepingCapacity: true)
          line.append(contentsOf: labels[process.labels])
          let path = snapshot.keyPaths[Int(string.key)].components.joined(separator: ".")
          Labels.append("key", path.utf8, to: &line)
          let value = snapshot.bytes[string.value.range]
          family.add(labels: line[...], "value", UTF8Text.prefix(of: value, HeartbeatCollector.maximumStringLength), 1)
        }
      }
    }
  }

  /// Writes the families of one scrape.
  mutating func collect(
    _ monitored: MonitoredProcesses, file: HeartbeatFile, at now: Double, into body: inout ScrapeBody
  ) {
    let labels = monitored.labels
    body.exposition.family(HeartbeatFamilies.age) { family in
      for process in monitored.processes {
        if let age = process.ageInMicroseconds(at: now) {
          family.add(labels: labels[process.labels], microseconds: age)
        } else if let age = process.age(at: now) {
          family.add(labels: labels[process.labels], age)
        }
      }
    }
    let flags = monitored.processes.map { $0.isAlive(at: now) ? FlagFamily.Flag.one : .zero }
    body.append(alive.render(flags, of: monitored))
    for chunk in unchanging { body.append(chunk) }
    collectFile(file, expired: monitored.expired, into: &body.exposition)
  }

  private func collectFile(_ file: HeartbeatFile, expired: Int, into exposition: inout Exposition) {
    exposition.family(HeartbeatFamilies.fileUp, file.isUp ? 1 : 0)
    if let size = file.size { exposition.family(HeartbeatFamilies.fileSize, Double(size)) }
    if let updated = file.snapshot.lastUpdated { exposition.family(HeartbeatFamilies.fileLastUpdated, updated) }
    if let modified = file.modified { exposition.family(HeartbeatFamilies.fileModified, modified) }
    exposition.family(HeartbeatFamilies.fileEntries, Double(file.snapshot.entries.count))
    exposition.family(HeartbeatFamilies.fileExpiredEntries, Double(expired))
    exposition.family(HeartbeatFamilies.readErrors) { family in
      for reason in HeartbeatFileFailure.allCases {
        family.add(Labels(reason: reason.rawValue), Double(file.readErrors[reason, default: 0]))
      }
    }
    exposition.family(HeartbeatFamilies.entriesSkipped) { family in
      for (index, reason) in HeartbeatSnapshot.SkipReason.allCases.enumerated() {
        family.add(Labels(reason: reason.rawValue), Double(skipped[index]))
      }
    }
    exposition.family(HeartbeatFamilies.seriesDropped) { family in
      for reason in SeriesDropReason.allCases { family.add(Labels(reason: reason.rawValue), Double(dropped[reason])) }
    }
  }
}

extension Labels {
  /// The one label of the counters that say why.
  fileprivate init(reason: String) {
    self.init(["reason": reason])
  }
}
