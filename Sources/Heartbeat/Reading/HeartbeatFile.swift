internal import Glibc
internal import POSIX

/// The heartbeat file as a reader sees it: parsed again only when it changed, and never worse than it was last.
///
/// It takes no lock: writers that replace the file show it whole at any time, and of those that write in place the
/// last good content is served until they are done. To be used by one thread at a time.
public struct HeartbeatFile: Sendable {
  /// The default of `maximumSize`: 64 MiB, some 200,000 processes.
  public static let defaultMaximumSize = 64 << 20
  /// How often a file that looks as if it were being written is read again at once.
  public static let retries = 5
  /// The pause in front of each of these, in microseconds.
  public static let retryPause: UInt32 = 2_000

  /// Where the file is; a symbolic link is followed.
  public let path: String
  var reader: SnapshotReader
  /// What its source says of it; nil takes our own layout alone.
  let source: ForeignFile?
  /// Reads what was recognised in other layouts.
  var foreignReader: SnapshotReader
  let maximumSize: Int
  /// Beside `maximumSize`: what other files leave of what all may have together, in bytes.
  var room = Int.max
  /// Whether the last refresh found it larger than its room.
  private(set) var isOutOfRoom = false
  let limits: ReadingLimits
  /// The content before `snapshot`, for its memory alone.
  var spare = HeartbeatSnapshot()

  /// The last good content; without processes before there was any.
  public internal(set) var snapshot = HeartbeatSnapshot()
  /// Rises when `snapshot` changes.
  public internal(set) var generation: UInt64 = 0
  /// What the last good content was; nil before there was any.
  public internal(set) var layout: SourceLayout?
  /// Why the last good content is what it was taken for; nil for one of our own layout.
  public internal(set) var explanation: SourceExplanation?
  /// Whether the last refresh found the file good.
  public private(set) var isUp = false
  /// The file's size in bytes; nil when it could not be asked for.
  public private(set) var size: Int?
  /// Unix time of the file's last change; nil when it could not be asked for.
  public private(set) var modified: Double?
  /// Whether it belonged to root or this user at the last look, and nobody else could write it.
  private(set) var isGuarded = false
  /// What the kernel said of it when it was there last.
  private(set) var stamp: FileStamp?
  /// Failed refreshes, by reason.
  public private(set) var readErrors: [HeartbeatFileFailure: UInt64] = [:]
  /// What was wrong at the last refresh.
  public private(set) var lastProblem: HeartbeatFileProblem?

  /// The content that was let go last, and how long the text is that comes of it.
  private var tooLong: (stamp: FileStamp, length: Int)?

  /// How many bytes of `snapshot.bytes` are the file's; behind them stand its names without escapes.
  var textLength = 0
  /// How many bytes of the file the last good content was; of one that grows, of which only the end is read, none count.
  private var readLength = 0
  /// What the last good content takes of the room, in bytes: by memory alone nothing fits that would not when it is read.
  var length: Int { max(textLength, readLength) }

  /// Whether `snapshot` is without the processes' own data.
  var hasTextAlone = false

  /// Which keys of another program's data come and go. `forget` leaves it: what is served follows from it.
  var churn = KeyChurn()
  var churnStamp: FileStamp?

  /// The content that looked like half of one, and when it was first seen, on the monotonic clock.
  var half: (stamp: FileStamp, since: UInt64)?

  /// The content that was read last, and what was wrong with it; nil when it must be read again in any case.
  var lastRead: (stamp: FileStamp, problem: HeartbeatFileProblem?)?
  /// Whether that was the end of a file that grows.
  private var isTail = false

  /// Describes a file in our own layout, and reads nothing yet.
  ///
  /// - Parameters:
  ///   - stringKeys: paths of the processes' own data, joined by `.` or `_`, whose strings are kept.
  ///   - maximumSize: a larger file is not read, in bytes.
  public init(path: String, stringKeys: Set<String> = [], maximumSize: Int = defaultMaximumSize) {
    self.init(path: path, stringKeys: stringKeys, maximumSize: maximumSize, limits: ReadingLimits())
  }

  /// - Parameter source: what is said of it; nil takes our own layout alone.
  package init(
    path: String, stringKeys: Set<String>, maximumSize: Int, limits: ReadingLimits, source: ForeignFile? = nil
  ) {
    self.path = path
    self.source = source
    reader = SnapshotReader(stringKeys: stringKeys, limits: limits)
    foreignReader = SnapshotReader(stringKeys: stringKeys, limits: limits, keepsStrangePids: true)
    self.maximumSize = maximumSize
    self.limits = limits
  }

  /// Forgets what saves work: the next refresh reads the file, whether it changed or not. What was found last stays, for it
  /// is served as long as the file is bad.
  public mutating func forget() {
    reader.forget()
    foreignReader.forget()
    spare = HeartbeatSnapshot()
    lastRead = nil
  }

  /// Forgets what saves work, and all of the last content but its text and what it says of each process: whoever takes the text over
  /// parses it again anyway.
  mutating func keepTextAlone() {
    reader.forget()
    foreignReader.forget()
    spare = HeartbeatSnapshot()
    snapshot.dropValues()
    hasTextAlone = true
  }

  /// Where it is the only file from now on: takes up again what `keepTextAlone` has forgotten.
  mutating func takeUpValues() {
    guard hasTextAlone else { return }
    hasTextAlone = false
    let text = Array(snapshot.bytes.prefix(textLength))
    var none = HeartbeatSnapshot()
    let read =
      layout == .ours ? try? reader.read(text, into: &none) : try? foreignReader.read(text, into: &none)
    // It was read before.
    guard var next = read else { return }
    (next.skipped, next.changes) = (snapshot.skipped, SnapshotChanges())
    snapshot = next
    generation += 1
  }

  /// Lets go of its content, for which there is no room any more.
  mutating func drop() {
    if let lastRead, lastRead.problem == nil { tooLong = (lastRead.stamp, length) }
    // Counted as it is where it need not be read to be known for too long.
    if isUp { readErrors[.tooLarge, default: 0] += 1 }
    isUp = false
    if !snapshot.entries.isEmpty { generation += 1 }
    forget()
    snapshot = HeartbeatSnapshot()
    (textLength, readLength, hasTextAlone) = (0, 0, false)
    (layout, explanation) = (nil, nil)
    (churn, churnStamp, half) = (KeyChurn(), nil, nil)
  }

  /// Looks at the file, and reads it if it changed.
  ///
  /// - Parameters:
  ///   - mayWait: whether to look again a few times at one that seems to be written just now.
  ///   - found: what the kernel said of it just now; nil asks it.
  ///   - most: where its reading takes more bytes than these, it is not read.
  /// - Returns: false where it would take more, so that it was left alone: what was said of it before still stands.
  @discardableResult
  mutating func refresh(mayWait: Bool = true, found: stat? = nil, most: Int = .max) -> Bool {
    var attempt = mayWait ? 0 : limits.retries
    var found = found
    while true {
      do throws(HeartbeatFileProblem) {
        guard try readIfChanged(found, most) else { return false }
        isUp = true
        lastProblem = nil
        return true
      } catch {
        if error.failure.mayHealAtOnce, lastProblem != error, attempt < limits.retries {
          attempt += 1
          found = nil
          usleep(limits.retryPause)
          continue
        }
        isUp = false
        lastProblem = error
        readErrors[error.failure, default: 0] += 1
        return true
      }
    }
  }

  /// How much is kept of it, where it was good at the last look, is as it was when it was read, and has no more text than there is room.
  func unchanged(_ found: stat, room: Int) -> (length: Int, paths: Int)? {
    guard isUp, length <= room, let lastRead, lastRead.problem == nil, lastRead.stamp == FileStamp(found)
    else { return nil }
    return (length, snapshot.keyPaths.count)
  }

  /// Whether others leave no room for a file of this size.
  private func isLarger(_ found: stat, than room: Int) -> Bool {
    let size = Int(widening: found.st_size)
    return size <= maximumSize && size > room
  }

  /// Takes the place of `refresh` when the file's file system hangs: `snapshot` stays as it is.
  ///
  /// - Parameter seconds: how long it was waited for; nil where it was not asked, as others beside it do not answer.
  public mutating func refreshTimedOut(after seconds: Double?) {
    let what =
      seconds.map { "its file system did not answer within \($0) s; is its server up?" }
      ?? "it was not asked in time, for others that match its pattern do not answer, or answer slowly"
    refuse(.timeout, what)
  }

  /// Takes the place of `refresh` when the reading takes too long: `snapshot` stays as it is.
  ///
  /// - Parameters:
  ///   - seconds: how long all such files may take together.
  ///   - isBegun: whether it is being read.
  ///   - isKnown: whether something is shown of it.
  mutating func refreshLate(after seconds: Double, isBegun: Bool, isKnown: Bool) {
    let length = size.map { "its \($0) bytes were" } ?? "it was"
    let rest = isBegun ? "its reading goes on" : "others took that time, and it is one of the next"
    let meanwhile = isKnown ? "what it said before is shown" : "nothing is known of it"
    refuse(.timeout, "\(length) not read within \(seconds) s; \(rest), and until it is read \(meanwhile)")
  }

  /// Says of the file what is wrong, without a look at it: `snapshot` stays as it is.
  mutating func refuse(_ failure: HeartbeatFileFailure, _ what: String) {
    isUp = false
    lastProblem = HeartbeatFileProblem(failure: failure, description: "\(path): \(what)")
    readErrors[failure, default: 0] += 1
  }

  /// Says of a folder that stands for the files in it that it cannot be listed.
  mutating func refuse(unlisted error: Errno) {
    switch error.rawValue {
    case EACCES, EPERM:
      refuse(.permissionDenied, "this user may not list the folder; expected read and execute permission")
    case EILSEQ:
      refuse(.inputOutput, "its name is no UTF-8, so that what is in it cannot be read; give it another name")
    case ETIMEDOUT:
      refuse(
        .timeout,
        "the folder is not listed yet: it has very many names, or its file system is slow; what it had before is shown")
    default: refuse(.inputOutput, "the folder cannot be listed: \(error)")
    }
  }

  /// - Returns: false where more than `most` bytes would have to be read.
  private mutating func readIfChanged(_ known: stat?, _ most: Int) throws(HeartbeatFileProblem) -> Bool {
    isOutOfRoom = false
    // Nothing is opened but what stat calls a regular file: opening a device may have effects.
    var status = known ?? stat()
    guard known != nil || path.withCString({ stat($0, &status) }) == 0 else {
      let error = Errno.last
      (size, modified) = (nil, nil)
      throw problem(error)
    }
    note(status)
    guard status.st_mode & S_IFMT == S_IFREG else { throw notRegular() }
    let found = FileStamp(status)
    if let lastRead, lastRead.stamp == found, isTail || !isLarger(status, than: room) {
      // Unchanged: as good or as bad as it was.
      if let problem = lastRead.problem { throw problem }
      return true
    }
    if let tooLong, tooLong.stamp == found, tooLong.length > room {
      // It need not be read to know.
      isOutOfRoom = true
      throw tooLarge(tooLong.length)
    }
    tooLong = nil
    let isSettled = Clock.realtime - FileStamp.seconds(status.st_ctim) > limits.timestampGrain
    if let source, status.st_size == 0, layout == nil || layout == .touched, source.mayBeTouched(path) {
      try take(source.touched(path, modified: FileStamp.seconds(status.st_mtim)), isSettled ? found : nil)
      readLength = 0
      return true
    }
    let length = Int(widening: status.st_size)
    if let source, status.st_size > source.smallestTail {
      switch try readTail(source, most: most) {
      case .taken: return true
      case .tooMuch: return false
      case .isNone: break
      }
    }
    isOutOfRoom = isLarger(status, than: room)
    guard length <= maximumSize, !isOutOfRoom else { throw tooLarge(length) }
    guard length <= most else { return false }
    try read()
    return true
  }

  private mutating func read() throws(HeartbeatFileProblem) {
    let start = Clock.realtime
    var bytes = spare.takeBytes()
    let opened: stat
    let isWhole: Bool
    do throws(Errno) {
      let file = try FileDescriptor.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
      opened = try file.status()
      guard opened.st_mode & S_IFMT == S_IFREG else { throw Errno(ENXIO) }
      isWhole = try file.readContent(into: &bytes, limit: min(maximumSize, room), since: opened)
    } catch {
      throw error.rawValue == ENXIO ? notRegular() : problem(error)
    }
    note(opened)
    // A change within the clock's grain of the last one would leave no trace in the stamp, so that a content that was as
    // young as that when its reading began is looked at again the next time.
    let isSettled = start - FileStamp.seconds(opened.st_ctim) > limits.timestampGrain
    (lastRead, isTail) = (nil, false)
    guard isWhole else {
      spare.giveBack(bytes)
      throw HeartbeatFileProblem(failure: .torn, description: "\(path): it was written while it was read")
    }
    let length = bytes.count
    try understand(bytes, opened, isSettled: isSettled)
    readLength = length
  }

  private enum Tail { case taken, tooMuch, isNone }

  /// Reads the end of a file that grows, if it looks like one.
  ///
  /// - Parameter most: of a longer end nothing is read.
  private mutating func readTail(_ source: ForeignFile, most: Int) throws(HeartbeatFileProblem) -> Tail {
    let start = Clock.realtime
    let opened: stat
    let bytes: [UInt8]
    do throws(Errno) {
      let file = try FileDescriptor.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
      opened = try file.status()
      guard opened.st_mode & S_IFMT == S_IFREG else { throw Errno(ENXIO) }
      switch try source.tail(of: file, size: Int(widening: opened.st_size), most: most) {
      case .bytes(let tail): bytes = tail
      case .tooMuch: return .tooMuch
      case .isNone: return .isNone
      }
    } catch {
      throw error.rawValue == ENXIO ? notRegular() : problem(error)
    }
    note(opened)
    (lastRead, isTail) = (nil, true)
    let isSettled = start - FileStamp.seconds(opened.st_ctim) > limits.timestampGrain
    let outcome = source.recognise(bytes, path: path, modified: FileStamp.seconds(opened.st_mtim), isTail: true)
    try take(outcome, bytes, source, opened, isSettled: isSettled)
    readLength = 0
    return .taken
  }

  private mutating func note(_ status: stat) {
    size = Int(widening: status.st_size)
    modified = FileStamp.seconds(status.st_mtim)
    stamp = FileStamp(status)
    let wasGuarded = isGuarded
    isGuarded = status.isGuarded()
    // Whom its silences are about has changed.
    if isGuarded != wasGuarded, !snapshot.silences.isEmpty { generation += 1 }
  }
}
