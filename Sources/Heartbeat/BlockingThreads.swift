internal import POSIX

/// Threads for work that waits for files and locks, so that no thread of Swift's cooperative pool does: there are only
/// as many of these as processors, and a task that blocks one holds up all others.
enum BlockingThreads {
  /// The most threads; further work waits for one.
  static let most = 16
  /// Seconds after which a thread without work ends.
  private static let patience = 10.0

  private struct State: Sendable {
    var waiting: [@Sendable () -> Void] = []
    var threads = 0
    var idle = 0
  }

  private static let state = ConditionLock(State())

  /// Runs work on one of the threads.
  static func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    // When the work is done before the task has begun to wait, Swift's runtime tells the thread sanitizer nothing of what
    // orders the two, and it calls the reading of the value a data race. A lock that both take in turn it does see.
    let isDone = ConditionLock(false)
    let value = await withCheckedContinuation { continuation in
      add {
        let value = work()
        isDone.withoutWaking { $0 = true }
        continuation.resume(returning: value)
      }
    }
    isDone.withoutWaking { _ in }
    return value
  }

  private static func add(_ work: @escaping @Sendable () -> Void) {
    let needsThread = state.withLock { state in
      state.waiting.append(work)
      guard state.idle < state.waiting.count, state.threads < most else { return false }
      state.threads += 1
      return true
    }
    guard needsThread else { return }
    do throws(Errno) {
      try Thread.startDetached(named: "heartbeat-io") { serve() }
    } catch {
      // No thread can be had. Where there is none at all, this one must do it.
      let left = state.withLock { state -> [@Sendable () -> Void] in
        state.threads -= 1
        guard state.threads == 0 else { return [] }
        defer { state.waiting = [] }
        return state.waiting
      }
      for work in left { work() }
    }
  }

  private static func serve() {
    while true {
      state.withLock { $0.idle += 1 }
      let work = state.wait(timeout: patience) { state -> (@Sendable () -> Void)? in
        guard !state.waiting.isEmpty else { return nil }
        state.idle -= 1
        return state.waiting.removeFirst()
      }
      if let work {
        work()
        continue
      }
      let isDone = state.withLock { state in
        state.idle -= 1
        // Work may have come in this very moment.
        guard state.waiting.isEmpty else { return false }
        state.threads -= 1
        return true
      }
      if isDone { return }
    }
  }
}
