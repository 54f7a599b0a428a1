internal import Glibc
internal import JSON
internal import POSIX

/// A folder in the place of the file: each process has a file of its own there, `NAME.json`, with its entry as the root object.
///
/// Each file is parsed again only when it changed. One that is being written is served as it was last; one of which no beat comes is
/// named with its reason, and its process is left out. To be used by one thread at a time.
struct OwnFolder: Sendable {
  /// Where the folder is.
  let path: String
  private let limits: ReadingLimits
  /// So many bytes may all files have together; the largest ones beyond are left out.
  var maximumBytes: Int
  private var reader: SnapshotReader
  private var spare = HeartbeatSnapshot()
  private var listing: FileStamp?
  /// The processes' files, sorted by their names' bytes.
  private var items: [Item] = []
  /// Names that look as if they were of processes' files, and are not.
  private var misnamed: [[UInt8]] = []
  /// How many files of processes there are beyond the most processes.
  private var surplus = 0
  private var pruned = PrunedProcesses()
  /// Names of the files that may say who is silenced.
  private var notes: [[UInt8]] = []
  private var silences = SilenceFiles()
  /// Whether it belongs to root or this user, and others can change what is theirs alone.
  private(set) var isGuarded = false
  /// Silences of whatever process, also of other sources.
  private(set) var silencesOfAny: [[UInt8]: Silence] = [:]
  /// Somebody else owns a file now.
  private var hasNewOwner = false

  /// The last good content of all files.
  private(set) var snapshot = HeartbeatSnapshot()
  /// How many bytes of `snapshot.bytes` are the files'.
  private(set) var textLength = 0
  private(set) var generation: UInt64 = 0
  private(set) var isUp = false
  /// Bytes of all files together.
  private(set) var size = 0
  /// Unix time of the folder's last change.
  private(set) var modified: Double?
  private(set) var readErrors: [HeartbeatFileFailure: UInt64] = [:]
  private(set) var lastProblem: HeartbeatFileProblem?
  /// What of it is left out, by the files' names: the first `EntryProblem.maximumCount` ones, and how many more there are.
  private(set) var leftOut: [SourceRecognition.LeftOut] = []

  /// One file.
  private struct Item {
    let name: [UInt8]
    let file: String
    let process: String
    var stamp: FileStamp?
    /// Its process as a member of `processes`; nil before it was ever good, and while it is bad.
    var member: [UInt8]?
    var problem: OwnFileLook.Problem?
    /// When it was first seen to be empty or cut short, on the monotonic clock.
    var unfinished: UInt64?
    /// Whose it was when it was seen last.
    var owner: UInt32?
  }

  /// - Parameter maximumBytes: of all files together; the largest ones beyond are left out.
  init(
    path: String, stringKeys: Set<String>, limits: ReadingLimits,
    maximumBytes: Int = HeartbeatFile.defaultMaximumSize
  ) {
    self.path = path
    self.limits = limits
    self.maximumBytes = maximumBytes
    reader = SnapshotReader(stringKeys: stringKeys, limits: limits)
  }

  /// Whether a path is to be taken for a folder: it is one, or ends as one.
  static func isMeant(_ path: String) -> Bool {
    var status = stat()
    if stat(path, &status) == 0 { return status.st_mode & S_IFMT == S_IFDIR }
    return path.hasSuffix("/") || path.hasSuffix(".d")
  }

  mutating func forget() {
    reader.forget()
    spare = HeartbeatSnapshot()
    listing = nil
    silences.forget()
    for place in items.indices { items[place].stamp = nil }
  }

  /// As `HeartbeatFile.keepTextAlone()`.
  mutating func keepTextAlone() {
    reader.forget()
    spare = HeartbeatSnapshot()
    snapshot.dropValues()
  }

  /// Looks at the folder, and reads what changed.
  ///
  /// - Parameter end: until then, on the monotonic clock, it may wait for files that are being written.
  mutating func refresh(waitingUntil end: UInt64) {
    do throws(Errno) { try readIfChanged(waitingUntil: end) } catch { fail(error) }
  }

  private mutating func readIfChanged(waitingUntil end: UInt64) throws(Errno) {
    let folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK)
    let status = try folder.status()
    // Who may list the folder and not search it would see no file of it.
    _ = try folder.status(at: ".")
    modified = FileStamp.seconds(status.st_mtim)
    let stamp = FileStamp(status)
    var isChanged = generation == 0
    if listing != stamp {
      let start = Clock.realtime
      if try list(folder) { isChanged = true }
      listing = start - FileStamp.seconds(status.st_ctim) > limits.timestampGrain ? stamp : nil
    }
    if look(in: folder, waitingUntil: end) { isChanged = true }
    let hasNewNotes = silences.refresh(
      notes, in: folder, status, owners: { Set(items.compactMap(\.owner)) }, grain: limits.timestampGrain)
    if hasNewNotes || hasNewOwner && !silences.isEmpty { isChanged = true }
    hasNewOwner = false
    let wasGuarded = isGuarded
    isGuarded = status.isGuarded(allowing: S_ISVTX)
    if isGuarded != wasGuarded, !silences.isEmpty { isChanged = true }
    isUp = true
    lastProblem = nil
    if isChanged { parse() }
  }

  private mutating func fail(_ error: Errno) {
    let problem: HeartbeatFileProblem =
      switch error.rawValue {
      case ENOENT:
        HeartbeatFileProblem(
          failure: .missing, description: "\(path): there is no such folder yet; make it: install -d -m 1777 \(path)")
      case EACCES, EPERM:
        HeartbeatFileProblem(
          failure: .permissionDenied,
          description: "\(path): this user may not list it; expected read and search permission")
      default: HeartbeatFileProblem(failure: .inputOutput, description: "\(path): \(error)")
      }
    note(problem)
  }

  mutating func note(_ problem: HeartbeatFileProblem) {
    isUp = false
    lastProblem = problem
    readErrors[problem.failure, default: 0] += 1
  }

  // MARK: - Which files there are

  /// Lists the folder; says whether other files are there now, or something else was pruned.
  private mutating func list(_ folder: borrowing FileDescriptor) throws(Errno) -> Bool {
    var names: [[UInt8]] = []
    try FolderListings.list(folder, &names)
    var old = 0
    var next: [Item] = []
    next.reserveCapacity(names.count)
    var others: [[UInt8]] = []
    var surplus = 0
    var isChanged = false
    var hasNotes = false
    notes = []
    for name in names {
      while old < items.count, items[old].name.lexicographicallyPrecedes(name) {
        noteGone(old)
        old += 1
        isChanged = true
      }
      if old < items.count, items[old].name == name {
        next.append(items[old])
        old += 1
      } else if let process = OwnFileName.process(of: name) {
        guard next.count < limits.entries else {
          surplus += 1
          continue
        }
        next.append(Item(name: name, file: String(decoding: name, as: UTF8.self), process: process))
        isChanged = true
      } else if name.first != UInt8(ascii: "."), name.suffix(OwnFolder.suffix.count).elementsEqual(OwnFolder.suffix) {
        others.append(name)
      } else if PrunedNotes.isNote(name) {
        hasNotes = true
      } else if SilenceFiles.isMeant(name) {
        notes.append(name)
      }
    }
    for place in old..<items.count { noteGone(place) }
    isChanged = isChanged || old < items.count || misnamed != others || surplus != self.surplus
    (items, misnamed, self.surplus) = (next, others, surplus)
    var notes = pruned
    if notes.read(in: path, hasNotes: hasNotes, owner: { owner(of: $0) }) { isChanged = true }
    pruned = notes
    return isChanged
  }

  private mutating func noteGone(_ place: Int) {
    pruned.note(items[place].process, wasOf: items[place].owner)
    silences.noteGone(items[place].name, wasOf: items[place].owner)
  }

  private static let suffix = Array(".json".utf8)

  private func owner(of process: String) -> UInt32? { items.first { $0.process == process }?.owner }

  // MARK: - What they say

  /// Looks at each file, and reads those that changed; says whether something else comes of one.
  private mutating func look(in folder: borrowing FileDescriptor, waitingUntil end: UInt64) -> Bool {
    var found: [Result<stat, Errno>] = []
    found.reserveCapacity(items.count)
    // By their places, here and below: a loop over the items themselves copies each.
    for place in items.indices {
      do throws(Errno) {
        found.append(.success(try folder.status(at: items[place].file)))
      } catch {
        found.append(.failure(error))
      }
    }
    let largest = largestThatFits(found)
    var isChanged = false
    for (place, status) in found.enumerated() {
      let isNew =
        switch status {
        case .success(let status): look(at: place, status, upTo: largest, in: folder, waitingUntil: end)
        // The next listing does not have it any more.
        case .failure(.noSuchFile): take(nil, nil, at: place)
        case .failure(let error): take(nil, OwnFileLook.Problem(error), at: place)
        }
      isChanged = isNew || isChanged
    }
    return isChanged
  }

  /// Adds up the files, and says how large one may be so that all together fit.
  private mutating func largestThatFits(_ found: [Result<stat, Errno>]) -> Int {
    var sizes: [Int] = []
    sizes.reserveCapacity(found.count)
    for case .success(let status) in found where status.st_mode & S_IFMT == S_IFREG {
      sizes.append(Int(widening: status.st_size))
    }
    size = sizes.reduce(0, &+)
    guard size > maximumBytes else { return OwnFile.largest }
    sizes.sort()
    var room = maximumBytes
    for size in sizes {
      guard size <= room else { return min(OwnFile.largest, size - 1) }
      room -= size
    }
    return OwnFile.largest
  }

  private mutating func look(
    at place: Int, _ status: stat, upTo largest: Int, in folder: borrowing FileDescriptor, waitingUntil end: UInt64
  ) -> Bool {
    if items[place].owner != status.st_uid { hasNewOwner = true }
    items[place].owner = status.st_uid
    guard status.st_mode & S_IFMT == S_IFREG else {
      return take(nil, OwnFileLook.notRegular(status.st_mode), at: place)
    }
    let size = Int(widening: status.st_size)
    guard size <= largest else { return take(nil, OwnFileLook.tooLarge(largest, maximumBytes), at: place) }
    let stamp = FileStamp(status)
    if items[place].stamp == stamp { return false }
    let start = Clock.realtime
    let (file, process) = (items[place].file, items[place].process)
    var look = OwnFileLook(file, of: process, in: folder)
    var attempt = 0
    while case .unfinished = look, attempt < limits.retries, Clock.monotonicNanoseconds < end {
      attempt += 1
      usleep(limits.retryPause)
      look = OwnFileLook(file, of: process, in: folder)
    }
    let isSettled = start - FileStamp.seconds(status.st_ctim) > limits.timestampGrain
    let kept = isSettled ? stamp : nil
    switch look {
    case .member(let member): return take(member, nil, at: place, stamp: kept)
    case .gone: return take(nil, nil, at: place)
    case .bad(let problem):
      // Whether this user may read it can change without a trace in the file.
      let isInFile = problem.reason == .notAnObject || problem.reason == .missingLastHeartbeat
      return take(nil, problem, at: place, stamp: isInFile ? kept : nil)
    case .unfinished(let problem):
      let since = items[place].unfinished ?? Clock.monotonicNanoseconds
      let age = max(
        start - FileStamp.seconds(status.st_mtim), Double(Clock.monotonicNanoseconds &- since) / 1e9)
      guard age >= limits.unfinishedFor else {
        items[place].unfinished = since
        // Served as it was last.
        return take(items[place].member, nil, at: place, isUnfinished: true)
      }
      return take(nil, problem, at: place, stamp: kept)
    }
  }

  /// Takes over what comes of a file; says whether it is something else than before.
  private mutating func take(
    _ member: [UInt8]?, _ problem: OwnFileLook.Problem?, at place: Int, stamp: FileStamp? = nil,
    isUnfinished: Bool = false
  ) -> Bool {
    let isNew = items[place].member != member || items[place].problem != problem
    items[place].stamp = stamp
    items[place].member = member
    items[place].problem = problem
    if !isUnfinished { items[place].unfinished = nil }
    return isNew
  }

  /// Who is silenced.
  private func countedSilences() -> SilenceFiles.Counted {
    guard !silences.isEmpty else { return SilenceFiles.Counted() }
    var owners: [[UInt8]: UInt32] = [:]
    for item in items { owners[item.name] = item.owner }
    return silences.counted { owners[$0] }
  }

  private mutating func parse() {
    var text = SourceText.head
    text.reserveCapacity(items.indices.reduce(SourceText.room) { $0 + (items[$1].member?.count ?? 0) + 1 })
    var problems = OwnFileProblems(folder: path)
    for name in misnamed {
      problems.add(String(decoding: name, as: UTF8.self), file: name, OwnFileLook.badName)
    }
    for place in items.indices {
      if let problem = items[place].problem { problems.add(items[place].process, file: items[place].name, problem) }
      guard let member = items[place].member else { continue }
      if text.count > SourceText.head.count { text.append(UInt8(ascii: ",")) }
      text.append(contentsOf: member)
    }
    text.append(contentsOf: SourceText.tail)
    textLength = text.count
    let counted = countedSilences()
    do throws(JSONParseError) {
      var next = try reader.read(text, into: &spare)
      problems.add(next.problems)
      next.problems = problems.named
      next.skipped.merge(problems.counts) { $0 + $1 }
      if surplus > 0 { next.skipped[.tooManyEntries, default: 0] += surplus }
      next.pruned = pruned.times
      next.silences = counted.silences
      silencesOfAny = counted.ofAny
      next.noteBadSilences(counted.bad, at: nil)
      for note in counted.unreadable {
        next.noteBadSilences([note.file], at: nil, file: OwnFileProblems.path(of: note.file, in: path))
      }
      swap(&next, &snapshot)
      spare = next
      leftOut = problems.leftOut + counted.unreadable.map { .init($0.file, $0.reason) }
      generation += 1
    } catch {
      note(HeartbeatFileProblem(failure: .tooLarge, description: "\(path): its files are too large together: \(error)"))
    }
  }
}
