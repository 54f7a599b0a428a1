internal import Glibc

/// A value behind a lock on which threads can wait for a change: `pthread_mutex_t` and `pthread_cond_t` in one.
///
/// ``Lock`` guards a value but cannot wait; this is for the few places where a thread sleeps until
/// another has work for it.
public final class ConditionLock<Value>: @unchecked Sendable {
  // Unchecked is sound: `value` is touched only while `mutex` is held, and the two C objects live at fixed addresses
  // from init to deinit.
  private var value: Value
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// Puts a value behind a new lock.
  public init(_ value: sending Value) {
    self.value = value
    mutex.initialize(to: pthread_mutex_t())  // Not mutated: Swift wants it, pthread_mutex_init(3) does it again.
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    changed.initialize(to: pthread_cond_t())  // Not mutated: as above.
    pthread_cond_init(changed, &attributes)
    pthread_condattr_destroy(&attributes)  // Not mutated: it frees nothing on Linux.
  }

  deinit {
    pthread_cond_destroy(changed)
    changed.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs `body` with the value while no other thread can touch it, then wakes all that wait.
  public func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
    let result = withoutWaking(body)
    // After the unlock: who is woken while the lock is held only wakes to wait for it.
    pthread_cond_broadcast(changed)
    return result
  }

  /// The same, and wakes one of those that wait: for work that any of them can do.
  public func wakingOne<Result>(_ body: (inout Value) -> Result) -> Result {
    let result = withoutWaking(body)
    pthread_cond_signal(changed)
    return result
  }

  /// Runs `body` with the value while no other thread can touch it, and wakes nobody: for looking, and for changes that
  /// nobody waits for.
  public func withoutWaking<Result>(_ body: (inout Value) -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body(&value)
  }

  /// Waits until `body` gives something other than nil, and returns that.
  ///
  /// - Parameter timeout: seconds to wait at the most; nil waits without end.
  /// - Returns: nil when the time ran out.
  public func wait<Result>(timeout: Double? = nil, until body: (inout Value) -> Result?) -> Result? {
    var deadline = timespec()
    if let timeout {
      clock_gettime(CLOCK_MONOTONIC, &deadline)
      deadline = deadline.later(by: timeout)
    }
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let result = body(&value) { return result }
      if timeout == nil {
        pthread_cond_wait(changed, mutex)
      } else if pthread_cond_timedwait(changed, mutex, &deadline) == ETIMEDOUT {
        return body(&value)
      }
    }
  }
}

extension timespec {
  /// The time so many seconds later; for a negative number this one.
  func later(by seconds: Double) -> timespec {
    let wait = timespec(seconds: seconds)
    let nanoseconds = tv_nsec + wait.tv_nsec
    return timespec(tv_sec: tv_sec + wait.tv_sec + nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
  }
}
