internal import Glibc
internal import POSIX

/// The kernel's view of processes and of the host: `/proc`, and `statvfs(3)` of what is mounted.
///
/// One value serves one thread at a time: all reads go through one buffer. It keeps the directory open, so a read is
/// one `openat(2)`, one `read(2)` and one `close(2)`, and no `String` is made on the way.
public final class Procfs {
  /// Where `/proc` is found, such as `/host/proc` in a container.
  public let path: String
  /// Where the host's root is found, such as `/host`; mount points are looked up below it.
  public let rootfs: String

  let limits: ProcfsLimits
  let buffer: UnsafeMutableRawBufferPointer
  private let name: UnsafeMutableBufferPointer<CChar>
  /// What was seen before and cannot be read again; it is never forgotten.
  package let history: KernelHistory
  /// Which further lines are read of each process.
  let lines: [ProcessLine]
  /// Which mounts and devices are shown.
  let filter: HostFilter
  let mountProbe: MountProbe
  /// How long to wait for mounts that do not answer, in seconds.
  let mountTimeout: Double

  /// What is being read.
  public let progress = ReadingProgress()
  /// Processes of which nothing is read, because what was read of them never came back.
  public var avoided: Set<Int32> = []

  /// Whether nobody waits for what is read, so that it must not become part of the history.
  public var isAbandoned: () -> Bool = { false }

  // What is remembered of the tree, all of it gone after `forget`.
  private var directory: FileDescriptor?
  /// Which directory that is; it stays this one for as long as it is open.
  private var identity: (device: dev_t, inode: ino_t)?
  private var isKernel = false
  /// Whether the numbers of the tree are those that system calls of this process take; nil before it was looked at.
  private var numbering: Bool?
  /// A process keeps its number, and the directory stays that of one `/proc`.
  private var knownSelfPID: Int32?
  private var kept = OpenFileCache()
  private var own: OwnFiles?
  /// What `/proc/stat` said last, until somebody takes it.
  private(set) var pendingStat: (stat: SystemStat, time: UInt64)?
  /// The processes when they were last listed for many look-ups.
  var lastList: LastPIDList?
  /// The file systems that were mounted when `/proc` last said that this changed.
  var mounts: LastMounts?

  /// The most bytes of one of the host's files that are read; the rest of a longer one is left out.
  static let sizeLimit = 4 << 20
  private static let nameSize = 64

  /// Nothing is opened yet: a path that is not there shows at the first read.
  public convenience init(procfs: String = "/proc", rootfs: String = "/") {
    self.init(procfs: procfs, rootfs: rootfs, limits: ProcfsLimits())
  }

  package init(
    procfs: String, rootfs: String, limits: ProcfsLimits, history: KernelHistory = KernelHistory(),
    lines: [ProcessLine] = [], filter: HostFilter = .standard, mountProbe: MountProbe = MountProbe(),
    mountTimeout: Double = 2
  ) {
    path = procfs
    self.history = history
    self.lines = lines
    self.filter = filter
    self.mountProbe = mountProbe
    self.mountTimeout = mountTimeout
    self.rootfs = rootfs
    self.limits = limits
    buffer = .allocate(byteCount: limits.bufferSize, alignment: 16)
    name = .allocate(capacity: Self.nameSize)
    name.initialize(repeating: 0)  // Not mutated: every byte is written before it is read, but Swift wants it.
  }

  deinit {
    buffer.deallocate()
    name.deallocate()
  }

  /// What a reading may take, in seconds, before it is said to hang.
  public var patience: Double { limits.patience }

  /// One more reader of the same tree, with nothing remembered but the history, which they share.
  public func another() -> sending Procfs {
    Procfs(
      procfs: path, rootfs: rootfs, limits: limits, history: history, lines: lines, filter: filter,
      mountProbe: mountProbe,
      mountTimeout: mountTimeout)
  }

  // MARK: What is remembered

  /// Forgets what was read, closes what is open, and begins with the path again.
  public func forget() {
    directory = nil
    identity = nil
    isKernel = false
    numbering = nil
    knownSelfPID = nil
    kept.removeAll()
    own = nil
    pendingStat = nil
    lastList = nil
    mounts = nil
  }

  /// Begins a picture of the host: what is read from here on is as young as this call. What was mounted or put in the place
  /// of the directory meanwhile is seen.
  public func beginPicture() {
    pendingStat = nil
    guard directory != nil else { return }
    var now = Glibc.stat()
    guard let identity, fstatat(AT_FDCWD, path, &now, 0) == 0, now.st_dev == identity.device,
      now.st_ino == identity.inode
    else { return forget() }
  }

  // MARK: Files

  /// The descriptor of the directory, opened at the first use; it lives as long as `self`.
  func root() throws(Errno) -> Int32 {
    if directory == nil {
      let opened = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
      isKernel = opened.isInProcfs
      let number = opened.rawValue
      var status = Glibc.stat()
      identity = fstat(number, &status) == 0 ? (status.st_dev, status.st_ino) : nil
      directory = consume opened
      return number
    }
    return directory?.rawValue ?? -1  // Not mutated: it is open by now.
  }

  /// Whether the path is a `/proc` that a kernel serves, and no tree of plain files.
  public var isServedByKernel: Bool {
    _ = try? root()
    return isKernel
  }

  /// Hands `body` a file of the host, at most `sizeLimit` bytes of it. `body` must read nothing else of `/proc`.
  func withContents<Result>(
    of file: StaticString, _ body: (UnsafeRawBufferPointer) -> Result
  ) throws(Errno) -> Result {
    progress.note(0)
    guard isServedByKernel else {
      let bytes = try contents(openFile(file, in: try root()))
      return bytes.withUnsafeBytes(body)
    }
    if let descriptor = kept.descriptor(of: file) {
      if let count = try? readFromStart(descriptor), count < buffer.count {
        return body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      }
      // It does not fit, or what it spoke of is gone: then it is opened anew, and all others at their next use.
      kept.removeAll()
    }
    let opened = try openFile(file, in: try root())
    let count = try readFromStart(opened.rawValue)
    guard count < buffer.count else {
      let bytes = try contents(opened)
      return bytes.withUnsafeBytes(body)
    }
    kept.keep(opened, as: file)
    return body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
  }

  /// Fills the buffer with a file from its beginning to its end; a full buffer says that there is more.
  private func readFromStart(_ descriptor: Int32) throws(Errno) -> Int {
    var count = 0
    // The kernel gives a file in pieces of whole lines, so only an empty piece is the end.
    while count < buffer.count {  // Not mutated: into a full buffer the kernel reads nothing, which ends it, too.
      let got = try retryingOnInterrupt {
        pread(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count, off_t(widening: count))
      }
      if got == 0 { break }
      count += got
    }
    return count
  }

  private func contents(_ opened: borrowing FileDescriptor) throws(Errno) -> [UInt8] {
    var bytes: [UInt8] = []
    do throws(Errno) {
      try opened.readToEnd(appendingTo: &bytes, limit: Self.sizeLimit)
    } catch {
      if error.rawValue != EFBIG { throw error }
    }
    return bytes
  }

  /// Whether a file of `/proc` has changed since it was last asked, as far as the kernel tells that by `poll(2)`; true
  /// when it does not, or when the file is not kept open.
  func hasChanged(_ file: StaticString) -> Bool {
    guard isServedByKernel, let descriptor = kept.descriptor(of: file) else { return true }
    var asked = pollfd(fd: descriptor, events: Int16(POLLPRI), revents: 0)
    guard poll(&asked, 1, 0) >= 0 else { return true }
    return asked.revents & Int16(POLLPRI | POLLERR | POLLHUP | POLLNVAL) != 0
  }

  /// Hands `body` a file of the process whose directory is open, as much as one `read(2)` into the buffer gives: the
  /// kernel writes the files of a process at once.
  func withFile<Result>(
    _ file: StaticString, in directory: Int32, _ body: (UnsafeRawBufferPointer) -> Result?
  ) -> Result? {
    if let known = own?.directory.rawValue, known == directory { return withOwnFile(file, body) }
    guard let opened = try? openFile(file, in: directory) else { return nil }
    return read(opened, body)
  }

  /// Hands `body` the descriptor of a process's directory; nil when there is no such process.
  func withProcess<Result>(_ pid: Int32, _ body: (_ directory: Int32) -> Result?) -> Result? {
    if pid == selfPID {
      // Not mutated: without it each look opens the directory anew, and finds the same.
      if own == nil, let opened = try? openProcess(pid) { own = OwnFiles(opened) }
      if let directory = own?.directory.rawValue { return body(directory) }
    }
    guard let directory = try? openProcess(pid) else { return nil }
    return body(directory.rawValue)
  }

  private func withOwnFile<Result>(_ file: StaticString, _ body: (UnsafeRawBufferPointer) -> Result?) -> Result? {
    guard let directory = own?.directory.rawValue else { return nil }
    if let descriptor = own?.files.descriptor(of: file) {
      let count = pread(descriptor, buffer.baseAddress, buffer.count, 0)
      if count > 0 { return body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
      own?.files.removeAll()
    }
    guard let opened = try? openFile(file, in: directory), let count = try? opened.read(into: buffer) else {
      return nil
    }
    own?.files.keep(opened, as: file)
    return body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
  }

  /// The same for `PID/file` below the root.
  ///
  /// - Parameter limit: the most bytes that are read; nil for all that the buffer takes.
  func withFile<Result>(
    _ file: StaticString, of pid: Int32, limit: Int? = nil, _ body: (UnsafeRawBufferPointer) -> Result?
  ) -> Result? {
    guard let opened = try? openFile(file, of: pid, O_RDONLY) else { return nil }
    return read(opened, limit: limit, body)
  }

  private func read<Result>(
    _ opened: borrowing FileDescriptor, limit: Int? = nil, _ body: (UnsafeRawBufferPointer) -> Result?
  ) -> Result? {
    let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, limit ?? .max)])
    guard let count = try? opened.read(into: part) else { return nil }
    return body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
  }

  /// The same for a thread's file, `TID/file` below a process's `task`.
  func withThreadFile<Result>(
    _ file: StaticString, _ thread: Int32, in tasks: Int32, _ body: (UnsafeRawBufferPointer) -> Result?
  ) -> Result? {
    guard let opened = try? openFile(file, of: thread, in: tasks, O_RDONLY) else { return nil }
    return read(opened, body)
  }

  /// Opens the directory of a process. It stays that of this process: when the process ends, reads through it fail,
  /// even when its number is given to another one.
  func openProcess(_ pid: Int32) throws(Errno) -> FileDescriptor {
    try openFile("", of: pid, O_RDONLY | O_DIRECTORY)
  }

  /// Number of files that the process of `directory` has open; nil when one may not know.
  ///
  /// - Parameter mayRead: whether one is known to be allowed to look, as who may read `io` is.
  func openFiles(in directory: Int32, mayRead: Bool = false) -> UInt64? {
    if isKernel, mayRead || faccessat(directory, "fd", R_OK | X_OK, 0x200 /* AT_EACCESS */) == 0 {
      // Since Linux 6.2 the directory's size is the count; before, it is 0.
      var status = Glibc.stat()
      if fstatat(directory, "fd", &status, 0) == 0, status.st_size > 0 { return UInt64(clamping: status.st_size) }
    }
    return listedFiles(in: directory)
  }

  /// The same by counting the directory's entries.
  func listedFiles(in directory: Int32) -> UInt64? {
    guard let opened = try? openFile("fd", in: directory, O_RDONLY | O_DIRECTORY) else { return nil }
    var count: UInt64 = 0
    do throws(Errno) {
      try opened.forEachEntry(using: buffer) { _ in count += 1 }
    } catch {
      return nil
    }
    return count
  }

  /// The numbers of all processes, in ascending order.
  func processIDs() throws(Errno) -> [Int32] {
    progress.note(0)
    // A descriptor of its own: the place in the listing belongs to the descriptor.
    let listing = try openFile(".", in: try root(), O_RDONLY | O_DIRECTORY)
    var found: [Int32] = []
    try listing.forEachEntry(using: buffer) { name in
      if let pid = name.processID { found.append(pid) }
    }
    // A /proc that is mounted holds at least the one who reads it: an empty folder must not make all look dead.
    guard !found.isEmpty else { throw Errno(ENOENT) }
    if zip(found, found.dropFirst()).contains(where: { $0 >= $1 }) { found.sort() }
    return found
  }

  /// The number of this very process in the tree's own numbering; nil for a tree of plain files.
  public var selfPID: Int32? {
    if let knownSelfPID { return knownSelfPID }
    knownSelfPID = readSelfPID()
    return knownSelfPID
  }

  /// The same as `/proc` says it now; nil when it does not answer any more.
  func readSelfPID() -> Int32? {
    guard isServedByKernel, let number = try? root() else { return nil }
    guard let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self) else { return nil }
    let count = readlinkat(number, "self", start, buffer.count)
    guard count > 0 else { return nil }
    return UnsafeRawBufferPointer(rebasing: buffer[..<count]).processID
  }

  /// Whether a number of this tree means the same process to a system call: not where `/proc` is another pid
  /// namespace's.
  var sharesNumbering: Bool {
    if let numbering { return numbering }
    let isShared = selfPID == getpid()
    numbering = isShared
    return isShared
  }

  // MARK: Times

  /// Unix time in seconds at which the host booted, by `btime` of `/proc/stat`.
  ///
  /// It does not waver, see `KernelHistory.steady`.
  public func bootTime() -> Double? {
    pendingStat = nil
    if let read = try? readStat() {
      pendingStat = (read, Clock.monotonicNanoseconds)
      if read.bootTime != nil { return read.bootTime }
    }
    return history.steady(bootTime: nil)
  }

  /// How long `/proc/stat` may have been read for the boot time and still serve for the rest of it, in nanoseconds: both
  /// are asked for in one scrape, one right after the other.
  private static let statAge: UInt64 = 100_000_000

  /// What `/proc/stat` says: as it was just read for `bootTime`, or read now.
  ///
  /// - Throws: why it cannot be read.
  public func systemStat() throws(ProcfsError) -> SystemStat {
    defer { pendingStat = nil }
    var stat: SystemStat
    if let pending = pendingStat, Clock.monotonicNanoseconds &- pending.time < Self.statAge {
      stat = pending.stat
    } else {
      stat = try readStat()
    }
    guard stat.onlineCPUs > 0 else { throw ProcfsError("\(path)/stat", "expected lines of CPUs") }
    stat.cpus = history.rising(stat.cpus)
    return stat
  }

  private func readStat() throws(ProcfsError) -> SystemStat {
    var stat = try read("stat", expecting: "lines of CPUs") {
      let stat = SystemStat(parsing: $0)
      return stat.cpus.isEmpty && stat.bootTime == nil ? nil : stat
    }
    if let bootTime = stat.bootTime { stat.bootTime = history.steady(bootTime: bootTime) }
    return stat
  }

  // MARK: Opening

  func openFile(
    _ file: StaticString, in directory: Int32, _ flags: Int32 = O_RDONLY
  ) throws(Errno) -> FileDescriptor {
    progress.noteFurther()
    let number = try retryingOnInterrupt {
      // Sound: the bytes of a StaticString end with NUL.
      openat(directory, UnsafeRawPointer(file.utf8Start).assumingMemoryBound(to: CChar.self), flags | O_CLOEXEC)
    }
    return FileDescriptor(owning: number)
  }

  private func openFile(_ file: StaticString, of pid: Int32, _ flags: Int32) throws(Errno) -> FileDescriptor {
    guard !avoided.contains(pid) else { throw Errno(EBUSY) }
    progress.note(pid)
    return try openFile(file, of: pid, in: try root(), flags)
  }

  private func openFile(
    _ file: StaticString, of pid: Int32, in directory: Int32, _ flags: Int32
  ) throws(Errno) -> FileDescriptor {
    setName(pid, file)
    let number = try retryingOnInterrupt {
      // Sound: `name` was allocated with room, so it has an address.
      name.baseAddress.map { openat(directory, $0, flags | O_CLOEXEC) } ?? -1
    }
    return FileDescriptor(owning: number)
  }

  /// Writes `PID/file` and a NUL into `name`, which has room for ten digits and the longest name used here.
  private func setName(_ pid: Int32, _ file: StaticString) {
    var rest = UInt32(clamping: pid)
    var power: UInt32 = 1
    while rest / power >= 10 { power *= 10 }
    var position = 0
    while power > 0 {
      name[position] = CChar(truncatingIfNeeded: UInt32(UInt8(ascii: "0")) + rest / power)
      rest %= power
      power /= 10
      position += 1
    }
    name[position] = CChar(UInt8(ascii: "/"))
    position += 1
    file.withUTF8Buffer { text in
      for byte in text.prefix(max(0, Self.nameSize - position - 1)) {
        name[position] = CChar(bitPattern: byte)
        position += 1
      }
    }
    name[position] = 0
  }
}
