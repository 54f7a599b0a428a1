public import POSIX

extension Procfs {
  /// Lists all processes, by one pass over `/proc`.
  ///
  /// - Throws: why the directory cannot be read.
  public func processTable() throws(Errno) -> ProcessTable {
    let list = PIDList(try processIDs())
    return ProcessTable(self, listed: list, candidates: list, bootTime: bootTime())
  }

  /// A table in which at most `count` processes will be looked up by number: of a few each is asked for by itself, which
  /// costs less than a list of all that run on the host; and of many as long as no new process was made, only those that
  /// were in the last list.
  ///
  /// - Throws: why the directory cannot be read.
  public func processTable(forLookUps count: Int) throws(Errno) -> ProcessTable {
    guard isServedByKernel else { return try processTable() }
    if count <= limits.fewLookUps, readSelfPID() != nil {
      return ProcessTable(self, listed: nil, candidates: nil, bootTime: bootTime())
    }
    // The count first: what is made while the list is read must make the next one differ.
    let (bootTime, forks) = (bootTime(), pendingStat?.stat.forks)
    let now = Clock.monotonicNanoseconds
    if let last = lastList, last.holds(forks: forks, at: now, age: limits.listAge) {
      return ProcessTable(self, listed: nil, candidates: last.list, bootTime: bootTime)
    }
    let list = PIDList(try processIDs())
    lastList = LastPIDList(list: list, forks: forks, time: now)
    return ProcessTable(self, listed: list, candidates: list, bootTime: bootTime)
  }
}

/// The processes at one moment. Each one's stat is read when it is first asked for, and kept.
public final class ProcessTable {
  /// Unix time in seconds at which the host booted; nil when the kernel does not tell.
  public var bootTime: Double? { starts.bootTime }
  let starts: StartTimes

  let procfs: Procfs
  /// nil until somebody asks for all.
  private var listed: PIDList?
  /// No process has another number than these, but some of them may have ended; nil when that is not known.
  private let candidates: PIDList?
  private var stats: [Int32: ProcessStat?] = [:]
  private lazy var children: [Int32: [Int32]] = childrenByParent()

  init(
    _ procfs: Procfs, listed: PIDList?, candidates: PIDList?, bootTime: Double?, now: Double = Clock.realtime
  ) {
    self.procfs = procfs
    self.listed = listed
    self.candidates = candidates
    starts = StartTimes(bootTime: bootTime, now: now)
  }

  /// Whether every number that is looked up is first looked for in a list of processes, in which no thread is.
  var isListed: Bool { candidates != nil }

  /// The numbers of all processes, in ascending order.
  public var pids: [Int32] {
    if let listed { return listed.pids }
    let list = PIDList((try? procfs.processIDs()) ?? [])
    listed = list
    return list.pids
  }

  /// False when it is known at once that there is no process of that number.
  public func mayExist(_ pid: Int32) -> Bool { candidates?.contains(pid) ?? true }

  /// Whether a process of that number is in the list of all.
  public func exists(_ pid: Int32) -> Bool {
    _ = pids
    return listed?.contains(pid) ?? false
  }

  /// The process's stat; nil when there is no such process, or not any more.
  public func stat(of pid: Int32) -> ProcessStat? {
    if let candidates, !candidates.contains(pid) { return nil }
    if let known = stats[pid] { return known }
    // The number of a thread opens a directory too, but is in no list.
    let stat = candidates != nil || procfs.isProcess(pid) ? procfs.stat(of: pid) : nil
    stats[pid] = .some(stat)
    return stat
  }

  /// What one process uses; nil when there is no such process any more.
  public func figures(of pid: Int32) -> ProcessFigures? {
    procfs.figures(of: pid, starts: starts)
  }

  /// What one process and all that descend from it use; nil when there is no such process any more.
  public func figures(ofTree root: Int32) -> ProcessFigures? {
    guard stat(of: root) != nil else { return nil }
    return procfs.figures(ofTree: tree(of: root).compactMap { stat(of: $0) }, starts: starts)
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
