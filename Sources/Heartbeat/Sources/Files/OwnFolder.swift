internal import Glibc
internal import POSIX

/// A folder in the place of the file: each process has a file of its own there, `NAME.json`, with its entry as the root object.
///
/// Each file is parsed again only when it changed. One that is being written is served as it was last; one of which no beat comes is
/// named with its reason, and its process is left out. To be used by one thread at a time.
struct OwnFolder: Sendable {
  /// Where the folder is.
  let path: String
  let limits: ReadingLimits
  /// So many bytes may all files have together; the largest ones beyond are left out.
  var maximumBytes: Int
  var reader: SnapshotReader
  var spare = HeartbeatSnapshot()
  private var listing: FileStamp?
  /// The processes' files, sorted by their names' bytes.
  var items: [Item] = []
  /// Names that look as if they were of processes' files, and are not.
  var misnamed: [[UInt8]] = []
  /// Files of processes beyond the most processes.
  var crowd = Crowd()
  /// Whether the shown content is not that of the files as they were read last.
  private var isStale = false
  /// Whether each file of the first listing was looked at.
  private var hasBegunWhole = false
  /// How many names there were when it was listed last, and until when, on the monotonic clock, it is not listed again.
  var listed = 0
  private var listingPause: UInt64 = 0
  /// With which files of each kind the next look begins: those of which a beat came before, and the others.
  var begins = [0, 0]
  var pruned = PrunedProcesses()
  /// Names of the files that may say who is silenced.
  var notes: [[UInt8]] = []
  var silences = SilenceFiles()
  /// Whether it belongs to root or this user, and others can change what is theirs alone.
  private(set) var isGuarded = false
  /// Silences of whatever process, also of other sources.
  var silencesOfAny: [[UInt8]: Silence] = [:]
  /// Somebody else owns a file now.
  var hasNewOwner = false

  /// The last good content of all files.
  var snapshot = HeartbeatSnapshot()
  /// Whether whoever takes the text over parses it again, so that nothing is taken over from the last content.
  var keepsTextAlone = false
  /// How many bytes of `snapshot.bytes` are the files'.
  var textLength = 0
  var generation: UInt64 = 0
  private(set) var isUp = false
  /// Bytes of all files together.
  var size = 0
  /// Unix time of the folder's last change.
  private(set) var modified: Double?
  private(set) var readErrors: [HeartbeatFileFailure: UInt64] = [:]
  private(set) var lastProblem: HeartbeatFileProblem?
  /// What of it is left out, by the files' names: the first `EntryProblem.maximumCount` ones, and how many more there are.
  var leftOut: [SourceRecognition.LeftOut] = []

  /// One file.
  struct Item {
    let name: [UInt8]
    let file: String
    let process: String
    var stamp: FileStamp?
    /// Nil before it was ever good, and while it is bad.
    var member: Member?
    var problem: OwnFileLook.Problem?
    /// When it was first seen to be empty or cut short, on the monotonic clock.
    var unfinished: UInt64?
    /// Whose it was when it was seen last.
    var owner: UInt32?
    /// Whose it was when it was listed, where there are more files than places.
    var listedOwner: UInt32?
    /// False where it is one of the first listing that nobody has looked at yet.
    var isAsked = true
  }

  /// How much a look does.
  enum Work {
    /// All.
    case all
    /// What is quickly done, or nothing is shown yet: the rest is another thread's.
    case atOnce
    /// A part, where all takes long; the next looks do the rest.
    case part
  }

  /// The process of a file as a member of `processes`.
  enum Member {
    /// It stands there in the bytes of `snapshot`.
    case shown(Range<Int>)
    /// It was read just now.
    case new([UInt8])
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
    return path.utf8.last == UInt8(ascii: "/") || path.utf8.suffix(2).elementsEqual(".d".utf8)
  }

  mutating func forget() {
    reader.forget()
    spare = HeartbeatSnapshot()
    listing = nil
    silences.forget()
    pruned.forget()
    for place in items.indices { items[place].stamp = nil }
  }

  /// Forgets what saves work, where that is at hand elsewhere: what was found in each file stays.
  mutating func forgetText() {
    reader.forget()
    spare = HeartbeatSnapshot()
  }

  /// As `HeartbeatFile.keepTextAlone()`.
  mutating func keepTextAlone() {
    reader.forget()
    spare = HeartbeatSnapshot()
    snapshot.dropValues()
    keepsTextAlone = true
  }

  /// As `HeartbeatFile.takeUpValues()`.
  mutating func takeUpValues() {
    guard keepsTextAlone else { return }
    keepsTextAlone = false
    show()
  }

  /// Looks at the folder, and reads what changed.
  ///
  /// - Parameters:
  ///   - end: until then, on the monotonic clock, it may wait for files that are being written.
  ///   - work: how much it does.
  /// - Returns: false where there is more to be done than was wanted at once.
  @discardableResult
  mutating func refresh(waitingUntil end: UInt64, _ work: Work = .all) -> Bool {
    do throws(Errno) {
      return try readIfChanged(waitingUntil: end, work)
    } catch {
      fail(error)
      return true
    }
  }

  private mutating func readIfChanged(waitingUntil end: UInt64, _ work: Work) throws(Errno) -> Bool {
    if work == .atOnce, items.count > limits.namesAtOnce { return false }
    let folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK)
    let status = try folder.status()
    // Who may list the folder and not search it would see no file of it.
    _ = try folder.status(at: ".")
    modified = FileStamp.seconds(status.st_mtim)
    if generation == 0 { isStale = true }
    guard try list(folder, status, work) else { return false }
    var isChanged = false
    let unread = look(in: folder, waitingUntil: end, work, &isChanged)
    // Also where somebody else goes on from here.
    if isChanged { isStale = true }
    guard let unread else { return false }
    let hasNewNotes = silences.refresh(
      notes, in: folder, status, owners: { Set(items.compactMap(\.owner)) }, grain: limits.timestampGrain)
    if hasNewNotes || hasNewOwner && !silences.isEmpty { isStale = true }
    hasNewOwner = false
    let wasGuarded = isGuarded
    isGuarded = status.isGuarded(allowing: S_ISVTX)
    if isGuarded != wasGuarded, !silences.isEmpty { isStale = true }
    isUp = true
    lastProblem = nil
    if isStale { show() }
    isStale = false
    if !hasBegunWhole { hasBegunWhole = !items.contains { !$0.isAsked } }
    if isUp, unread > 0 || !hasBegunWhole {
      note(
        HeartbeatFileProblem(
          failure: .timeout,
          description: "\(path): it has so many files that some are not read yet; these are shown as they were before"))
    }
    return true
  }

  /// Lists the folder where it changed; false where it has more names than were wanted at once.
  private mutating func list(_ folder: borrowing FileDescriptor, _ status: stat, _ work: Work) throws(Errno) -> Bool {
    let stamp = FileStamp(status)
    guard listing != stamp else { return true }
    if work != .all, listed > limits.namesAtOnce {
      guard work != .atOnce else { return false }
      // What takes long is not done at each look.
      guard Clock.monotonicNanoseconds >= listingPause else { return true }
    }
    let (start, spent) = (Clock.realtime, Clock.threadNanoseconds)
    guard let isChanged = try list(folder, most: work == .atOnce ? limits.namesAtOnce : .max) else {
      listed = .max
      return false
    }
    let pause = Double(Clock.threadNanoseconds &- spent) / 1e9 * limits.listingPause
    listingPause = Clock.monotonicNanoseconds &+ Clock.nanoseconds(pause)
    if isChanged { isStale = true }
    listing = start - FileStamp.seconds(status.st_ctim) > limits.timestampGrain ? stamp : nil
    return true
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
}
