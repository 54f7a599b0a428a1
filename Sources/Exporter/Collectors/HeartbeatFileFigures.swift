internal import Exposition
internal import Heartbeat

/// What is said of the heartbeat file itself, and of what could not be read or shown of it.
struct HeartbeatFileFigures: Equatable {
  private let isUp: Bool
  private let size: Int?
  private let updated: Double?
  private let modified: Double?
  private let entries: Int
  private let expired: Int
  private let readErrors: [HeartbeatFileFailure: UInt64]
  private let skipped: [UInt64]
  private let dropped: SeriesDropCounts

  /// - Parameters:
  ///   - expired: how many entries are not shown because they are too old.
  ///   - skipped: what of the entries was left out, for each reason in the order of its cases.
  ///   - dropped: the series that were left out.
  init(_ file: HeartbeatFile, expired: Int, skipped: [UInt64], dropped: SeriesDropCounts) {
    isUp = file.isUp
    size = file.size
    updated = file.snapshot.lastUpdated
    modified = file.modified
    entries = file.snapshot.entries.count
    self.expired = expired
    readErrors = file.readErrors
    self.skipped = skipped
    self.dropped = dropped
  }

  func write(into exposition: inout Exposition) {
    exposition.family(HeartbeatFamilies.fileUp, isUp ? 1 : 0)
    if let size { exposition.family(HeartbeatFamilies.fileSize, Double(size)) }
    if let updated { exposition.family(HeartbeatFamilies.fileLastUpdated, updated) }
    if let modified { exposition.family(HeartbeatFamilies.fileModified, modified) }
    exposition.family(HeartbeatFamilies.fileEntries, Double(entries))
    exposition.family(HeartbeatFamilies.fileExpiredEntries, Double(expired))
    func write<Reason: CaseIterable & RawRepresentable<String>>(
      _ family: MetricFamily, _: Reason.Type, _ count: (_ place: Int, _ reason: Reason) -> UInt64
    ) {
      exposition.family(family) { samples in
        for (place, reason) in Reason.allCases.enumerated() {
          samples.add(Labels(["reason": reason.rawValue]), Double(count(place, reason)))
        }
      }
    }
    write(HeartbeatFamilies.readErrors, HeartbeatFileFailure.self) { readErrors[$1, default: 0] }
    write(HeartbeatFamilies.entriesSkipped, HeartbeatSnapshot.SkipReason.self) { place, _ in skipped[place] }
    write(HeartbeatFamilies.seriesDropped, SeriesDropReason.self) { dropped[$1] }
  }
}
