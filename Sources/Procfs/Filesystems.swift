internal import CLinux
internal import Glibc
internal import POSIX

/// A mounted file system and the room in it, by `/proc/1/mounts`, `/proc/1/mountinfo` and `statvfs(3)`.
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
  var mounts: [Mount]
  /// Whose mounts these are, which tells when they change.
  let files: MountFiles
  /// What was wrong with the file, though these could be read.
  let fault: ProcfsError?
  /// When they were read, on the monotonic clock.
  let time: UInt64
  /// The places of those that were not there when they were first asked; nil before.
  var absent: [Int]?
  /// The mounts that this process sees; nil as long as nothing depends on them.
  var own: OwnMounts?
  /// Which are read-only, by their numbers, as the list said when it was asked again after they were parsed.
  private(set) var readOnly: [UInt64: Bool] = [:]
  /// What `statvfs(3)` said then of the mounts that answered.
  private var readOnlyHere: [UInt64: Bool] = [:]
  /// When it said so, on the monotonic clock; nil when it was not asked again.
  private var readOnlyTime: UInt64?

  init(mounts: [Mount], files: MountFiles, fault: ProcfsError?, time: UInt64) {
    (self.mounts, self.files, self.fault, self.time) = (mounts, files, fault, time)
  }

  /// Whether a mount is read-only, as far as the list told.
  func isReadOnly(_ mount: Mount) -> Bool { mount.info.flatMap { readOnly[$0.number] } ?? mount.isReadOnly }

  /// Since when it is not known which mounts are read-only.
  var lastReadOnlyTime: UInt64 { readOnlyTime ?? time }

  /// Whether the list has to be asked which are read-only, for `statvfs(3)` says something new of a mount. In a sandbox it says something
  /// else than the list for as long as both live.
  func isDoubtful(_ mount: Mount, isReadOnly: Bool) -> Bool {
    mount.info.map { isReadOnly != (readOnlyHere[$0.number] ?? mount.isReadOnly) } ?? false
  }

  /// Takes over what the list says by now, and `statvfs(3)` with it.
  mutating func setReadOnly(_ infos: [MountInfo], here: [UInt64: Bool], at time: UInt64) {
    readOnly = Dictionary(infos.map { ($0.number, files.isReadOnly($0)) }) { first, _ in first }
    readOnlyHere = here
    readOnlyTime = time
  }

  /// Whether what was found where a mount was looked for is that mount, and not what lies there in the namespace of this process: in a
  /// container, and in a sandbox, the host's places are others. The mounts of its own list are in its namespace.
  func isThere(_ mount: Mount, _ standing: Standing?) -> Bool {
    guard let info = mount.info, let standing else { return true }
    if standing.device == info.device { return true }
    // The files of btrfs have devices that no list of mounts has; but the mount that they are in has one.
    guard let number = standing.mount else { return files.isOwn || own?.has(info.device, at: mount.path) ?? false }
    return number == info.number || own?.device(of: number) == info.device
  }

  /// Whether this process can see that file system; nil when it was not looked for.
  func isVisible(_ mount: Mount) -> Bool? {
    guard let own, let info = mount.info else { return nil }
    return own.place(of: info.device) != nil
  }

  /// Takes what this process sees into account: what is not mounted where the host has it may be mounted elsewhere.
  mutating func lookAround(_ own: OwnMounts) {
    self.own = own
    for index in mounts.indices {
      guard let info = mounts[index].info, !own.has(info.device, at: mounts[index].path),
        let place = own.place(of: info.device)
      else { continue }
      mounts[index].path = place
    }
  }
}

/// Where the mounts of a process are told.
struct MountFiles {
  let mounts: StaticString
  let info: StaticString
  /// Whether these are what this process sees: its own sandbox may have mounted them read-only, which says nothing of the host.
  let isOwn: Bool

  static let host = MountFiles(mounts: "1/mounts", info: "1/mountinfo", isOwn: false)
  static let own = MountFiles(mounts: "self/mounts", info: "self/mountinfo", isOwn: true)

  /// Whether a mount of the host is read-only.
  func isReadOnly(_ info: MountInfo) -> Bool { info.isFilesystemReadOnly || info.isReadOnly && !isOwn }
}

/// The mounts that this process sees.
struct OwnMounts {
  private var devices: [UInt64: UInt64] = [:]
  private var places: [UInt64: [UInt8]] = [:]
  private var devicesByPlace: [[UInt8]: UInt64] = [:]

  init(_ all: [MountInfo]) {
    for info in all {
      devices[info.number] = info.device
      if places[info.device] == nil { places[info.device] = info.point }
      devicesByPlace[info.point] = info.device
    }
  }

  /// The device of a mount.
  func device(of number: UInt64) -> UInt64? { devices[number] }

  /// The first place where a device is mounted.
  func place(of device: UInt64) -> [UInt8]? { places[device] }

  /// Whether a device is mounted at a path.
  func has(_ device: UInt64, at path: [UInt8]) -> Bool {
    let isFolder = path.count > 1 && path.last == UInt8(ascii: "/")
    return devicesByPlace[isFolder ? Array(path.dropLast()) : path] == device
  }
}

/// In which file system a path is, as the kernel says without asking that file system.
struct Standing: Equatable, Sendable {
  /// The device of the files there.
  var device: UInt64
  /// The number of the mount; nil before Linux 5.8.
  var mount: UInt64?

  init(device: UInt64, mount: UInt64? = nil) {
    (self.device, self.mount) = (device, mount)
  }

  /// The corresponding C function is `statx`; nil when it does not say.
  init?(_ path: UnsafePointer<CChar>) {
    var found = c_standing()
    guard look_where(path, &found) == 0 else { return nil }
    device = MountInfo.device(UInt64(widening: found.major), UInt64(widening: found.minor))
    mount = found.has_mount != 0 ? found.mount : nil
  }
}

/// Asks mounts for their room. A mount that hangs keeps a thread, and is not asked again before it has come back. Another one at its
/// place is another mount, and is asked; then the thread that hangs takes no place of others (`HangWatch`).
///
/// Those that answered when they were last asked have threads that no other mount can use up.
public final class MountProbe: Sendable {
  /// What came of a question.
  enum Answer: Sendable {
    /// - isReadOnly: what `statvfs(3)` says of file system and mount together, as this process sees them.
    /// - standing: what it is; nil when that is not known.
    case room(Filesystem.Room, isReadOnly: Bool = false, standing: Standing? = nil)
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
    if !hanging.isEmpty {
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

  /// What was asked and has not answered.
  private var hanging: Set<Key> { trusted.running.union(others.running) }

  private static func room(of path: [UInt8]) -> Answer {
    var room = statvfs()
    let text = (path + [0]).map { CChar(bitPattern: $0) }
    guard statvfs(text, &room) == 0 else { return .failed(errno) }
    // As in node_exporter, what has no blocks at all is no storage.
    guard room.f_blocks > 0 else { return .nothing }
    return .room(
      Filesystem.Room(room), isReadOnly: room.f_flag & UInt(bitPattern: ST_RDONLY) != 0, standing: Standing(text))
  }
}

extension Procfs {
  /// The mounted file systems that hold data of the host, with their room; what this process does not see is left out.
  ///
  /// The mounts are those that process 1 sees, or this process where that is not allowed, or process 1 is out of sight.
  ///
  /// - Parameter unseen: gets the mount points of those that this process does not see: its places are not the host's, as in a
  ///   container.
  public func filesystems(
    _ complain: Complain = { _ in }, unseen: ([String]) -> Void = { _ in }
  ) throws(ProcfsError) -> [Filesystem] {
    var root = Array(rootfs.utf8)
    while root.last == UInt8(ascii: "/") { root.removeLast() }
    try readCurrentMounts(below: root)
    var (current, answers) = ask()
    if let fault = current.fault { complain(fault) }
    let mounts = current.mounts.prefix(limits.mounts)
    let file = current.files.mounts
    if current.mounts.count > mounts.count {
      let reason = "it has \(current.mounts.count) mounts, of which \(mounts.count) are shown"
      complain(ProcfsError("\(path)/\(file)", reason))
    }
    noteAbsent(answers)
    /// Whether something else is there, and whether something is there that is right.
    var (hasOther, hasPresent) = (false, false)
    var hidden: [String] = []
    var notAsked = 0
    askReadOnly(zip(mounts, answers), &current)
    var found: [Filesystem] = []
    for (mount, answer) in zip(mounts, answers) {
      var filesystem = Filesystem(
        device: ForeignText.text(mount.device), mountPoint: ForeignText.text(mount.point),
        type: ForeignText.text(mount.type), isReadOnly: current.isReadOnly(mount))
      // It was not mounted below this root, or is gone meanwhile; or something else is in its place.
      if !isSeen(mount, answer, current) {
        if !answer.isAbsent { hasOther = true }
        hidden.append(filesystem.mountPoint)
        continue
      }
      switch answer {
      case .late, .notAsked: break
      default: hasPresent = true
      }
      switch answer {
      case .nothing: continue
      case .failed(let number): filesystem.failure = Errno(number).description
      case .late: filesystem.failure = "it does not answer"
      case .notAsked:
        // Nothing is known of it, so nothing is said.
        notAsked += 1
        continue
      case .room(let room, let isReadOnly, _):
        filesystem.room = room
        // Without the mount's number the list is not asked again.
        if mount.info == nil { filesystem.isReadOnly = mount.isReadOnly || isReadOnly }
      }
      found.append(filesystem)
    }
    if notAsked > 0 {
      let reason = "of \(notAsked) of its mounts nothing is known, since so many others do not answer"
      complain(ProcfsError("\(path)/\(file)", reason))
    }
    // In a container without the host's root there is another one, which nobody has said to be the host's.
    if !hidden.isEmpty, !hasPresent, !(hasOther && root.isEmpty) {
      throw ProcfsError(mount: rootfs, "no mount of the host is below it")
    }
    unseen(hidden)
    return found
  }

  /// Asks the mounts for their room; where some are not there, those that this process sees elsewhere are asked there.
  private func ask() -> (LastMounts, [MountProbe.Answer]) {
    let end = Clock.monotonicNanoseconds + Clock.nanoseconds(mountTimeout)
    func keys(_ current: LastMounts) -> [MountProbe.Key] {
      current.mounts.prefix(limits.mounts).map {
        MountProbe.Key(path: $0.path, device: $0.device, number: $0.info?.number)
      }
    }
    guard let current = mounts else { return (LastMounts(mounts: [], files: .own, fault: nil, time: 0), []) }
    let asked = keys(current)
    // At first no mount is known to hang, and one that does would leave no time for a second question.
    let first = mountProbe.answers(of: asked, within: (hasAskedMounts ? 1 : 0.75) * mountTimeout)
    hasAskedMounts = true
    let isAllHere = zip(current.mounts, first).allSatisfy { isSeen($0, $1, current) && !$1.isForbidden }
    guard !looksAround, !isAllHere else { return (current, first) }
    looksAround = true
    lookAround()
    guard let wider = mounts, wider.own != nil else { return (current, first) }
    let former = Dictionary(zip(asked, first).filter { $1.isKnown }) { $1 }
    let left = Double(end &- min(end, Clock.monotonicNanoseconds)) / 1e9
    return (wider, mountProbe.answers(of: keys(wider), former: former, within: left))
  }

  /// Whether an answer is one of the mount.
  private func isSeen(_ mount: Mount, _ answer: MountProbe.Answer, _ current: LastMounts) -> Bool {
    switch answer {
    case .room(_, _, let standing): current.isThere(mount, standing)
    // In a container that is about a folder of its own.
    case .failed where answer.isForbidden: current.isVisible(mount) ?? true
    default: !answer.isAbsent
    }
  }

  /// Asks the list of mounts again which are read-only, when `statvfs(3)` says something new, and after a while: of a file system that
  /// changes nobody is told, and `statvfs(3)` knows neither what ext4 does after errors (`MountInfo.saysReadOnly`) nor whether it is the
  /// sandbox of this process that is read-only. Of all that only the list tells the truth.
  private func askReadOnly(
    _ answers: some Sequence<(Mount, MountProbe.Answer)>, _ current: inout LastMounts
  ) {
    let time = Clock.monotonicNanoseconds
    var numbers: Set<UInt64> = []
    var here: [UInt64: Bool] = [:]
    var isDoubtful = time &- current.lastReadOnlyTime >= limits.readOnlyAge
    for (mount, answer) in answers {
      guard let number = mount.info?.number else { continue }
      numbers.insert(number)
      guard case .room(_, let isReadOnly, _) = answer else { continue }
      here[number] = isReadOnly
      if current.isDoubtful(mount, isReadOnly: isReadOnly) { isDoubtful = true }
    }
    guard isDoubtful, !numbers.isEmpty,
      let infos = try? withContents(of: current.files.info, { MountInfo.parse($0, only: numbers) })
    else { return }
    current.setReadOnly(infos, here: here, at: time)
    mounts?.setReadOnly(infos, here: here, at: time)
  }

  /// Has the mounts parsed again when others are absent than were at first: where a folder above a mount is renamed its place changes,
  /// and nobody is told.
  private func noteAbsent(_ answers: [MountProbe.Answer]) {
    let absent = answers.indices.filter { answers[$0].isAbsent }
    switch mounts?.absent {
    case nil: mounts?.absent = absent
    case absent?: break
    default: mounts = nil
    }
  }

  /// The mounts, parsed again only when the kernel says that some came or went, see `proc_pid_mounts(5)`, or after a while: options,
  /// devices' names and places may change without that.
  private func readCurrentMounts(below root: [UInt8]) throws(ProcfsError) {
    if let last = mounts, Clock.monotonicNanoseconds &- last.time < limits.mountAge,
      !(hasChanged(last.files.mounts) ?? true),
      // The other only tells where mounts are seen from here: when the kernel does not tell of it, they are looked for there as long as that.
      last.own == nil || !(hasChanged(MountFiles.own.info) ?? false)
    {
      return
    }
    // The kernel tells of a change once: when it then cannot be read, the old ones are not to be taken for the present ones.
    mounts = nil
    let found: LastMounts
    do throws(ProcfsError) {
      found = try readMounts(.host, below: [], at: root)
    } catch {
      // Any other fault is one of the file, and what this process sees is no answer to it.
      guard let code = error.code, [EACCES, EPERM, ENOENT, ESRCH].contains(code) else { throw error }
      // Our own mount points begin with the place where the host's root is mounted.
      found = try readMounts(.own, below: root, at: root)
    }
    mounts = found
    if looksAround { lookAround() }
  }

  /// - Parameters:
  ///   - base: what their points begin with, which is taken off.
  ///   - root: below which they are looked for.
  private func readMounts(
    _ files: MountFiles, below base: [UInt8], at root: [UInt8]
  ) throws(ProcfsError) -> LastMounts {
    var fault: ProcfsError?
    // Before: what changes while they are read is as old as this.
    let time = Clock.monotonicNanoseconds
    var mounts = try read(files.mounts, expecting: "lines of mounts", { fault = $0 }) { [filter] bytes, odd in
      Mount.parse(bytes, below: base, filter: filter, odd: odd)
    }
    let lines = (try? withContents(of: files.info, MountInfo.parse)) ?? []
    // Of several at one place the last one hides the others.
    let infos = Dictionary(lines.map { ($0.point, $0) }) { $1 }
    for place in mounts.indices {
      let point = mounts[place].point
      mounts[place].path = root + point
      mounts[place].info = infos[point == [UInt8(ascii: "/")] && !base.isEmpty ? base : base + point]
      if let info = mounts[place].info { mounts[place].isReadOnly = files.isReadOnly(info) }
    }
    return LastMounts(mounts: mounts, files: files, fault: fault, time: time)
  }

  /// Takes into account what this process sees.
  private func lookAround() {
    // Its own list needs no second look.
    guard mounts?.files.isOwn == false,
      let all = try? withContents(of: MountFiles.own.info, MountInfo.parse), !all.isEmpty
    else { return }
    mounts?.lookAround(OwnMounts(all))
  }
}
