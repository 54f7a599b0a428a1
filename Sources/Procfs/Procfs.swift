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

  /// The host's name where it is given; nil where the kernel says it, which says to each container another one.
  public let hostName: String?

  let limits: ProcfsLimits
  let buffer: UnsafeMutableRawBufferPointer
  let name: UnsafeMutableBufferPointer<CChar>
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
  /// What is not read, because it never came back when it was.
  public var avoided: Set<ReadingProgress.Place> = []

  /// Gets what of the files of processes is not as the kernel writes it.
  public var complainOfProcess: Complain = { _ in }

  /// Whether nobody waits for what is read, so that it must not become part of the history.
  public var isAbandoned: () -> Bool = { false }

  // What is remembered of the tree, all of it gone after `forget`.
  private var directory: FileDescriptor?
  /// Which directory that is; it stays this one for as long as it is open.
  private var identity: Picture.Identity?
  private(set) var isKernel = false
  /// Whether the numbers of the tree are those that system calls of this process take; nil before it was looked at.
  var numbering: Bool?
  /// A process keeps its number, and the directory stays that of one `/proc`.
  var knownSelfPID: Int32?
  private var kept = OpenFileCache()
  var own: OwnFiles?
  /// What `/proc/stat` said last, until somebody takes it.
  var pendingStat: (stat: SystemStat, time: UInt64)?
  /// The processes when they were last listed for many look-ups.
  var lastList: LastPIDList?
  /// The number of the process that was last looked for though nobody asked for it; the next ones come next.
  var lastUnasked: Int32 = 0
  /// The process with which a search by command lines begins; 0 where the last one came to its end.
  var searchStart: Int32 = 0
  /// The file systems that were mounted when `/proc` last said that this changed.
  var mounts: LastMounts?
  /// Whether some of them were not where the host has them, so that the mounts which this process sees are read too.
  var looksAround = false
  /// Whether they were asked for their room before.
  var hasAskedMounts = false

  /// The most bytes of one of the host's files that count; the rest of a longer one is left out, which is said.
  static let sizeLimit = 4 << 20
  static let nameSize = 64

  /// Nothing is opened yet: a path that is not there shows at the first read.
  public convenience init(procfs: String = "/proc", rootfs: String = "/") {
    self.init(procfs: procfs, rootfs: rootfs, limits: ProcfsLimits())
  }

  package init(
    procfs: String, rootfs: String, limits: ProcfsLimits, history: KernelHistory = KernelHistory(),
    lines: [ProcessLine] = [], filter: HostFilter = .standard, mountProbe: MountProbe = MountProbe(),
    mountTimeout: Double = 2, hostName: String? = nil
  ) {
    path = procfs
    self.history = history
    self.lines = lines
    self.filter = filter
    self.mountProbe = mountProbe
    self.mountTimeout = mountTimeout
    self.rootfs = rootfs
    self.hostName = hostName
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
      mountProbe: mountProbe, mountTimeout: mountTimeout, hostName: hostName)
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
    lastUnasked = 0
    searchStart = 0
    mounts = nil
    looksAround = false
    hasAskedMounts = false
  }

  /// Begins a picture of the host: what is read from here on is as young as the picture. What was mounted or put in the place
  /// of the directory before is seen.
  public func begin(_ picture: Picture) {
    pendingStat = nil
    // Looked at also by a reader that has nothing open: others go by it.
    let now = picture.identity(of: path)
    guard directory != nil else { return }
    guard let identity, identity == now else { return forget() }
  }

  // MARK: Files

  /// The descriptor of the directory, opened at the first use; it lives as long as `self`.
  func root() throws(Errno) -> Int32 {
    if directory == nil {
      let opened = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
      isKernel = opened.isInProcfs
      let number = opened.rawValue
      var status = Glibc.stat()
      identity = fstat(number, &status) == 0 ? Picture.Identity(status) : nil
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

  /// Hands `body` a file of the host; of one that is longer than `sizeLimit` a byte more than that. `body` must read nothing else of
  /// `/proc`.
  func withContents<Result>(
    of file: StaticString, _ body: (UnsafeRawBufferPointer) -> Result
  ) throws(Errno) -> Result {
    switch try contents(of: file) {
    case .inBuffer(let count): body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    case .apart(let bytes): bytes.withUnsafeBytes(body)
    }
  }

  /// Where the content of a file lies.
  private enum Contents {
    /// So many bytes at the beginning of `buffer`.
    case inBuffer(Int)
    /// By itself, for it does not fit.
    case apart([UInt8])
  }

  private func contents(of file: StaticString) throws(Errno) -> Contents {
    progress.note(.tree)
    let isKernel = isServedByKernel
    progress.note(.hostFile)
    guard isKernel else { return .apart(try contents(openFile(file, in: try root()))) }
    if let (descriptor, way) = kept.file(file) {
      if let count = try? readFromStart(descriptor, way), count < buffer.count { return .inBuffer(count) }
      // It does not fit, or what it spoke of is gone: then it is opened anew, and all others at their next use.
      kept.removeAll()
    }
    let opened = try openFile(file, in: try root())
    let way = opened.isInProcfs ? KernelFile.way(of: file) : .inPieces
    let count = try readFromStart(opened.rawValue, way)
    guard count < buffer.count else { return .apart(try contents(opened)) }
    kept.keep(opened, as: file, way)
    return .inBuffer(count)
  }

  /// Fills the buffer with a file from its beginning to its end; a full buffer says that there is more.
  private func readFromStart(_ descriptor: Int32, _ way: KernelFile.Way) throws(Errno) -> Int {
    var count = 0
    // The kernel gives most files in pieces of whole lines, so only an empty piece is the end.
    while count < buffer.count {  // Not mutated: into a full buffer the kernel reads nothing, which ends it, too.
      let room = min(buffer.count - count, way.size)
      let got = try retryingOnInterrupt {
        pread(descriptor, buffer.baseAddress?.advanced(by: count), room, off_t(widening: count))
      }
      count += got
      if got == 0 || way.isAtOnce && got < room { break }
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

  /// Whether a file of `/proc` has changed since it was last asked, as far as the kernel tells that by `poll(2)`; nil
  /// when it does not, or when the file is not kept open.
  func hasChanged(_ file: StaticString) -> Bool? {
    guard isServedByKernel, let descriptor = kept.file(file)?.descriptor else { return nil }
    var asked = pollfd(fd: descriptor, events: Int16(POLLPRI), revents: 0)
    guard poll(&asked, 1, 0) >= 0 else { return nil }
    return asked.revents & Int16(POLLPRI | POLLERR | POLLHUP | POLLNVAL) != 0
  }

}
