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
    figures(of: pid, bootTime: bootTime())
  }

  func figures(of pid: Int32, bootTime: Double?) -> ProcessFigures? {
    guard let directory = try? openProcess(pid) else { return nil }
    let number = directory.rawValue
    guard let stat = withFile("stat", in: number, { ProcessStat(parsing: $0) }) else { return nil }
    var figures = ProcessFigures(stat, usageIn: number, of: self)
    figures.startTime = bootTime.map { stat.startTime(bootTime: $0) }
    figures.maxOpenFiles = withFile("limits", in: number) { ProcessLimits(parsing: $0).openFiles }
    if let status = withFile("status", in: number, { ProcessStatus(parsing: $0) }) {
      figures.voluntarySwitches = status.voluntarySwitches
      figures.involuntarySwitches = status.involuntarySwitches
    }
    return figures
  }

  /// What one process and all that descend from it use; nil when there is no such process.
  ///
  /// - Parameter members: the process first, then the others, as `ProcessTable.tree(of:)` gives them.
  ///
  /// Memory, threads, open files, CPU time, storage bytes and faults are sums. The limit of open files, the start time
  /// and the context switches are those of the first process: the kernel keeps no switches of those that ended, so
  /// their sum would fall again and again.
  ///
  /// CPU time, storage bytes and faults are counted with those of children that were waited for: when a child ends,
  /// its figures move to its parent's, so nothing counts twice and the sum goes on. What it loses are children whose
  /// parent ignores `SIGCHLD`, and those that outlive their parent: they become children of another process.
  func figures(ofTree members: [Int32], bootTime: Double?) -> ProcessFigures? {
    guard let root = members.first, var sum = figures(of: root, bootTime: bootTime) else { return nil }
    guard let stat = stat(of: root) else { return sum }
    sum.cpuSeconds = stat.cpuSecondsWithChildren
    sum.majorFaults = clampedSum(stat.majorFaults, stat.childMajorFaults)
    for pid in members.dropFirst() {
      guard let directory = try? openProcess(pid) else { continue }
      let number = directory.rawValue
      guard let stat = withFile("stat", in: number, { ProcessStat(parsing: $0) }) else { continue }
      let other = ProcessFigures(stat, usageIn: number, of: self)
      sum.cpuSeconds += stat.cpuSecondsWithChildren
      sum.majorFaults = clampedSum(sum.majorFaults, clampedSum(stat.majorFaults, stat.childMajorFaults))
      sum.residentBytes = clampedSum(sum.residentBytes, other.residentBytes)
      sum.virtualBytes = clampedSum(sum.virtualBytes, other.virtualBytes)
      sum.threads = clampedSum(sum.threads, other.threads)
      // A zombie has neither; of a living process that keeps them secret the whole sum would be wrong.
      guard !stat.isZombie else { continue }
      sum.openFiles = sum.openFiles.flatMap { mine in other.openFiles.map { clampedSum(mine, $0) } }
      sum.readBytes = sum.readBytes.flatMap { mine in other.readBytes.map { clampedSum(mine, $0) } }
      sum.writtenBytes = sum.writtenBytes.flatMap { mine in other.writtenBytes.map { clampedSum(mine, $0) } }
    }
    return sum
  }
}

extension ProcessFigures {
  /// The figures that can be added up over a tree.
  fileprivate init(_ stat: ProcessStat, usageIn directory: Int32, of procfs: Procfs) {
    let io = procfs.withFile("io", in: directory) { ProcessIO(parsing: $0) }
    self.init(
      cpuSeconds: stat.cpuSeconds, residentBytes: stat.residentBytes, virtualBytes: stat.virtualBytes,
      threads: stat.threads, majorFaults: stat.majorFaults, openFiles: procfs.openFiles(in: directory),
      readBytes: io?.readBytes, writtenBytes: io?.writtenBytes)
  }
}
