internal import POSIX

/// Files and folders that are not on a local file system: its server may go at any moment, also between the answer of a probe and the
/// reading. So whoever looks asks nothing of them, not even whether they changed.
///
/// One after the other is read; one that does not come back soon keeps no other one waiting, for another thread goes on beside it.
extension SourceSet {
  /// So long the others wait for one that does not come back, in nanoseconds; so long the first one is waited for in any case.
  private static let elsewherePatience: UInt64 = 100_000_000

  /// Reads all that are not local.
  ///
  /// - Returns: the places of those that are large, and were not read.
  mutating func readElsewhere(_ look: LongLook, _ outcomes: inout [Int: SourceReader.Outcome]) -> [Int] {
    var large = look.large.filter(asks)
    let end = max(look.end, Clock.monotonicNanoseconds &+ Self.elsewherePatience)
    var begun: [(place: Int, number: UInt64)] = []
    for place in elsewhere() where !look.large.contains(place) {
      guard files[place].reading == nil, hasReader(for: place) else {
        outcomes[place] = late(place, look)
        continue
      }
      let room = room(of: place)
      let since = files[place].waitingSince
      if let lent = begin(place, look, room: room, mayWait: true, most: mostAtOnce(look.readingTime)) {
        // Without a thread it is not read: who looks would hang with it.
        _ = files[place].takeBack(lent, room: room, isLate: false)
        outcomes[place] = late(place, look)
        continue
      }
      let left = min(end, Clock.monotonicNanoseconds &+ Self.elsewherePatience)
      guard let (lent, isRead) = longReading.take(within: Self.seconds(until: left)) else {
        begun.append((place, readings))
        goOn(place, look, isSmall: true)
        continue
      }
      outcomes[place] = takeBack(lent, place, isRead, since, &large)
    }
    for (place, number) in begun {
      guard let reading = underway.readings.first(where: { $0.number == number }) else { continue }
      // One that takes that long each time was waited for before.
      let left = look.taken[place] == nil ? Self.seconds(until: end) : 0
      if let (lent, isRead) = reading.reader.take(within: left) {
        underway.readings.removeAll { $0.number == number }
        outcomes[place] = takeBack(lent, place, isRead, nil, &large)
      } else {
        outcomes[place] = late(place, look)
      }
    }
    return large
  }

  private mutating func takeBack(
    _ lent: SourceReader, _ place: Int, _ isRead: Bool, _ since: UInt64?, _ large: inout [Int]
  ) -> SourceReader.Outcome? {
    let outcome = files[place].takeBack(lent, room: room(of: place), isLate: false)
    guard !isRead else { return outcome }
    files[place].isUntold = outcome.isNews
    // It goes on waiting for its turn.
    files[place].waitingSince = since
    large.append(place)
    return nil
  }

  /// The places of those that are not local and can be asked, those first that had no turn.
  private func elsewhere() -> [Int] {
    var places: [(place: Int, since: UInt64)] = []
    let files = files.span
    for place in files.indices where !isLocal(place) && asks(place) {
      places.append((place, files[place].waitingSince ?? .max))
    }
    return places.sorted { ($0.since, $0.place) < ($1.since, $1.place) }.map(\.place)
  }
}
