internal import Glibc

/// A value behind a `pthread_mutex_t`.
///
/// What `Synchronization.Mutex` is, but a lock that the thread sanitizer knows of: that one's lies in Swift's own library,
/// where the sanitizer sees nothing, so whatever it guards looks like a race. ``ConditionLock`` is the one to wait on.
public final class Lock<Value>: @unchecked Sendable {
  // Unchecked is sound: `value` is touched only while `mutex` is held, and the C object lives at one address from init to
  // deinit.
  @usableFromInline var value: Value
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  /// Puts a value behind a new lock.
  public init(_ value: sending Value) {
    self.value = value
    mutex.initialize(to: pthread_mutex_t())  // Not mutated: Swift wants it, pthread_mutex_init(3) does it again.
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs `body` with the value while no other thread can touch it. `body` must not take the same lock.
  @inlinable
  public func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
    lock()
    defer { unlock() }
    return body(&value)
  }

  @usableFromInline
  func lock() { pthread_mutex_lock(mutex) }

  @usableFromInline
  func unlock() { pthread_mutex_unlock(mutex) }
}
