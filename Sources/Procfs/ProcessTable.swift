internal import Glibc
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
  /// What was read of a process, for it is read once however many ask for it.
  private final class Reading {
    let stat: ProcessStat
    let figures: BoxedFigures?

    init(_ stat: ProcessStat, _ figures: BoxedFigures?) { (self.stat, self.figures) = (stat, figures) }
  }
  /// nil of which it came out that there is no such process.
  private var readings: [Int32: Reading?] = [:]
  private var trees: [Int32: BoxedFigures?] = [:]
  private var visibilities: [Int32: Procfs.Visibility] = [:]
  private lazy var children: [Int32: [Int32]] = childrenByParent()

  init(
    _ procfs: Procfs, listed: PIDList?, candidates: PIDList?, bootTime: Double?, now: Double = Clock.realtime
  ) {
    self.procfs = procfs
    self.listed = listed
    self.candidates = candidates
    starts = StartTimes(bootTime: bootTime, now: now, history: procfs.history)
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
    // One that is in a list and has none has ended, or is told of.
    if stat == nil, candidates != nil { _ = isHidden(pid) }
    return stat
  }

  /// Whether a signal has stopped the process of a stat. Where its main thread has ended that is seen of those that are left: a signal
  /// stops all of them.
  public func isSuspended(_ stat: ProcessStat) -> Bool {
    guard stat.hasEndedMainThread, !stat.isZombie else { return stat.isSuspended }
    return procfs.withProcess(stat.pid) { directory in
      procfs.withWorkingThread(in: directory) { _, thread in thread.isSuspended }
    } ?? false
  }

  /// What one process uses; nil when there is no such process any more.
  public func figures(of pid: Int32) -> BoxedFigures? {
    if let known = readings[pid] ?? nil, let figures = known.figures { return figures }
    return procfs.figures(of: pid, starts: starts).map(BoxedFigures.init)
  }

  /// The stat of a process, and what it uses when `isWanted` of the stat; its directory is opened and its stat read once for both,
  /// and for all that ask for it. nil when there is no such process.
  func read(_ pid: Int32, figuresWhere isWanted: (ProcessStat) -> Bool) -> (
    stat: ProcessStat, figures: BoxedFigures?
  )? {
    guard pid > 0, mayExist(pid) else { return nil }
    if let known = readings[pid] {
      guard let known else { return nil }
      if known.figures != nil || !isWanted(known.stat) { return (known.stat, known.figures) }
    }
    var reading: Reading?
    defer { readings[pid] = .some(reading) }
    let directory: FileDescriptor
    do throws(Errno) {
      directory = try procfs.openProcess(pid)
    } catch {
      procfs.complain(of: pid, nil, error)
      visibilities[pid] = Procfs.Visibility(error)
      return nil
    }
    guard let stat = procfs.withFile("stat", in: directory.rawValue, { ProcessStat(parsing: $0) }) else { return nil }
    guard isWanted(stat) else {
      reading = Reading(stat, nil)
      return (stat, nil)
    }
    let (figures, status) = procfs.figures(stat, in: directory.rawValue, starts: starts)
    // The number of a thread opens a directory too, but is in no list.
    guard isListed || status?.threadGroup == UInt64(clamping: pid) else { return nil }
    let boxed = BoxedFigures(figures)
    reading = Reading(stat, boxed)
    return (stat, boxed)
  }

  /// Whether a process may have this number though its stat cannot be read, or not be understood.
  func isHidden(_ pid: Int32) -> Bool {
    if procfs.avoided.contains(.process(pid)) { return true }
    guard pid > 0 else { return false }
    // A tree that hides nobody lists all: asking for each that is gone would cost an open(2) at every scrape.
    if !mayExist(pid), !hidesOthers { return false }
    let visibility = visibilities[pid] ?? procfs.visibility(of: pid)
    visibilities[pid] = visibility
    return switch visibility {
    case .visible: false
    case .secret, .garbled: true
    case .absent: hidesOthers
    }
  }

  /// Whether there may be processes of which the tree shows nothing (`hidepid=2` or `ptraceable` in `proc(5)`).
  public private(set) lazy var hidesOthers: Bool =
    // Process 1 is always there, so where it cannot be seen, others may be there too.
    procfs.isServedByKernel && procfs.isOutOfSight(1)

  /// What one process and all that descend from it use; nil when there is no such process any more.
  public func figures(ofTree root: Int32) -> BoxedFigures? {
    if let known = trees[root] { return known }
    guard let stat = stat(of: root) else { return nil }
    // Those that were orphaned are still of the tree, and so is what descends from them.
    var members = tree(of: root)
    var isMember = Set(members)
    for process in procfs.history.members(ofTree: ProcessIdentity(stat))
    where !isMember.contains(process.pid) && self.stat(of: process.pid)?.startTicks == process.startTicks {
      for member in tree(of: process.pid) where isMember.insert(member).inserted { members.append(member) }
    }
    let figures = procfs.figures(ofTree: members.compactMap { self.stat(of: $0) }, starts: starts)
      .map(BoxedFigures.init)
    trees[root] = .some(figures)
    return figures
  }

  /// Begins a look at all processes that are watched.
  public func beginLook() { procfs.history.beginLook() }

  /// Ends it: what was seen before of others is forgotten where they have ended. Of those that are in no list some are looked
  /// for, others at the next look.
  public func endLook() {
    let unasked = procfs.history.endLook()
    guard !unasked.isEmpty else { return }
    var ended: Set<ProcessIdentity> = []
    var looks = 0
    let start = unasked.firstIndex { $0.pid > procfs.lastUnasked } ?? 0
    for process in unasked[start...] + unasked[..<start] {
      if !mayExist(process.pid) {
        ended.insert(process)
      } else if looks < procfs.limits.unaskedLookUps {
        looks += 1
        procfs.lastUnasked = process.pid
        if procfs.hasEnded(process) { ended.insert(process) }
      }
    }
    guard !procfs.isAbandoned() else { return }
    procfs.history.forget(ended, of: unasked, keeping: procfs.limits.unasked)
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
  ///
  /// - Parameter onFailure: gets what keeps it from being read.
  func withCommandLine<Result>(
    of pid: Int32, onFailure: (Errno) -> Void = { _ in }, _ body: (UnsafeRawBufferPointer) -> Result?
  ) -> Result? {
    func fail(_ error: Errno) {
      procfs.complain(of: pid, "cmdline", error)
      onFailure(error)
    }
    func hand(_ line: UnsafeRawBufferPointer) -> Result? {
      line.isEmpty ? nil : body(UnsafeRawBufferPointer(rebasing: line.prefix(MatchBudget.commandLine)))
    }
    // It may lie in memory that hangs while all else of the process can be read.
    let place = ReadingProgress.Place.commandLine(pid)
    guard !procfs.avoided.contains(place) else {
      onFailure(Errno(EBUSY))
      return nil
    }
    guard let stat = stat(of: pid), stat.hasEndedMainThread else {
      return procfs.withFile(
        "cmdline", of: pid, at: place, limit: MatchBudget.commandLine, onFailure: fail, hand)
    }
    // A main thread that has ended has no command line any more; those that work on have it.
    return procfs.withProcess(pid) { directory in
      procfs.withWorkingThread(in: directory) { thread, _ in
        procfs.progress.note(place)
        return procfs.withFile("cmdline", in: thread, onFailure: fail, hand)
      }
    }
  }

  /// This very process's number, which no search may find.
  public var selfPID: Int32? { procfs.selfPID }
}
