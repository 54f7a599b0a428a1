internal import Glibc
internal import JSON
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
  private var reader: SnapshotReader
  private let maximumSize: Int
  private let limits: ReadingLimits
  /// The content before `snapshot`, for its memory alone.
  private var spare = HeartbeatSnapshot()

  /// The last good content; without processes before there was any.
  public private(set) var snapshot = HeartbeatSnapshot()
  /// Rises when `snapshot` changes.
  public private(set) var generation: UInt64 = 0
  /// Whether the last refresh found the file good.
  public private(set) var isUp = false
  /// The file's size in bytes; nil when it could not be asked for.
  public private(set) var size: Int?
  /// Unix time of the file's last change; nil when it could not be asked for.
  public private(set) var modified: Double?
  /// Failed refreshes, by reason.
  public private(set) var readErrors: [HeartbeatFileFailure: UInt64] = [:]
  /// What was wrong at the last refresh.
  public private(set) var lastProblem: HeartbeatFileProblem?

  /// What tells one content from another without reading it. A program can set a file's time of modification back, but
  /// not the time at which the file was last changed in any way.
  private struct Stamp: Equatable {
    var device: UInt
    var inode: UInt
    var size: Int
    var modified: Time
    var changed: Time

    struct Time: Equatable {
      var seconds: Int
      var nanoseconds: Int
    }
  }

  /// The content that was read last, and what was wrong with it; nil when it must be read again in any case.
  private var lastRead: (stamp: Stamp, problem: HeartbeatFileProblem?)?

  /// Describes a file, and reads nothing yet.
  ///
  /// - Parameters:
  ///   - stringKeys: paths of the processes' own data, joined by `.` or `_`, whose strings are kept.
  ///   - maximumSize: a larger file is not read, in bytes.
  public init(path: String, stringKeys: Set<String> = [], maximumSize: Int = defaultMaximumSize) {
    self.init(path: path, stringKeys: stringKeys, maximumSize: maximumSize, limits: ReadingLimits())
  }

  package init(path: String, stringKeys: Set<String>, maximumSize: Int, limits: ReadingLimits) {
    self.path = path
    reader = SnapshotReader(stringKeys: stringKeys, limits: limits)
    self.maximumSize = maximumSize
    self.limits = limits
  }

  /// Forgets what saves work: the next refresh reads the file, whether it changed or not. What was found last stays, for it
  /// is served as long as the file is bad.
  public mutating func forget() {
    reader.forget()
    spare = HeartbeatSnapshot()
    lastRead = nil
  }

  /// Looks at the file, and reads it if it changed.
  public mutating func refresh() {
    var attempt = 0
    while true {
      do throws(HeartbeatFileProblem) {
        try readIfChanged()
        isUp = true
        lastProblem = nil
        return
      } catch {
        if error.failure.mayHealAtOnce, lastProblem != error, attempt < limits.retries {
          attempt += 1
          usleep(limits.retryPause)
          continue
        }
        isUp = false
        lastProblem = error
        readErrors[error.failure, default: 0] += 1
        return
      }
    }
  }

  /// Takes the place of `refresh` when the file's file system hangs: `snapshot` stays as it is.
  ///
  /// - Parameter seconds: how long it was waited for.
  public mutating func refreshTimedOut(after seconds: Double) {
    let problem = HeartbeatFileProblem(
      failure: .timeout,
      description: "\(path): its file system did not answer within \(seconds) s; is its server up?")
    isUp = false
    lastProblem = problem
    readErrors[problem.failure, default: 0] += 1
  }

  private mutating func readIfChanged() throws(HeartbeatFileProblem) {
    // Nothing is opened but what stat calls a regular file: opening a device may have effects.
    var status = stat()
    guard stat(path, &status) == 0 else {
      let error = Errno.last
      (size, modified) = (nil, nil)
      throw problem(error)
    }
    note(status)
    guard status.st_mode & S_IFMT == S_IFREG else { throw notRegular() }
    let found = HeartbeatFile.stamp(status)
    if let lastRead, lastRead.stamp == found {
      // Unchanged: as good or as bad as it was.
      if let problem = lastRead.problem { throw problem }
      return
    }
    guard status.st_size <= maximumSize else { throw tooLarge(Int(widening: status.st_size)) }
    try read()
  }

  private mutating func read() throws(HeartbeatFileProblem) {
    let start = Clock.realtime
    var bytes = spare.takeBytes()
    let opened: stat
    do throws(Errno) {
      let file = try FileDescriptor.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
      opened = try file.status()
      guard opened.st_mode & S_IFMT == S_IFREG else { throw Errno(ENXIO) }
      try file.readToEnd(appendingTo: &bytes, limit: maximumSize)
    } catch {
      throw error.rawValue == ENXIO ? notRegular() : problem(error)
    }
    note(opened)
    // A change within the clock's grain of the last one would leave no trace in the stamp, so that a content that was as
    // young as that when its reading began is looked at again the next time.
    let isSettled = start - HeartbeatFile.seconds(opened.st_ctim) > limits.timestampGrain
    lastRead = nil
    if bytes.count == snapshotLength, generation > 0, snapshot.begins(with: bytes) {
      spare.giveBack(bytes)
      if isSettled { lastRead = (HeartbeatFile.stamp(opened), nil) }
      return
    }
    let length = bytes.count
    do throws(JSONParseError) {
      var next = try reader.read(bytes, into: &spare)
      swap(&next, &snapshot)
      spare = next
      snapshotLength = length
      generation += 1
      if isSettled { lastRead = (HeartbeatFile.stamp(opened), nil) }
    } catch {
      let problem = problem(error, in: bytes)
      if isSettled { lastRead = (HeartbeatFile.stamp(opened), problem) }
      throw problem
    }
  }

  /// How many bytes of `snapshot.bytes` are the file's.
  private var snapshotLength = 0

  private mutating func note(_ status: stat) {
    size = Int(widening: status.st_size)
    modified = HeartbeatFile.seconds(status.st_mtim)
  }

  private static func seconds(_ time: timespec) -> Double {
    Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func stamp(_ status: stat) -> Stamp {
    Stamp(
      device: UInt(widening: status.st_dev), inode: UInt(widening: status.st_ino), size: Int(widening: status.st_size),
      modified: Stamp.Time(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec),
      changed: Stamp.Time(seconds: status.st_ctim.tv_sec, nanoseconds: status.st_ctim.tv_nsec))
  }
}

extension HeartbeatFile {
  private func problem(_ error: Errno) -> HeartbeatFileProblem {
    switch error.rawValue {
    case ENOENT, ENOTDIR:
      HeartbeatFileProblem(failure: .missing, description: "\(path): there is no such file yet; does anything beat?")
    case EACCES, EPERM:
      HeartbeatFileProblem(
        failure: .permissionDenied, description: "\(path): this user may not read it; expected read permission")
    case EFBIG: tooLarge(nil)
    default: HeartbeatFileProblem(failure: .inputOutput, description: "\(path): \(error)")
    }
  }

  private func notRegular() -> HeartbeatFileProblem {
    HeartbeatFileProblem(
      failure: .notARegularFile, description: "\(path): a folder, device or pipe; expected a regular file")
  }

  private func tooLarge(_ size: Int?) -> HeartbeatFileProblem {
    let found = size.map { "\($0) bytes" } ?? "more"
    return HeartbeatFileProblem(
      failure: .tooLarge, description: "\(path): \(found), expected at most \(maximumSize) bytes")
  }

  private func problem(_ error: JSONParseError, in bytes: [UInt8]) -> HeartbeatFileProblem {
    func place(_ offset: Int) -> String {
      let before = bytes[..<min(offset, bytes.count)]
      let line = before.count { $0 == UInt8(ascii: "\n") } + 1
      let column = before.count - (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1)
      return "\(path):\(line):\(column)"
    }
    return switch error {
    case .empty: HeartbeatFileProblem(failure: .empty, description: "\(path): empty; expected a JSON object")
    case .torn:
      HeartbeatFileProblem(
        failure: .torn, description: "\(place(bytes.count)): the file ends here, in the middle of its JSON")
    case .notJSON(let offset, let expected):
      HeartbeatFileProblem(failure: .notJSON, description: "\(place(offset)): this is no JSON; expected \(expected)")
    case .wrongShape(let offset, let expected):
      HeartbeatFileProblem(
        failure: .wrongShape, description: "\(place(offset)): no heartbeat file; expected \(expected)")
    }
  }
}
