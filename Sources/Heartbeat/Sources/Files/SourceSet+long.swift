internal import Glibc
internal import POSIX

/// Files whose reading may take long: a look waits for them until its end and not longer, and goes on without those that are not read by
/// then. They are read one at a time, those first that wait since an earlier look, so that none waits for ever; a reading that has
/// begun goes on between two looks, and the next one takes what comes of it.
extension SourceSet {
  /// A reading that is under way.
  struct Underway: Sendable {
    var number: UInt64
    /// On the monotonic clock: so long it is waited for in all, as nobody is to wait for it at each look.
    var end: UInt64
  }

  /// Takes what was read since the last look, and reads what waits since then.
  ///
  /// - Parameters:
  ///   - end: of this look, on the monotonic clock.
  ///   - patience: until then files that are being written are looked at again.
  /// - Returns: what came of those that need no further look, by their places.
  mutating func goOnReading(until end: UInt64, patience: UInt64) -> [Int: SourceReader.Outcome] {
    if let underway, let file = longReading.take(within: Self.seconds(until: min(end, underway.end))) {
      self.underway = nil
      // That of a file that is gone is nobody's.
      if let place = place(of: underway.number) {
        let outcome = files[place].takeBack(file, room: room(of: place))
        hasNews = true
        if outcome.turnedLeftOut { shown = [] }
      }
    }
    var outcomes: [Int: SourceReader.Outcome] = [:]
    for place in waiting() where units[files[place].source].answer.asks(files[place].path) {
      outcomes[place] = look(place, nil, room: room(of: place), mayWait: false, until: end, patience: patience)
    }
    return outcomes
  }

  /// Looks at a file.
  ///
  /// - Parameters:
  ///   - found: what the kernel said of it just now; nil asks it.
  ///   - end: of this look, on the monotonic clock.
  ///   - patience: until then a folder may wait for files that are being written.
  mutating func look(
    _ place: Int, _ found: stat?, room: Int, mayWait: Bool, until end: UInt64, patience: UInt64
  ) -> SourceReader.Outcome {
    guard let readingTime = options.readingTime else {
      return files[place].refresh(mayWait: mayWait, until: patience, room: room, found: found)
    }
    guard files[place].reading == nil else { return files[place].refreshLate(after: readingTime) }
    let start = Clock.monotonicNanoseconds
    let most =
      direct < Clock.nanoseconds(readingTime * Self.directPart) ? options.limits.largeFile : options.limits.smallFile
    if let outcome = files[place].refresh(
      mayWait: mayWait, until: patience, room: room, found: found, most: most)
    {
      direct &+= Clock.monotonicNanoseconds &- start
      files[place].waitingSince = nil
      return outcome
    }
    guard underway == nil else {
      if files[place].waitingSince == nil { files[place].waitingSince = looks }
      return files[place].refreshLate(after: readingTime)
    }
    readings &+= 1
    if let file = longReading.begin(files[place].lend(readings, room: room), mayWait: mayWait) {
      // Without a thread it is read all the same: that it takes long is a lesser evil than that it is not read.
      _ = files[place].takeBack(file, room: room)
      return files[place].refresh(mayWait: mayWait, until: patience, room: room)
    }
    if let file = longReading.take(within: Self.seconds(until: end)) {
      return files[place].takeBack(file, room: room)
    }
    underway = Underway(number: readings, end: Clock.monotonicNanoseconds + Clock.nanoseconds(readingTime))
    return files[place].refreshLate(after: readingTime)
  }

  /// Beside the time of a look, what is not large may take so much of it.
  private static let directPart = 1.0 / 3

  static func seconds(until end: UInt64) -> Double {
    let now = Clock.monotonicNanoseconds
    return now < end ? Double(end - now) / 1e9 : 0
  }

  private func place(of reading: UInt64) -> Int? {
    let files = files.span
    for place in files.indices where files[place].reading == reading { return place }
    return nil
  }

  /// The places of the files that wait, the one that waits for longest first.
  private func waiting() -> [Int] {
    var found: [(place: Int, since: UInt64)] = []
    let files = files.span
    for place in files.indices { if let since = files[place].waitingSince { found.append((place, since)) } }
    return found.sorted { ($0.since, $0.place) < ($1.since, $1.place) }.map(\.place)
  }

  /// The room that the files before one leave it, as long as they are.
  private func room(of place: Int) -> Int {
    guard files.count > 1 else { return .max }
    let files = files.span
    var room = options.maximumBytes
    for before in 0..<place where room > 0 { room -= files[before].length }
    return max(0, room)
  }
}
