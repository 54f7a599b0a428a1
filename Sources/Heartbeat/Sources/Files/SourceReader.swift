internal import Glibc
internal import POSIX

/// One path of a source: a file of any layout, or a folder of own files.
public struct SourceReader: Sendable {
  /// Where it is.
  public let path: String
  /// The folder that it is in, and its name there; nil where it may be a folder itself.
  let place: (folder: String, name: String)?
  /// The place of its source among all.
  public internal(set) var source: Int
  private var content: Indirect<HeartbeatFile>
  /// In the place of the file, while a folder is there.
  var folder: Indirect<OwnFolder>?
  private let stringKeys: Set<String>
  private let limits: ReadingLimits
  private let mayBeFolder: Bool
  /// False where its name is no UTF-8.
  let isText: Bool
  /// Why the folder that is here, and stands for the files in it, cannot be listed.
  var unlisted: Errno?
  private let maximumSize: Int
  /// Generations of what stood here before: a folder in the place of the file is no next content of it.
  private var earlier: UInt64 = 0
  private var earlierErrors: [HeartbeatFileFailure: UInt64] = [:]

  /// Processes that are not shown because those of sources before have their names.
  public internal(set) var taken: [String] = []
  /// How many processes are not shown because there are too many in all files together.
  public internal(set) var surplus = 0
  /// All files together are larger than allowed, and this one came too late.
  public internal(set) var isLeftOut = false
  /// Whether it is a symbolic link that leads off this machine's own disks, in a folder on them.
  var leadsOff = false
  /// Its reading that is under way elsewhere.
  var reading: UInt64?
  /// Whether its size or time was seen to have changed by who did not read it.
  var isUntold = false
  /// Since which look it waits until others are read.
  var waitingSince: UInt64?

  init(
    path: String, source: Int, foreign: ForeignFile?, stringKeys: Set<String>, maximumSize: Int, limits: ReadingLimits,
    mayBeFolder: Bool, isText: Bool = true, unlisted: Errno? = nil
  ) {
    (self.isText, self.unlisted) = (isText, unlisted)
    (self.path, self.source, self.stringKeys, self.limits, self.mayBeFolder) = (
      path, source, stringKeys, limits, mayBeFolder
    )
    self.maximumSize = maximumSize
    place = mayBeFolder ? nil : (Path.folder(of: path), Path.name(of: path))
    content = Indirect(
      HeartbeatFile(path: path, stringKeys: stringKeys, maximumSize: maximumSize, limits: limits, source: foreign))
  }

  /// What it is where no folder is there.
  var file: HeartbeatFile {
    _read { yield content.value }
    _modify { yield &content.value }
  }

  /// Counts failures of a file that was here before and vanished for a while.
  mutating func count(_ errors: [HeartbeatFileFailure: UInt64]) { earlierErrors.merge(errors) { $0 + $1 } }

  /// What all that is said of the file follows from, but for its failures.
  private struct Signs: Equatable {
    var generation: UInt64
    var isUp: Bool
    var isLeftOut: Bool
    var size: Int?
    var modified: Double?
  }

  private var signs: Signs {
    Signs(generation: generation, isUp: isUp, isLeftOut: isLeftOut, size: size, modified: modified)
  }

  /// What a refresh came to.
  struct Outcome {
    var isUp: Bool
    /// False where nothing that is said of the file differs from what was said before.
    var isNews: Bool
    /// `isLeftOut` is another one.
    var turnedLeftOut: Bool
    /// What is kept of it takes so much of the room of all, in bytes.
    var length: Int
    /// How many different key paths are kept of it.
    var pathCount: Int
  }

  /// - Parameters:
  ///   - mayWait: whether to look again a few times at a file that seems to be written just now.
  ///   - end: until then, on the monotonic clock, a folder may wait for such files.
  ///   - room: more bytes than these are not kept.
  ///   - found: what the kernel said of the file just now; nil asks it.
  ///   - work: how much is done of a folder; all that is to be done at once is done of a file.
  @discardableResult
  mutating func refresh(
    mayWait: Bool, until end: UInt64, room: Int = .max, found: stat? = nil, _ work: OwnFolder.Work = .all
  ) -> Outcome {
    let before = signs
    _ = look(mayWait: mayWait, until: end, room: room, found, most: .max, work)
    leaveOut(room)
    return outcome(before)
  }

  /// The same, but nil where more than `most` bytes of a file, or very many files of a folder, are to be read, and were not.
  mutating func refresh(mayWait: Bool, until end: UInt64, room: Int, found: stat?, most: Int) -> Outcome? {
    let before = signs
    guard look(mayWait: mayWait, until: end, room: room, found, most: most, .atOnce) else {
      if signs != before { isUntold = true }
      return nil
    }
    leaveOut(room)
    return outcome(before)
  }

  private mutating func leaveOut(_ room: Int) {
    // Of a folder, its largest files are.
    guard folder == nil else {
      isLeftOut = false
      return
    }
    let isTooLong = length > room
    // What is wrong with a bad one is said on.
    isLeftOut = file.isOutOfRoom || isTooLong && file.isUp
    if isLeftOut || isTooLong { file.drop() }
  }

  /// Gives itself away to be read elsewhere: what stays here is what is shown meanwhile, without what only saves work.
  ///
  /// - Parameter reading: the number of this reading.
  mutating func lend(_ reading: UInt64) -> SourceReader {
    (self.reading, waitingSince) = (reading, nil)
    let lent = self
    file.forget()
    folder?.value.forgetText()
    return lent
  }

  /// Reads where it was lent to.
  ///
  /// - Returns: false where more than `most` bytes of a file are to be read: then nothing was.
  mutating func readElsewhere(mayWait: Bool, until end: UInt64, room: Int, most: Int) -> Bool {
    look(mayWait: mayWait, until: end, room: room, nil, most: most, most == .max ? .part : .atOnce)
  }

  /// Takes back what was read elsewhere.
  ///
  /// - Parameter isLate: whether an earlier look lent it.
  mutating func takeBack(_ lent: SourceReader, room: Int, isLate: Bool) -> Outcome {
    let before = signs
    let timeouts = readErrors[.timeout, default: 0]
    reading = nil
    (content, folder, earlier, earlierErrors) = (lent.content, lent.folder, lent.earlier, lent.earlierErrors)
    // Those that were counted here meanwhile.
    let known = readErrors[.timeout, default: 0]
    if known < timeouts { earlierErrors[.timeout, default: 0] += timeouts - known }
    leaveOut(room)
    var outcome = outcome(before)
    // Between both looks more may have been said of it.
    if isLate || isUntold { outcome.isNews = true }
    isUntold = false
    return outcome
  }

  /// Its reading elsewhere is nobody's any more: it is lent anew.
  mutating func leaveReading(since look: UInt64) { (reading, waitingSince) = (nil, look) }

  /// What comes of a file that was read already when there turns out to be less room.
  mutating func fit(_ outcome: Outcome, room: Int) -> Outcome {
    guard outcome.length > room else { return outcome }
    let before = signs
    leaveOut(room)
    return self.outcome(before)
  }

  /// Takes the place of `refresh` where the reading takes too long.
  mutating func refreshLate(after seconds: Double) -> Outcome {
    let before = signs
    let isKnown = (folder?.value.generation ?? file.generation) != 0
    file.refreshLate(after: seconds, isBegun: reading != nil, isKnown: isKnown)
    noteInFolder()
    return outcome(before)
  }

  /// What comes of a file that is as it was when it was read; nil where it is to be looked at.
  ///
  /// - Parameter found: what the kernel said of it just now.
  func outcome(_ found: stat, room: Int) -> Outcome? {
    guard folder == nil, !isLeftOut, let kept = file.unchanged(found, room: room) else { return nil }
    return Outcome(isUp: true, isNews: false, turnedLeftOut: false, length: kept.length, pathCount: kept.paths)
  }

  private func outcome(_ before: Signs) -> Outcome {
    let now = signs
    // A failure is counted each time.
    return Outcome(
      isUp: now.isUp, isNews: !now.isUp || now != before, turnedLeftOut: now.isLeftOut != before.isLeftOut,
      length: length,
      pathCount: pathCount)
  }

  /// - Returns: false where more than `most` bytes of a file are to be read: then nothing was; or of a folder more is to be done than
  ///   `work` is.
  private mutating func look(
    mayWait: Bool, until end: UInt64, room: Int, _ found: stat?, most: Int, _ work: OwnFolder.Work
  ) -> Bool {
    guard isText else {
      file.refuse(.inputOutput, "its name is no UTF-8, so that it cannot be read; give it another name")
      return true
    }
    if let unlisted {
      file.refuse(unlisted: unlisted)
      return true
    }
    if mayBeFolder, folder == nil, OwnFolder.isMeant(path) {
      folder = Indirect(OwnFolder(path: path, stringKeys: stringKeys, limits: limits, maximumBytes: maximumSize))
      earlier &+= file.generation &+ 2
      // What the file said is no more.
      earlierErrors.merge(file.readErrors) { $0 + $1 }
      file = HeartbeatFile(
        path: path, stringKeys: stringKeys, maximumSize: maximumSize, limits: limits, source: file.source)
    }
    if folder != nil {
      if OwnFolder.isMeant(path) {
        folder?.value.maximumBytes = min(maximumSize, room)
        return folder?.value.refresh(waitingUntil: end, work) ?? true
      }
      earlier &+= (folder?.value.generation ?? 0) &+ 2
      earlierErrors.merge(folder?.value.readErrors ?? [:]) { $0 + $1 }
      folder = nil
    }
    file.room = room
    return file.refresh(mayWait: mayWait, found: found, most: most)
  }

  /// What is kept of it takes so much of the room of all, in bytes.
  var length: Int { folder?.value.textLength ?? file.length }

  /// How long the text is that is kept of it, in bytes.
  var textLength: Int { folder?.value.textLength ?? file.textLength }

  var pathCount: Int { folder?.value.snapshot.keyPaths.count ?? file.snapshot.keyPaths.count }

  /// Where others beside it have much too: forgets what only saves work.
  mutating func keepTextAlone() {
    if folder == nil { file.keepTextAlone() } else { folder?.value.keepTextAlone() }
  }

  /// Where there are no others any more: what was forgotten by that is known again.
  mutating func takeUpValues() {
    if folder == nil { file.takeUpValues() } else { folder?.value.takeUpValues() }
  }

  /// - Parameter seconds: how long it was waited for; nil where it was not asked.
  mutating func refreshTimedOut(after seconds: Double?) -> Outcome {
    let before = signs
    file.refreshTimedOut(after: seconds)
    noteInFolder()
    return outcome(before)
  }

  /// What was said of the file goes for the folder in its place.
  private mutating func noteInFolder() {
    if folder != nil, let problem = file.lastProblem { folder?.value.note(problem) }
  }

  mutating func forget() {
    file.forget()
    folder?.value.forget()
  }

  /// Of a folder the files of processes that have no place, as there are too many: how many of each owner.
  public var crowd: [UInt32: Int] { folder?.value.crowd.owners ?? [:] }

  /// What was read last.
  var snapshot: HeartbeatSnapshot { folder?.value.snapshot ?? file.snapshot }
  /// Whom it silences among all processes, also those of other sources: nobody, unless it belonged to root or this user at the
  /// last look, and nobody else could write it.
  var silencesOfAny: [[UInt8]: Silence] {
    guard let folder else { return file.isGuarded ? file.snapshot.silences : [:] }
    return folder.value.isGuarded ? folder.value.silencesOfAny : [:]
  }
  /// Rises when the snapshot changes.
  var generation: UInt64 { earlier &+ (folder?.value.generation ?? 0) &+ file.generation }

  /// Whether the last refresh found it good.
  public var isUp: Bool { !isLeftOut && (folder?.value.isUp ?? file.isUp) }
  /// Its size, or that of all files in the folder, in bytes; nil when it could not be asked for.
  public var size: Int? { folder.map(\.value.size) ?? file.size }
  /// Unix time of its last change; nil when it could not be asked for.
  public var modified: Double? { folder.map(\.value.modified) ?? file.modified }
  /// What the kernel said of it when it was there last; nil for a folder.
  var stamp: FileStamp? { folder == nil ? file.stamp : nil }
  /// What it is; nil before it was ever good.
  public var layout: SourceLayout? { folder != nil ? .folder : file.layout }
  /// Failed refreshes, by reason.
  public var readErrors: [HeartbeatFileFailure: UInt64] {
    let errors = folder?.value.readErrors ?? file.readErrors
    return earlierErrors.isEmpty ? errors : earlierErrors.merging(errors) { $0 + $1 }
  }
  /// What was wrong at the last refresh.
  public var lastProblem: HeartbeatFileProblem? {
    if isLeftOut {
      return HeartbeatFileProblem(
        failure: .tooLarge, description: "\(path): left out, as all heartbeat files together are larger than allowed")
    }
    return folder.map(\.value.lastProblem) ?? file.lastProblem
  }
  /// Unix time of the last write as the file itself gives it.
  public var lastUpdated: Double? { folder == nil ? file.snapshot.lastUpdated : nil }
  /// How many well-formed processes it has.
  public var entryCount: Int { folder?.value.snapshot.entries.count ?? file.snapshot.entries.count }
  /// Why it is what it was taken for; nil for our own layout.
  public var explanation: SourceExplanation? { folder == nil ? file.explanation : nil }

  /// What of it was left out, and where it stands.
  public var leftOut: [SourceRecognition.LeftOut] {
    var parts = folder?.value.leftOut ?? file.explanation?.leftOut ?? []
    for name in taken {
      parts.append(.init(name, "a source before has a process of this name; `name` of its source gives it another"))
    }
    if surplus > 0 { parts.append(.init("\(surplus) times", "all files together have too many processes")) }
    guard folder == nil else { return parts }
    for (reason, count) in file.snapshot.skipped.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      if reason == .reservedName {
        parts.append(.init(HeartbeatEntry.exportersName, reason.explanation))
        continue
      }
      parts.append(.init("\(count) times", reason.rawValue))
    }
    return parts
  }

  /// What of it is left out, by name: the first ones.
  var problems: [EntryProblem] {
    var problems =
      folder?.value.snapshot.problems
      ?? file.snapshot.problems.map { problem in
        // Of other layouts the place is that of our own text of it.
        EntryProblem(
          process: problem.process, reason: problem.reason, offset: layout == .ours ? problem.offset : nil, file: path)
      }
    for name in taken.prefix(EntryProblem.maximumCount) {
      let own = folder == nil ? nil : OwnFileName.file(of: name)
      problems.append(
        EntryProblem(
          process: name, reason: .nameTaken, offset: nil,
          file: own.map { OwnFileProblems.path(of: $0, in: path) } ?? path))
    }
    return problems
  }

  /// How much of it was left out.
  public var skippedCount: Int {
    let skipped = folder?.value.snapshot.skipped ?? file.snapshot.skipped
    return skipped.values.reduce(taken.count + surplus, +)
  }

  /// What of it was left out.
  public var skipped: [HeartbeatSnapshot.SkipReason: Int] {
    var skipped = folder?.value.snapshot.skipped ?? file.snapshot.skipped
    if !taken.isEmpty { skipped[.nameTaken] = taken.count }
    if surplus > 0 { skipped[.tooManyEntries, default: 0] += surplus }
    return skipped
  }
}
