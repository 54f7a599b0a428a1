internal import Glibc
internal import POSIX

/// How often the CPU went from a thread, or from all threads of a process, to another one.
struct SwitchCounts: Equatable {
  /// Because it waited for something.
  var voluntary: UInt64
  /// Because it was another one's turn.
  var involuntary: UInt64

  static func + (one: SwitchCounts, other: SwitchCounts) -> SwitchCounts {
    SwitchCounts(
      voluntary: clampedSum(one.voluntary, other.voluntary),
      involuntary: clampedSum(one.involuntary, other.involuntary))
  }

  /// Those of this very process, of threads that have ended too, by `getrusage(2)`; nil when the kernel does not tell.
  static func ofThisProcess() -> SwitchCounts? {
    var usage = rusage()
    guard getrusage(RUSAGE_SELF.rawValue, &usage) == 0 else { return nil }
    return SwitchCounts(voluntary: UInt64(clamping: usage.ru_nvcsw), involuntary: UInt64(clamping: usage.ru_nivcsw))
  }
}

/// The context switches of one thread, by `/proc/PID/task/TID/status`: the kernel counts them by thread alone.
struct ThreadSwitches: Equatable {
  var thread: Int32
  var counts: SwitchCounts
}

/// What was seen of the threads of a process: of those that ended the kernel says nothing any more.
struct ThreadSwitchesHistory {
  private var last: [Int32: SwitchCounts] = [:]
  private var ended = SwitchCounts(voluntary: 0, involuntary: 0)

  /// Adds what the threads that there are say now, and gives the sum of all that there were.
  ///
  /// - Parameter unread: threads that there are too, but of which nothing could be read: they are where they were last.
  mutating func add(_ threads: [ThreadSwitches], unread: [Int32] = []) -> SwitchCounts {
    var missing = last
    last.removeAll(keepingCapacity: true)
    var sum = SwitchCounts(voluntary: 0, involuntary: 0)
    for thread in threads {
      if let before = missing.removeValue(forKey: thread.thread),
        thread.counts.voluntary < before.voluntary || thread.counts.involuntary < before.involuntary
      {
        // Another thread under the number of one that ended.
        ended = ended + before
      }
      last[thread.thread] = thread.counts
      sum = sum + thread.counts
    }
    for thread in unread {
      guard let counts = missing.removeValue(forKey: thread) else { continue }
      last[thread] = counts
      sum = sum + counts
    }
    for counts in missing.values { ended = ended + counts }
    return sum + ended
  }
}

extension Procfs {
  /// A process with more threads has no sum: reading each would take too long.
  static let mostCountedThreads = 1_024

  /// The context switches of the process whose directory is open; nil when the kernel does not tell.
  ///
  /// - Parameter main: those of the main thread, by the process's own status.
  func switches(of stat: ProcessStat, in directory: Int32, main: SwitchCounts) -> SwitchCounts? {
    if stat.pid == selfPID { return .ofThisProcess() }
    let process = ProcessIdentity(stat)
    let alone = [ThreadSwitches(thread: stat.pid, counts: main)]
    guard !isAbandoned() else { return nil }
    guard stat.threads > 1 else { return history.rising(alone, of: process) }
    guard stat.threads <= UInt64(clamping: Self.mostCountedThreads) else { return nil }
    // A tree of plain files need not have the threads.
    let tasks: FileDescriptor
    do throws(Errno) {
      tasks = try openFile("task", in: directory, O_RDONLY | O_DIRECTORY)
    } catch {
      complain(of: stat.pid, "task", error)
      return isServedByKernel ? nil : history.rising(alone, of: process)
    }
    var numbers: [Int32] = []
    do throws(Errno) {
      try tasks.forEachEntry(using: buffer) { name in
        if numbers.count <= Self.mostCountedThreads, let number = name.processID { numbers.append(number) }
      }
    } catch {
      return nil
    }
    guard numbers.count <= Self.mostCountedThreads else { return nil }
    var threads: [ThreadSwitches] = []
    var unread: [Int32] = []
    threads.reserveCapacity(numbers.count)
    for number in numbers {
      // One that has just ended is counted as it was last seen; the next list does not have it any more.
      let status = readThreadStatus(number, of: stat, in: directory, tasks: tasks.rawValue)
      guard let counts = status?.switches else {
        unread.append(number)
        continue
      }
      threads.append(ThreadSwitches(thread: number, counts: counts))
    }
    return threads.isEmpty || isAbandoned() ? nil : history.rising(threads, unread: unread, of: process)
  }
}
