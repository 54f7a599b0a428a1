public import POSIX

extension Procfs {
  /// Lists all processes, by one pass over `/proc`.
  ///
  /// - Throws: why the directory cannot be read.
  public func processTable() throws(Errno) -> ProcessTable {
    ProcessTable(self, pids: try processIDs())
  }
}

/// The processes at one moment. Which there are is known at once; each one's stat is read when it is first asked for,
/// and kept.
public final class ProcessTable {
  /// The numbers of all processes, in ascending order.
  public let pids: [Int32]
  /// Unix time in seconds at which the host booted; nil when the kernel does not tell.
  public let bootTime: Double?

  private let procfs: Procfs
  private var stats: [Int32: ProcessStat?] = [:]
  private lazy var children: [Int32: [Int32]] = childrenByParent()

  init(_ procfs: Procfs, pids: [Int32]) {
    self.procfs = procfs
    self.pids = pids
    bootTime = procfs.bootTime()
  }

  /// How many seconds after its last beat a process may seem to have started and still be the one that beat.
  ///
  /// The boot time has whole seconds and is held steady within one, a beat's time may be cut to whole seconds: each can
  /// put a beat right after the start up to a second before it. A pid comes back that soon only where thousands of
  /// processes start in a second.
  public static let startTolerance = 2.0

  /// Whether a process of that number was there when the table was made.
  public func exists(_ pid: Int32) -> Bool {
    var low = 0
    var high = pids.count
    while low < high {
      let middle = (low + high) / 2
      if pids[middle] < pid { low = middle + 1 } else { high = middle }
    }
    return low < pids.count && pids[low] == pid
  }

  /// The process's stat; nil when there is no such process, or not any more.
  public func stat(of pid: Int32) -> ProcessStat? {
    if let known = stats[pid] { return known }
    guard exists(pid) else { return nil }
    let stat = procfs.stat(of: pid)
    stats[pid] = .some(stat)
    return stat
  }

  /// Whether the process that beat last at `lastBeat`, in Unix seconds, under this number runs: the number exists, is
  /// no zombie's, and belongs to no process that started after the beat (a number given to another one).
  ///
  /// - Parameter lastBeat: nil when the time is unknown; then the number alone decides.
  public func isUp(_ pid: Int32, lastBeat: Double?) -> Bool {
    guard let stat = stat(of: pid), !stat.isZombie else { return false }
    guard let lastBeat, let bootTime else { return true }
    // A time that is no number says nothing, so the negation.
    return !(stat.startTime(bootTime: bootTime) > lastBeat + Self.startTolerance)
  }

  /// What one process uses; nil when there is no such process any more.
  public func figures(of pid: Int32) -> ProcessFigures? {
    procfs.figures(of: pid, bootTime: bootTime)
  }

  /// What one process and all that descend from it use; nil when there is no such process any more.
  public func figures(ofTree root: Int32) -> ProcessFigures? {
    guard stat(of: root) != nil else { return nil }
    return procfs.figures(ofTree: tree(of: root).compactMap { stat(of: $0) }, bootTime: bootTime)
  }

  /// A process and all that descend from it, parents before their children; just the number itself when it has none.
  public func tree(of root: Int32) -> [Int32] {
    var members = [root]
    var seen: Set<Int32> = [root]
    var next = 0
    while next < members.count {
      let parent = members[next]
      next += 1
      for child in children[parent] ?? [] where seen.insert(child).inserted { members.append(child) }
    }
    return members
  }

  private func childrenByParent() -> [Int32: [Int32]] {
    var children: [Int32: [Int32]] = [:]
    for pid in pids {
      guard let child = stat(of: pid), child.parent > 0, child.parent != pid else { continue }
      // A parent that started later is another process under the number of the one that ended meanwhile.
      guard let parent = stat(of: child.parent), parent.startTicks <= child.startTicks else { continue }
      children[child.parent, default: []].append(pid)
    }
    return children
  }

  /// Hands `body` the command line of a process, its arguments ended by NUL each; nil when it has none.
  func withCommandLine<Result>(of pid: Int32, _ body: (UnsafeRawBufferPointer) -> Result?) -> Result? {
    procfs.withFile("cmdline", of: pid) { line in
      line.isEmpty ? nil : body(line)
    }
  }

  /// This very process's number, which no search may find.
  var selfPID: Int32? { procfs.selfPID }
}
