internal import POSIX

/// What one process uses, or a process with all that descend from it. nil: the kernel does not tell, mostly because
/// one may not know (`io` and `fd` are for the same user and for root).
public struct ProcessFigures: Equatable, Sendable {
  /// CPU time in user and kernel mode, in seconds.
  public var cpuSeconds: Double
  /// Memory that is in RAM, in bytes.
  public var residentBytes: UInt64
  /// Size of the address space in bytes.
  public var virtualBytes: UInt64
  /// Number of threads.
  public var threads: UInt64
  /// Faults that needed a page from a disk.
  public var majorFaults: UInt64
  /// Unix time in seconds at which it started.
  public var startTime: Double?
  /// Number of open files.
  public var openFiles: UInt64?
  /// The soft limit of open files; infinite when there is none.
  public var maxOpenFiles: Double?
  /// Bytes that it made the kernel fetch from storage.
  public var readBytes: UInt64?
  /// Bytes that it made the kernel send to storage.
  public var writtenBytes: UInt64?
  /// How often the main thread gave the CPU away, because it waited for something.
  public var voluntarySwitches: UInt64?
  /// How often the CPU was taken from the main thread.
  public var involuntarySwitches: UInt64?
}

extension Procfs {
  /// The process's stat; nil when there is no such process.
  public func stat(of pid: Int32) -> ProcessStat? {
    withFile("stat", of: pid) { ProcessStat(parsing: $0) }
  }

  /// What one process uses; nil when there is no such process.
  ///
  /// What ends between two reads leaves the later figures nil; another process that gets the same number meanwhile is
  /// never mixed in.
  public func figures(of pid: Int32) -> ProcessFigures? {
    figures(of: pid, starts: StartTimes(bootTime: bootTime(), now: Clock.realtime))
  }

  func figures(of pid: Int32, starts: StartTimes) -> ProcessFigures? {
    withProcess(pid) { directory in
      withFile("stat", in: directory) { ProcessStat(parsing: $0) }
        .map { figures($0, in: directory, starts: starts).figures }
    }
  }

  /// What the process uses whose directory is open and whose stat was read there; and its status, nil when it ended.
  func figures(
    _ stat: ProcessStat, in directory: Int32, starts: StartTimes
  ) -> (figures: ProcessFigures, status: ProcessStatus?) {
    var figures = ProcessFigures(stat, usageIn: directory, of: self)
    figures.startTime = starts.startTime(of: stat)
    figures.maxOpenFiles = openFileLimit(of: stat.pid, in: directory)
    let status = withFile("status", in: directory) { ProcessStatus(parsing: $0) }
    figures.voluntarySwitches = status?.voluntarySwitches
    figures.involuntarySwitches = status?.involuntarySwitches
    // It ended before this last read, and the limit may be that of another process under its number.
    if status == nil { figures.maxOpenFiles = nil }
    return (figures, status)
  }

  /// What one process and all that descend from it use; nil when there is no such process any more.
  ///
  /// - Parameter members: the process first, then the others, parents before their children.
  ///
  /// Memory, threads, open files, CPU time, storage bytes and faults are sums. The limit of open files, the start time
  /// and the context switches are those of the first process: the kernel keeps no switches of those that ended, so
  /// their sum would fall again and again.
  ///
  /// CPU time, storage bytes and faults are counted with those of children that were waited for: when a child ends,
  /// its figures move to its parent's, so nothing counts twice and the sum goes on. What it loses are children whose
  /// parent ignores `SIGCHLD`, and those that outlive their parent: they become children of another process.
  ///
  /// A child that ends between the reading of its parent and its own would be missed for once, and the counter would
  /// step back; so the sum is then begun anew without it.
  func figures(ofTree members: [ProcessStat], starts: StartTimes) -> ProcessFigures? {
    guard let root = members.first, let figures = figures(of: root.pid, starts: starts) else { return nil }
    var members = members
    for _ in 0..<Self.treeAttempts {
      var ended: Set<Int32> = []
      let sum = sum(of: members, ended: &ended)
      guard !ended.contains(root.pid) else { return nil }
      guard !ended.isEmpty else { return sum.completed(by: figures) }
      members.removeAll { ended.contains($0.pid) }
    }
    var ended: Set<Int32> = []
    return sum(of: members, ended: &ended).completed(by: figures)
  }

  /// How often a tree is added up anew because one of it ended meanwhile; then the sum counts as it is.
  private static let treeAttempts = 3

  private func sum(of members: [ProcessStat], ended: inout Set<Int32>) -> ProcessFigures {
    var sum = ProcessFigures(
      cpuSeconds: 0, residentBytes: 0, virtualBytes: 0, threads: 0, majorFaults: 0, openFiles: 0, readBytes: 0,
      writtenBytes: 0)
    // Ticks are added up, not seconds: a sum of rounded fractions could step back.
    var ticks: UInt64 = 0
    for member in members {
      guard let directory = try? openProcess(member.pid),
        let stat = withFile("stat", in: directory.rawValue, { ProcessStat(parsing: $0) }),
        stat.startTicks == member.startTicks
      else {
        ended.insert(member.pid)
        continue
      }
      ticks = clampedSum(ticks, clampedSum(stat.ticks, stat.childTicks))
      sum.majorFaults = clampedSum(sum.majorFaults, clampedSum(stat.majorFaults, stat.childMajorFaults))
      // A zombie has nothing else any more. Of a living process that keeps it secret the whole sum would be wrong.
      guard !stat.isZombie else { continue }
      let other = ProcessFigures(stat, usageIn: directory.rawValue, of: self)
      sum.residentBytes = clampedSum(sum.residentBytes, other.residentBytes)
      sum.virtualBytes = clampedSum(sum.virtualBytes, other.virtualBytes)
      sum.threads = clampedSum(sum.threads, other.threads)
      sum.openFiles = clampedSum(sum.openFiles, other.openFiles)
      sum.readBytes = clampedSum(sum.readBytes, other.readBytes)
      sum.writtenBytes = clampedSum(sum.writtenBytes, other.writtenBytes)
    }
    sum.cpuSeconds = Double(ticks) / KernelUnits.ticksPerSecond
    return sum
  }
}

/// The sum where both are known.
private func clampedSum(_ value: UInt64?, _ other: UInt64?) -> UInt64? {
  guard let value, let other else { return nil }
  return clampedSum(value, other) as UInt64
}

extension ProcessFigures {
  /// A sum with what cannot be added up.
  fileprivate func completed(by root: ProcessFigures) -> ProcessFigures {
    var result = self
    result.startTime = root.startTime
    result.maxOpenFiles = root.maxOpenFiles
    result.voluntarySwitches = root.voluntarySwitches
    result.involuntarySwitches = root.involuntarySwitches
    return result
  }

  /// The figures that can be added up over a tree.
  fileprivate init(_ stat: ProcessStat, usageIn directory: Int32, of procfs: Procfs) {
    let io = procfs.withFile("io", in: directory) { ProcessIO(parsing: $0) }
    // A main thread that has ended has no memory and no files any more; what they share is the others'.
    let thread = stat.hasEndedMainThread ? procfs.workingThread(in: directory) : nil
    self.init(
      cpuSeconds: stat.cpuSeconds, residentBytes: thread?.stat.residentBytes ?? stat.residentBytes,
      virtualBytes: thread?.stat.virtualBytes ?? stat.virtualBytes, threads: stat.threads,
      majorFaults: stat.majorFaults,
      openFiles: thread.map(\.openFiles) ?? procfs.openFiles(in: directory, mayRead: io != nil),
      readBytes: io?.readBytes, writtenBytes: io?.writtenBytes)
  }
}
