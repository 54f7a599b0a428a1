internal import Glibc
internal import POSIX

/// A thread that works on though the main thread of its process has ended.
struct WorkingThread {
  let stat: ProcessStat
  let openFiles: UInt64?
}

extension Procfs {
  /// A thread of the process of `directory` that has not ended; nil when there is none, or one may not look.
  func workingThread(in directory: Int32) -> WorkingThread? {
    withWorkingThread(in: directory) { thread, stat in WorkingThread(stat: stat, openFiles: openFiles(in: thread)) }
  }

  /// Hands `body` the directory of such a thread, in which the files of the process are, and its stat.
  func withWorkingThread<Result>(
    in directory: Int32, _ body: (_ thread: Int32, ProcessStat) -> Result?
  ) -> Result? {
    guard let tasks = try? openFile("task", in: directory, O_RDONLY | O_DIRECTORY) else { return nil }
    var numbers: [Int32] = []
    do throws(Errno) {
      try tasks.forEachEntry(using: buffer) { name in
        if numbers.count < Procfs.mostThreads, let number = name.processID { numbers.append(number) }
      }
    } catch {
      return nil
    }
    for number in numbers {
      guard let thread = try? tasks.open(at: String(number), O_RDONLY | O_DIRECTORY),
        let stat = withFile("stat", in: thread.rawValue, { ProcessStat(parsing: $0) }), !stat.hasEndedMainThread
      else { continue }
      return body(thread.rawValue, stat)
    }
    return nil
  }

  /// So many threads are looked at: mostly the second one works.
  private static let mostThreads = 64
}
