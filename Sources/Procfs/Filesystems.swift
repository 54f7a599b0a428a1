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
    for place in mounts.indices.prefix(answers.count) {
      let (mount, answer, text) = (mounts[place], answers[place], current.texts[place])
      var filesystem = Filesystem(
        device: text.device, mountPoint: text.mountPoint, type: text.type, isReadOnly: current.isReadOnly(mount))
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
    guard let current = mounts else { return (LastMounts(mounts: [], files: .own, fault: nil, time: 0), []) }
    let asked = current.keys(limits.mounts)
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
    return (wider, mountProbe.answers(of: wider.keys(limits.mounts), former: former, within: left))
  }

  /// Whether an answer is one of the mount.
  private func isSeen(_ mount: Mount, _ answer: MountProbe.Answer, _ current: LastMounts) -> Bool {
    switch answer {
    case .room(_, _, let pathMount): current.isThere(mount, pathMount)
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
    let isDoubtful =
      time &- current.lastReadOnlyTime >= limits.readOnlyAge
      || answers.contains { mount, answer in
        guard case .room(_, let isReadOnly, _) = answer else { return false }
        return current.isDoubtful(mount, isReadOnly: isReadOnly)
      }
    guard isDoubtful else { return }
    var numbers: Set<UInt64> = []
    var here: [UInt64: Bool] = [:]
    for (mount, answer) in answers {
      guard let number = mount.info?.number else { continue }
      numbers.insert(number)
      if case .room(_, let isReadOnly, _) = answer { here[number] = isReadOnly }
    }
    guard !numbers.isEmpty,
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
