internal import CLinux
internal import Glibc
internal import POSIX

/// Asks mounts for their room. A mount that hangs keeps a thread, and is not asked again before it has come back. Another one at its
/// place is another mount, and is asked; then the thread that hangs takes no place of others (`HangWatch`).
///
/// Those that answered when they were last asked have threads that no other mount can use up.
public final class MountProbe: Sendable {
  /// What came of a question.
  enum Answer: Sendable {
    /// - isReadOnly: what `statvfs(3)` says of file system and mount together, as this process sees them.
    /// - pathMount: in which mount that is; nil when that is not known.
    case room(Filesystem.Room, isReadOnly: Bool = false, pathMount: PathMount? = nil)
    /// It is no storage.
    case nothing
    case failed(Int32)
    /// It does not answer.
    case late
    /// Nobody had the time or a thread to ask it, so many others do not answer.
    case notAsked

    /// Whether it is one at all.
    var isKnown: Bool {
      switch self {
      case .late, .notAsked: false
      default: true
      }
    }

    /// Whether nothing is there.
    var isAbsent: Bool {
      if case .failed(let number) = self { number == ENOENT || number == ENOTDIR } else { false }
    }

    /// Whether this process may not go there.
    var isForbidden: Bool {
      if case .failed(let number) = self { number == EACCES || number == EPERM } else { false }
    }
  }

  /// Which mount it is, and not only where.
  struct Key: Hashable, Sendable {
    var path: [UInt8]
    var device: [UInt8]
    var number: UInt64?
  }

  private let trusted = TimeLimitedCalls<Key>(name: "mount")
  private let others: TimeLimitedCalls<Key>
  private let ask: @Sendable ([UInt8]) -> Answer
  /// Those that answered last time.
  private let answered = Lock<Set<Key>>([])

  /// So many mounts that have not answered before may hang; then no further one of those is asked.
  static let mostHanging = 256
  /// How long others wait for one that does not answer, in seconds, until they are asked beside it.
  private static let patience = 0.02

  /// Asks the kernel.
  public convenience init() {
    self.init(ask: MountProbe.room)
  }

  /// - Parameter ask: may hang.
  init(mostHanging: Int = MountProbe.mostHanging, ask: @escaping @Sendable ([UInt8]) -> Answer) {
    others = TimeLimitedCalls(name: "mount", threadLimit: mostHanging)
    self.ask = ask
  }

  /// - Parameter former: what was answered a moment ago, which is not asked again.
  /// - Returns: in the order of the mounts.
  func answers(of paths: [Key], former: [Key: Answer] = [:], within seconds: Double) -> [Answer] {
    let deadline = Clock.monotonicNanoseconds + Clock.nanoseconds(seconds)
    if !isIdle {
      let present = Set(paths)
      for calls in [trusted, others] { calls.leaveBehind { !present.contains($0) } }
    }
    let (known, hanging) = (answered.withLock { $0 }, hanging)
    let asked = paths.indices.filter { former[paths[$0]] == nil && !hanging.contains(paths[$0]) }
    let first = asked.filter { known.contains(paths[$0]) }
    let second = asked.filter { !known.contains(paths[$0]) }
    // Both are begun before either is waited for.
    let pending = [(first, trusted), (second, others)].map { places, calls in
      (places, calls.begin(places.map { paths[$0] }) { [ask] in ask($0.path) })
    }
    var answers = paths.map { former[$0] }
    for (places, calls) in pending {
      for (place, answer) in zip(places, calls.results(until: deadline, patience: Self.patience)) {
        answers[place] = answer
      }
    }
    answered.withLock { $0 = Set(paths.indices.filter { answers[$0] != nil }.map { paths[$0] }) }
    let late = self.hanging
    return zip(paths, answers).map { path, answer in answer ?? (late.contains(path) ? .late : .notAsked) }
  }

  /// Whether nothing is being asked.
  private var isIdle: Bool { trusted.isIdle && others.isIdle }

  /// What was asked and has not answered.
  private var hanging: Set<Key> { trusted.running.union(others.running) }

  private static func room(of path: [UInt8]) -> Answer {
    var room = statvfs()
    let text = (path + [0]).map { CChar(bitPattern: $0) }
    guard statvfs(text, &room) == 0 else { return .failed(errno) }
    // As in node_exporter, what has no blocks at all is no storage.
    guard room.f_blocks > 0 else { return .nothing }
    return .room(
      Filesystem.Room(room), isReadOnly: room.f_flag & UInt(bitPattern: ST_RDONLY) != 0, pathMount: PathMount(text))
  }
}

/// In which file system a path is, as the kernel says without asking that file system.
struct PathMount: Equatable, Sendable {
  /// The device of the files there.
  var device: UInt64
  /// The number of the mount; nil before Linux 5.8.
  var mount: UInt64?

  init(device: UInt64, mount: UInt64? = nil) {
    (self.device, self.mount) = (device, mount)
  }

  /// The corresponding C function is `statx`; nil when it does not say.
  init?(_ path: UnsafePointer<CChar>) {
    var found = c_path_mount()
    guard look_where(path, &found) == 0 else { return nil }
    device = MountInfo.device(UInt64(widening: found.major), UInt64(widening: found.minor))
    mount = found.has_mount != 0 ? found.mount : nil
  }
}
