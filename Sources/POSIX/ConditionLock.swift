internal import Glibc

/// A value behind a lock on which threads can wait for a change: `pthread_mutex_t` and `pthread_cond_t` in one.
///
/// ``Lock`` guards a value but cannot wait; this is for the few places where a thread sleeps until
/// another has work for it.
public final class ConditionLock<Value>: @unchecked Sendable {
  // Unchecked is sound: `value` is touched only while `mutex` is held, and the two C objects live at fixed addresses
  // from init to deinit.
  @usableFromInline var value: Value
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
  @inlinable
  public func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
    let result = withoutWaking(body)
    // After the unlock: who is woken while the lock is held only wakes to wait for it.
    wakeAll()
    return result
  }

  /// The same, and wakes one of those that wait: for work that any of them can do.
  @inlinable
  public func wakingOne<Result>(_ body: (inout Value) -> Result) -> Result {
    let result = withoutWaking(body)
    wakeOne()
    return result
  }

  /// Runs `body` with the value while no other thread can touch it, and wakes nobody: for looking, and for changes that
  /// nobody waits for.
  @inlinable
  public func withoutWaking<Result>(_ body: (inout Value) -> Result) -> Result {
    lock()
    defer { unlock() }
    return body(&value)
  }

  /// Waits until `body` gives something other than nil, and returns that.
  ///
  /// - Parameter timeout: seconds to wait at the most; nil waits without end.
  /// - Returns: nil when the time ran out.
  @inlinable
  public func wait<Result>(timeout: Double? = nil, until body: (inout Value) -> Result?) -> Result? {
    let deadline = timeout.map { Clock.monotonicNanoseconds &+ Clock.nanoseconds($0) }
    lock()
    defer { unlock() }
    while true {
      if let result = body(&value) { return result }
      if !sleep(until: deadline) { return body(&value) }
    }
  }

  // What is not inlined: the C functions.

  @usableFromInline
  func lock() { pthread_mutex_lock(mutex) }

  @usableFromInline
  func unlock() { pthread_mutex_unlock(mutex) }

  @usableFromInline
  func wakeOne() { pthread_cond_signal(changed) }

  @usableFromInline
  func wakeAll() { pthread_cond_broadcast(changed) }

  /// Sleeps, with the lock open, until somebody wakes; false when the time ran out.
  @usableFromInline
  func sleep(until deadline: UInt64?) -> Bool {
    guard let deadline else {
      pthread_cond_wait(changed, mutex)
      return true
    }
    var time = timespec(nanoseconds: deadline)
    return pthread_cond_timedwait(changed, mutex, &time) != ETIMEDOUT
  }
}
