internal import Glibc
internal import POSIX

/// A mounted file system and the room in it, by `/proc/1/mounts` and `statvfs(3)`.
public struct Filesystem: Equatable, Sendable {
  /// What is mounted, such as `/dev/sda1`.
  public var device: String
  /// Where, such as `/home`.
  public var mountPoint: String
  /// The file system's type, such as `ext4`.
  public var type: String
  /// Whether nobody can write to it: it is mounted so, or its super block was turned so since, as the kernel does after errors of a disk.
  public var isReadOnly: Bool
  /// The room in it; nil when it does not say.
  public var room: Room?
  /// Why it does not say; nil when it does.
  public var failure: String?

  /// The room in a file system.
  public struct Room: Equatable, Sendable {
    /// Size in bytes.
    public var sizeBytes: UInt64
    /// Free bytes, those kept for root included.
    public var freeBytes: UInt64
    /// Free bytes for everybody.
    public var availableBytes: UInt64
    /// How many files there can be; 0 where the file system has no such bound.
    public var files: UInt64
    /// How many more there can be.
    public var freeFiles: UInt64

    /// The part that is used, as df(1) shows it; nil when there is no room at all.
    public var usedShare: Double? {
      Filesystem.usedShare(used: Double(sizeBytes) - Double(freeBytes), available: Double(availableBytes))
    }

    init(_ found: statvfs) {
      let block = UInt64(widening: found.f_frsize)
      sizeBytes = clampedProduct(UInt64(widening: found.f_blocks), block)
      freeBytes = clampedProduct(UInt64(widening: found.f_bfree), block)
      availableBytes = clampedProduct(UInt64(widening: found.f_bavail), block)
      files = UInt64(widening: found.f_files)
      freeFiles = UInt64(widening: found.f_ffree)
    }
  }

  /// Of what is not kept for root, the part that is used: used / (used + available); nil when that is no number of 0...1.
  public static func usedShare(used: Double, available: Double) -> Double? {
    let share = used / (used + available)
    return used >= 0 && available >= 0 && share.isFinite ? share : nil
  }
}

/// The mounts as they were read last.
struct LastMounts {
  let mounts: [Mount]
  /// Where they were read, which tells when they change.
  let file: StaticString
  /// What was wrong with that file, though these could be read.
  let fault: ProcfsError?
  /// When they were read, on the monotonic clock.
  let time: UInt64
  /// The places of those that were not there when they were first asked; nil before.
  var absent: [Int]?
}

/// Asks mounts for their room. A mount that hangs keeps a thread, and is not asked again before it has come back. Another one at its
/// place is another mount, and is asked; then the thread that hangs takes no place of others (`HangWatch`).
///
/// Those that answered when they were last asked have threads that no other mount can use up.
public final class MountProbe: Sendable {
  /// What came of a question.
  enum Answer: Sendable {
    /// - isReadOnly: what `statvfs(3)` says of mount and super block together.
    case room(Filesystem.Room, isReadOnly: Bool = false)
    /// It is no storage.
    case nothing
    case failed(Int32)
    /// It does not answer.
    case late
    /// Nobody had the time or a thread to ask it, so many others do not answer.
    case notAsked
  }

  /// Which mount it is, and not only where.
  struct Key: Hashable, Sendable {
    var path: [UInt8]
    var device: [UInt8]
    var number: [UInt8]
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

  /// - Returns: in the order of the mounts.
  func answers(of paths: [Key], within seconds: Double) -> [Answer] {
    let deadline = Clock.monotonicNanoseconds + Clock.nanoseconds(seconds)
    if !hanging.isEmpty {
      let present = Set(paths)
      for calls in [trusted, others] { calls.leaveBehind { !present.contains($0) } }
    }
    let (known, hanging) = (answered.withLock { $0 }, hanging)
    let asked = paths.indices.filter { !hanging.contains(paths[$0]) }
    let first = asked.filter { known.contains(paths[$0]) }
    let second = asked.filter { !known.contains(paths[$0]) }
    // Both are begun before either is waited for.
    let pending = [(first, trusted), (second, others)].map { places, calls in
      (places, calls.begin(places.map { paths[$0] }) { [ask] in ask($0.path) })
    }
    var answers = [Answer?](repeating: nil, count: paths.count)
    for (places, calls) in pending {
      for (place, answer) in zip(places, calls.results(until: deadline, patience: Self.patience)) {
        answers[place] = answer
      }
    }
    answered.withLock { $0 = Set(paths.indices.filter { answers[$0] != nil }.map { paths[$0] }) }
    let late = self.hanging
    return zip(paths, answers).map { path, answer in answer ?? (late.contains(path) ? .late : .notAsked) }
  }

  /// What was asked and has not answered.
  private var hanging: Set<Key> { trusted.running.union(others.running) }

  private static func room(of path: [UInt8]) -> Answer {
    var room = statvfs()
    let text = (path + [0]).map { CChar(bitPattern: $0) }
    guard statvfs(text, &room) == 0 else { return .failed(errno) }
    // As in node_exporter, what has no blocks at all is no storage.
    guard room.f_blocks > 0 else { return .nothing }
    return .room(Filesystem.Room(room), isReadOnly: room.f_flag & UInt(bitPattern: ST_RDONLY) != 0)
  }
}

extension Procfs {
  /// The mounted file systems that hold data of the host, with their room; what is not there below the host's root is left out.
  ///
  /// The mounts are those that process 1 sees, or this process where that is not allowed, or process 1 is out of sight.
  public func filesystems(_ complain: Complain = { _ in }) throws(ProcfsError) -> [Filesystem] {
    var root = Array(rootfs.utf8)
    while root.last == UInt8(ascii: "/") { root.removeLast() }
    let current = try currentMounts(below: root)
    if let fault = current.fault { complain(fault) }
    let (all, file) = (current.mounts, current.file)
    let mounts = all.prefix(limits.mounts)
    if all.count > mounts.count {
      complain(ProcfsError("\(path)/\(file)", "it has \(all.count) mounts, of which \(mounts.count) are shown"))
    }
    /// Whether some are not there, and whether something is there.
    var (hasAbsent, hasPresent) = (false, false)
    var notAsked = 0
    let answers = mountProbe.answers(
      of: mounts.map { MountProbe.Key(path: root + $0.point, device: $0.device, number: $0.number) },
      within: mountTimeout)
    noteAbsent(answers)
    var found: [Filesystem] = []
    for (mount, answer) in zip(mounts, answers) {
      var filesystem = Filesystem(
        device: ForeignText.text(mount.device), mountPoint: ForeignText.text(mount.point),
        type: ForeignText.text(mount.type), isReadOnly: mount.isReadOnly)
      switch answer {
      case .failed(ENOENT), .failed(ENOTDIR): hasAbsent = true
      case .late, .notAsked: break
      default: hasPresent = true
      }
      switch answer {
      case .nothing: continue
      // It was not mounted below this root, or is gone meanwhile.
      case .failed(ENOENT), .failed(ENOTDIR): continue
      case .failed(let number): filesystem.failure = Errno(number).description
      case .late: filesystem.failure = "it does not answer"
      case .notAsked:
        // Nothing is known of it, so nothing is said.
        notAsked += 1
        continue
      case .room(let room, let isReadOnly):
        filesystem.room = room
        // The options are those of when the mounts were parsed: of a super block that turns read-only nobody is told.
        filesystem.isReadOnly = filesystem.isReadOnly || isReadOnly
      }
      found.append(filesystem)
    }
    if notAsked > 0 {
      let reason = "of \(notAsked) of its mounts nothing is known, since so many others do not answer"
      complain(ProcfsError("\(path)/\(file)", reason))
    }
    if hasAbsent, !hasPresent { throw ProcfsError(mount: rootfs, "no mount of the host is below it") }
    return found
  }

  /// Has the mounts parsed again when others are absent than were at first: where a folder above a mount is renamed its place changes,
  /// and nobody is told.
  private func noteAbsent(_ answers: [MountProbe.Answer]) {
    let absent = answers.indices.filter {
      if case .failed(let number) = answers[$0] { number == ENOENT || number == ENOTDIR } else { false }
    }
    switch mounts?.absent {
    case nil: mounts?.absent = absent
    case absent?: break
    default: mounts = nil
    }
  }

  /// The mounts, parsed again only when the kernel says that some came or went, see `proc_pid_mounts(5)`, or after a while: options,
  /// devices' names and places may change without that.
  private func currentMounts(below root: [UInt8]) throws(ProcfsError) -> LastMounts {
    if let last = mounts, Clock.monotonicNanoseconds &- last.time < limits.mountAge, !hasChanged(last.file) {
      return last
    }
    // The kernel tells of a change once: when it then cannot be read, the old ones are not to be taken for the present ones.
    mounts = nil
    let found: LastMounts
    do throws(ProcfsError) {
      found = try readMounts(Self.hostMounts, numbers: Self.hostMountNumbers, below: [])
    } catch {
      // Any other fault is one of the file, and what this process sees is no answer to it.
      guard let code = error.code, [EACCES, EPERM, ENOENT, ESRCH].contains(code) else { throw error }
      // Our own mount points begin with the place where the host's root is mounted.
      found = try readMounts(Self.ownMounts, numbers: Self.ownMountNumbers, below: root)
    }
    mounts = found
    return found
  }

  /// - Parameters:
  ///   - numberFile: where the numbers of the same mounts are; without it they have none.
  ///   - root: what their points begin with, which is taken off.
  private func readMounts(
    _ file: StaticString, numbers numberFile: StaticString, below root: [UInt8]
  ) throws(ProcfsError) -> LastMounts {
    var fault: ProcfsError?
    // Before: what changes while they are read is as old as this.
    let time = Clock.monotonicNanoseconds
    var mounts = try read(file, expecting: "lines of mounts", { fault = $0 }) { [filter] bytes, odd in
      Mount.parse(bytes, below: root, filter: filter, odd: odd)
    }
    let numbers = (try? withContents(of: numberFile, Mount.numbers)) ?? [:]
    for place in mounts.indices {
      let point = mounts[place].point
      let whole = point == [UInt8(ascii: "/")] && !root.isEmpty ? root : root + point
      mounts[place].number = numbers[whole] ?? []
    }
    return LastMounts(mounts: mounts, file: file, fault: fault, time: time)
  }

  private static let hostMounts: StaticString = "1/mounts"
  private static let hostMountNumbers: StaticString = "1/mountinfo"
  private static let ownMounts: StaticString = "self/mounts"
  private static let ownMountNumbers: StaticString = "self/mountinfo"
}
