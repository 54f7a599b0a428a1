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
  /// How often its threads, those that ended with them, gave the CPU away, because they waited for something.
  public var voluntarySwitches: UInt64?
  /// How often the CPU was taken from them.
  public var involuntarySwitches: UInt64?
  /// Faults that needed no page from a disk.
  public var minorFaults: UInt64 = 0
  /// The numbers of the lines that `Procfs` was asked for, in their order.
  public var lines = ProcessLine.Numbers()
  /// Of the files that it may open, the part that is open: of a tree the largest of any member's.
  public var worstFileRatio: Double?

  /// Of the files that a process may open, the part that is open; nil where that is not known, or it may open none.
  static func fileRatio(_ open: UInt64?, of maximum: Double?) -> Double? {
    guard let open, let maximum, maximum > 0 else { return nil }
    return Double(open) / maximum
  }
}

/// Figures in one piece of memory that many can share: they are large, and what was found of thousands of processes is handed on
/// several times in each scrape.
public final class BoxedFigures: Sendable {
  /// The figures.
  public let value: ProcessFigures

  init(_ value: ProcessFigures) { self.value = value }
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
    figures(of: pid, starts: StartTimes(bootTime: bootTime(), now: Clock.realtime, history: history))
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
    var figures = usage(stat, in: directory)
    figures.startTime = starts.startTime(of: stat)
    figures.maxOpenFiles = openFileLimit(of: stat, in: directory)
    let status = readLines(ProcessLine.File.status.name, of: stat, in: directory) { bytes in
      // Threads of the kernel's have no lines of memory.
      let isWellFormed = lines.read(.status, bytes, into: &figures.lines).areWellFormed
      let status = ProcessStatus(parsing: bytes)
      return (status, status.isWhole && isWellFormed)
    }
    // It ended before this last read, and the limit may be that of another process under its number.
    guard let status else {
      figures.maxOpenFiles = nil
      return (figures, nil)
    }
    if lines.contains(where: { $0.file == .smapsRollup }) {
      _ = readLines(ProcessLine.File.smapsRollup.name, of: stat, in: directory) { bytes in
        ((), lines.read(.smapsRollup, bytes, into: &figures.lines).areAll)
      }
    }
    figures.worstFileRatio = ProcessFigures.fileRatio(figures.openFiles, of: figures.maxOpenFiles)
    let switches = status.switches.flatMap { self.switches(of: stat, in: directory, main: $0) }
    figures.voluntarySwitches = switches?.voluntary
    figures.involuntarySwitches = switches?.involuntary
    return (figures, status)
  }

  /// The figures of the process that need neither its status nor its limits.
  private func usage(_ stat: ProcessStat, in directory: Int32) -> ProcessFigures {
    let io = readLines("io", of: stat, in: directory) { lines in
      let io = ProcessIO(parsing: lines)
      return (io, io.isWhole)
    }
    // A main thread that has ended has no memory and no files any more; what they share is the others'.
    let thread = stat.hasEndedMainThread ? workingThread(in: directory) : nil
    return ProcessFigures(
      cpuSeconds: stat.cpuSeconds, residentBytes: thread?.stat.residentBytes ?? stat.residentBytes,
      virtualBytes: thread?.stat.virtualBytes ?? stat.virtualBytes, threads: stat.threads,
      majorFaults: stat.majorFaults,
      openFiles: thread.map(\.openFiles)
        ?? openFiles(in: directory, mayRead: io != nil) { complain(of: stat.pid, "fd", $0) },
      readBytes: io?.readBytes, writtenBytes: io?.writtenBytes, minorFaults: stat.minorFaults)
  }
}
