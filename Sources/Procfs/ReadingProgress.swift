internal import POSIX
internal import Synchronization

/// What a reader of `/proc` is at. Another thread may ask, to see whether the reader hangs.
public final class ReadingProgress: Sendable {
  /// The number of readings in the upper half, the process in the lower one; 0 where it reads something of the host.
  private let state = Atomic<UInt64>(0)

  /// Nothing was read yet.
  init() {}

  /// Notes that something of a process is read next.
  func note(_ pid: Int32) {
    let count = state.load(ordering: .relaxed) >> 32
    state.store((count &+ 1) << 32 | UInt64(widening: UInt32(truncatingIfNeeded: pid)), ordering: .relaxed)
  }

  /// Notes that something else of the same is read next.
  func noteFurther() {
    state.store(state.load(ordering: .relaxed) &+ 1 << 32, ordering: .relaxed)
  }

  /// Differs from one reading to the next.
  public var mark: UInt64 { state.load(ordering: .relaxed) }

  /// The process of which something is read; nil where it is of the host.
  public static func process(of mark: UInt64) -> Int32? {
    let pid = Int32(truncatingIfNeeded: mark)
    return pid > 0 ? pid : nil
  }
}
