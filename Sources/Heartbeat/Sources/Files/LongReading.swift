internal import POSIX

/// Reads large files on a thread of its own, one after the other: two beside each other would need twice the memory.
///
/// To be used by one thread at a time.
final class LongReading: Sendable {
  private struct Work {
    var next: (file: HeartbeatFile, mayWait: Bool)?
    var done: HeartbeatFile?
    var hasThread = false
  }

  private let worker = Worker(named: "file-reader", Work())
  private let gate: @Sendable (String) -> Void

  /// Has no thread yet.
  ///
  /// - Parameter gate: is called on the thread in front of each reading, with the file's path.
  init(gate: @escaping @Sendable (String) -> Void = { _ in }) { self.gate = gate }

  deinit { worker.close { $0.next = nil } }

  /// Begins to read a file; what was begun before must have been taken.
  ///
  /// - Parameter mayWait: as for its `refresh`.
  /// - Returns: the file where there is no thread for it.
  func begin(_ file: HeartbeatFile, mayWait: Bool) -> HeartbeatFile? {
    let needsThread = worker.withLock { work in
      work.next = (file, mayWait)
      defer { work.hasThread = true }
      return !work.hasThread
    }
    guard needsThread else { return nil }
    do throws(Errno) {
      // Not this value: it ends the thread when nobody needs it any more.
      try worker.start { [worker, gate] in LongReading.serve(worker, gate) }
      return nil
    } catch {
      return worker.withLock { work in
        work.hasThread = false
        return work.next.take()?.file
      }
    }
  }

  /// Waits for what was begun, and takes it; nil when it is not done by then.
  func take(within seconds: Double) -> HeartbeatFile? {
    worker.wait(within: seconds) { $0.done.take() }
  }

  private static func serve(_ worker: Worker<Work>, _ gate: @Sendable (String) -> Void) {
    while true {
      var task = worker.next { $0.next.take() }
      guard let path = task?.file.path, let mayWait = task?.mayWait else { return }
      gate(path)
      task?.file.refresh(mayWait: mayWait)
      // Nothing of it stays here: who takes it changes it in place.
      worker.withLock { $0.done = task.take()?.file }
    }
  }
}
