internal import Exposition
internal import Heartbeat
internal import POSIX

/// What is said of the heartbeat files themselves, and of what could not be read or shown of them.
struct HeartbeatFileFigures {
  private let files: [File]
  private let patterns: [SourceSet.PatternCount]
  private let counts: Counts

  /// What is counted beside what the files say of themselves.
  struct Counts: Equatable {
    /// The sources' `revision`: what they say of the files.
    var revision: UInt64
    /// How many entries are not shown because they are too old.
    var expired: Int
    /// What of the entries was left out, for each reason in the order of its cases.
    var skipped: [UInt64]
    /// The series that were left out.
    var dropped: SeriesDropCounts
  }

  private struct File {
    let path: String
    let isUp: Bool
    let size: Int?
    let updated: Double?
    let modified: Double?
    let entries: Int
    let left: Int
    let readErrors: [HeartbeatFileFailure: UInt64]
    /// It was named by itself, so that all reasons are told from the beginning.
    let isNamed: Bool
  }

  init(_ sources: SourceSet, _ counts: Counts) {
    var paths: Set<ExactText> = []
    var files: [File] = []
    files.reserveCapacity(sources.files.count)
    let known = sources.files
    // By a span: a copy of what is known of each of a thousand files costs more than all else here. Two sources may have one.
    let all = known.span
    for place in all.indices where paths.insert(ExactText(all[place].path)).inserted {
      files.append(
        File(
          path: all[place].path, isUp: all[place].isUp, size: all[place].size, updated: all[place].lastUpdated,
          modified: all[place].modified, entries: all[place].entryCount, left: all[place].skippedCount,
          readErrors: all[place].readErrors,
          isNamed: !sources.isPattern(all[place].source)))
    }
    self.files = files
    patterns = sources.patterns
    self.counts = counts
  }

  func write(into exposition: inout Exposition) {
    let labels = files.map { Labels(["file": $0.path]) }
    func write(_ family: MetricFamily, _ value: (File) -> Double?) {
      guard files.contains(where: { value($0) != nil }) else { return }
      exposition.family(family) { samples in
        for (file, labels) in zip(files, labels) { if let value = value(file) { samples.add(labels, value) } }
      }
    }
    write(HeartbeatFamilies.fileUp) { $0.isUp ? 1 : 0 }
    write(HeartbeatFamilies.fileSize) { $0.size.map { Double($0) } }
    write(HeartbeatFamilies.fileLastUpdated) { $0.updated }
    write(HeartbeatFamilies.fileModified) { $0.modified }
    write(HeartbeatFamilies.fileEntries) { Double($0.entries) }
    write(HeartbeatFamilies.fileSkippedEntries) { Double($0.left) }
    exposition.family(HeartbeatFamilies.fileExpiredEntries, Double(counts.expired))
    if !patterns.isEmpty {
      exposition.family(HeartbeatFamilies.patternFiles) { samples in
        // None is not said of folders that never answered.
        for pattern in patterns where pattern.isKnown || pattern.files > 0 {
          samples.add(Labels(["pattern": pattern.pattern]), Double(pattern.files))
        }
      }
      exposition.family(HeartbeatFamilies.patternFilesLeftOut) { samples in
        for pattern in patterns { samples.add(Labels(["pattern": pattern.pattern]), Double(pattern.leftOut)) }
      }
    }
    writeReadErrors(into: &exposition)
    func write<Reason: CaseIterable & RawRepresentable<String>>(
      _ family: MetricFamily, _: Reason.Type, _ count: (_ place: Int, _ reason: Reason) -> UInt64
    ) {
      exposition.family(family) { samples in
        for (place, reason) in Reason.allCases.enumerated() {
          samples.add(Labels(["reason": reason.rawValue]), Double(count(place, reason)))
        }
      }
    }
    write(HeartbeatFamilies.entriesSkipped, HeartbeatSnapshot.SkipReason.self) { place, _ in counts.skipped[place] }
    write(HeartbeatFamilies.seriesDropped, SeriesDropReason.self) { counts.dropped[$1] }
  }

  /// Of the many files of a pattern only the reasons that came up are told.
  private func writeReadErrors(into exposition: inout Exposition) {
    guard files.contains(where: { $0.isNamed || !$0.readErrors.isEmpty }) else { return }
    exposition.family(HeartbeatFamilies.readErrors) { samples in
      for file in files {
        for reason in HeartbeatFileFailure.allCases {
          let count = file.readErrors[reason]
          guard file.isNamed || count != nil else { continue }
          samples.add(Labels(["file": file.path, "reason": reason.rawValue]), Double(count ?? 0))
        }
      }
    }
  }
}
