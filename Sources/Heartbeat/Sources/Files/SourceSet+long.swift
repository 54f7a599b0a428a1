internal import Glibc
internal import POSIX

/// Files whose reading may take long, or hang: a look waits for them until its end and not longer, and goes on without those that are
/// not read by then. A reading that has begun goes on between two looks, and the next one takes what comes of it.
///
/// Large files are read one at a time, for two beside each other need twice the memory; those first that wait since an earlier look, so that
/// none waits for ever. One that takes long while its thread does not work may hang, and keeps the next one waiting no more: another
/// thread reads that one beside it.
/// What is not on a local file system is read elsewhere too, however small it is (`SourceSet+elsewhere.swift`).
extension SourceSet {
  /// What is being read.
  struct Underway: Sendable {
    struct Reading: Sendable {
      var number: UInt64
      var path: String
      var reader: LongReading
      /// Whether no large file is read.
      var isSmall: Bool
      /// On the monotonic clock: so long it is waited for in all, as nobody is to wait for it at each look.
      var end: UInt64
      /// It takes long, and its thread does not work: it may hang.
      var mayHang = false
      /// When that was found out last, and how much of the processor's time the thread had had by then, in nanoseconds.
      var asked: UInt64
      var spent: UInt64

      /// Finds out whether it may hang, when that is so many nanoseconds ago.
      mutating func judge(each pause: UInt64) {
        let now = Clock.monotonicNanoseconds
        guard now - asked >= pause else { return }
        let spent = reader.spentTime
        mayHang = spent &- self.spent <= (now - asked) / LongReading.workingPart
        (asked, self.spent) = (now, spent)
      }
    }

    var readings: [Reading] = []
    /// Whether those that may hang answer anew, and others did that are left behind.
    var watches: [ExactText: HangWatch] = [:]
  }

  /// So many readings may hang at once.
  static let mostHanging = 8
  /// So many with those of files on local file systems: what hangs elsewhere takes them no place.
  static let mostHangingWithLocal = 12

  /// One look, as far as it is about what is read elsewhere.
  struct LongLook {
    /// How long all large files may take together, in seconds.
    var readingTime: Double
    /// On the monotonic clock: its end, and until when it waits for files that are being written.
    var end: UInt64
    var patience: UInt64
    /// What was begun by an earlier one, and taken by this one, by the files' places.
    var taken: [Int: SourceReader.Outcome] = [:]
    /// The places of those that an earlier one found to be large.
    var large: [Int] = []
  }

  /// Takes what was read since the last look, and reads what waits since then, and all that is not local.
  ///
  /// - Parameters:
  ///   - readingTime: how long a look waits for large files in all, in seconds.
  ///   - end: of this look, on the monotonic clock.
  ///   - patience: until then files that are being written are looked at again.
  /// - Returns: what came of those that need no further look, by their places.
  mutating func goOnReading(
    within readingTime: Double, until end: UInt64, patience: UInt64
  ) -> [Int: SourceReader.Outcome] {
    var look = LongLook(readingTime: readingTime, end: end, patience: patience)
    takeReadings(&look)
    let pause = Clock.nanoseconds(max(readingTime, options.limits.hangingAfter))
    for number in underway.readings.indices { underway.readings[number].judge(each: pause) }
    leaveBehindWhatAnswers()
    var outcomes: [Int: SourceReader.Outcome] = [:]
    var large: [(place: Int, since: UInt64)] = []
    for place in readElsewhere(look, &outcomes) { large.append((place, files[place].waitingSince ?? looks)) }
    for (place, since) in waiting() where isLocal(place) && asks(place) { large.append((place, since)) }
    var neighbours = NeighbourFiles()
    for (place, _) in large.sorted(by: { ($0.since, $0.place) < ($1.since, $1.place) }) {
      // It may be a link since.
      guard !isLocal(place) || find(place, &neighbours, until: end) != nil else { continue }
      outcomes[place] =
        isLocal(place)
        ? self.look(place, nil, room: room(of: place), mayWait: false, until: end, patience: patience)
        : readLong(place, look, room: room(of: place), mayWait: false)
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
    let look = LongLook(readingTime: readingTime, end: end, patience: patience)
    // A link that was seen just now to lead off; from the next look on it is read with the others elsewhere.
    guard isLocal(place) else { return readLong(place, look, room: room, mayWait: mayWait) }
    let start = Clock.monotonicNanoseconds
    if let outcome = files[place].refresh(
      mayWait: mayWait, until: patience, room: room, found: found, most: mostAtOnce(readingTime))
    {
      direct &+= Clock.monotonicNanoseconds &- start
      files[place].waitingSince = nil
      return outcome
    }
    return readLong(place, look, room: room, mayWait: mayWait)
  }

  /// Of a file more bytes than these are read by those who read large ones.
  func mostAtOnce(_ readingTime: Double) -> Int {
    direct < Clock.nanoseconds(readingTime * Self.directPart) ? options.limits.largeFile : options.limits.smallFile
  }

  /// Reads a large file when it has its turn.
  private mutating func readLong(
    _ place: Int, _ look: LongLook, room: Int, mayWait: Bool
  ) -> SourceReader.Outcome {
    let isOtherRead = underway.readings.contains { !$0.isSmall && !$0.mayHang }
    guard !isOtherRead, hasReader(for: place) else { return late(place, look) }
    if let lent = begin(place, look, room: room, mayWait: mayWait, most: .max) {
      _ = files[place].takeBack(lent, room: room, isLate: false)
      // Without a thread it is read all the same: that it takes long is a lesser evil than that it is not read. That it hangs is not.
      guard isLocal(place) else { return late(place, look) }
      return files[place].refresh(mayWait: mayWait, until: look.patience, room: room, .part)
    }
    if let (lent, _) = longReading.take(within: Self.seconds(until: look.end)) {
      return files[place].takeBack(lent, room: room, isLate: false)
    }
    goOn(place, look, isSmall: false)
    return late(place, look)
  }

  /// Whether one more may be read beside those that hang.
  func hasReader(for place: Int) -> Bool {
    underway.readings.count < (isLocal(place) ? Self.mostHangingWithLocal : Self.mostHanging)
  }

  /// Has a file read elsewhere; gives it back where there is no thread.
  mutating func begin(_ place: Int, _ look: LongLook, room: Int, mayWait: Bool, most: Int) -> SourceReader? {
    readings &+= 1
    let lent = files[place].lend(readings)
    return longReading.begin(
      LongReading.Task(reader: lent, mayWait: mayWait, patience: look.patience, room: room, most: most))
  }

  /// Lets the reading that was begun last go on, and has another thread for the next one.
  mutating func goOn(_ place: Int, _ look: LongLook, isSmall: Bool) {
    let now = Clock.monotonicNanoseconds
    underway.readings.append(
      Underway.Reading(
        number: readings, path: files[place].path, reader: longReading, isSmall: isSmall,
        end: now + Clock.nanoseconds(look.readingTime), asked: now, spent: longReading.spentTime))
    longReading = longReading.another()
  }

  /// What comes of a file that is not read in time.
  mutating func late(_ place: Int, _ look: LongLook) -> SourceReader.Outcome {
    if files[place].reading == nil, files[place].waitingSince == nil { files[place].waitingSince = looks }
    // What was read between both looks is what is known of one that always takes so long.
    return look.taken[place] ?? files[place].refreshLate(after: look.readingTime)
  }

  /// Takes what was read since the last look; waits for what nobody has waited for to its end.
  private mutating func takeReadings(_ look: inout LongLook) {
    for reading in underway.readings {
      guard let (lent, isRead) = reading.reader.take(within: Self.seconds(until: min(look.end, reading.end)))
      else { continue }
      underway.readings.removeAll { $0.number == reading.number }
      // Its thread reads the next one.
      longReading = reading.reader
      // That of a file that is gone is nobody's.
      guard let place = place(of: reading.number) else { continue }
      let outcome = files[place].takeBack(lent, room: room(of: place), isLate: true)
      hasNews = true
      if outcome.turnedLeftOut { shown = [] }
      guard !isLocal(place) else { continue }
      if isRead { look.taken[place] = outcome } else { look.large.append(place) }
    }
  }

  /// Leaves those readings to themselves that may hang, and whose files are gone, or answer by now.
  private mutating func leaveBehindWhatAnswers() {
    var watches: [ExactText: HangWatch] = [:]
    for reading in underway.readings where reading.mayHang {
      let path = ExactText(reading.path)
      let watch = underway.watches[path] ?? HangWatch(at: [reading.path])
      watches[path] = watch
      let place = place(of: reading.number)
      if let place {
        // Where its file system does not answer, one more question would hang.
        let most = options.maximumSize
        guard asks(place), watch.answers({ LongReading.touchWhole(path.text, most: most) }) else { continue }
      }
      guard watch.leaveBehind() else { continue }
      reading.reader.leaveBehind(watch)
      underway.readings.removeAll { $0.number == reading.number }
      if let place { files[place].leaveReading(since: looks) }
    }
    underway.watches = underway.watches.filter { $0.value.isNeeded }.merging(watches) { $1 }
  }

  /// Beside the time of a look, what is not large may take so much of it.
  private static let directPart = 1.0 / 3

  static func seconds(until end: UInt64) -> Double {
    let now = Clock.monotonicNanoseconds
    return now < end ? Double(end - now) / 1e9 : 0
  }

  /// Whether a file may be asked for, as far as its source was asked.
  func asks(_ place: Int) -> Bool {
    let files = files.span
    return units[files[place].source].answer.asks(files[place].path)
  }

  private func place(of reading: UInt64) -> Int? {
    let files = files.span
    for place in files.indices where files[place].reading == reading { return place }
    return nil
  }

  /// The places of the files that wait, and since when.
  private func waiting() -> [(place: Int, since: UInt64)] {
    var found: [(place: Int, since: UInt64)] = []
    let files = files.span
    for place in files.indices { if let since = files[place].waitingSince { found.append((place, since)) } }
    return found
  }

  /// The room that the files before one leave it, as long as they are.
  func room(of place: Int) -> Int {
    guard files.count > 1 else { return .max }
    let files = files.span
    var room = options.maximumBytes
    for before in 0..<place where room > 0 { room -= files[before].length }
    return max(0, room)
  }
}
