internal import POSIX

/// A moment after which a network operation gives up; by the monotonic clock.
package struct Deadline: Sendable {
  private let nanoseconds: UInt64

  /// So many seconds from now.
  package init(after seconds: Double) {
    nanoseconds = Clock.monotonicNanoseconds &+ Clock.nanoseconds(seconds)
  }

  /// Milliseconds left, 0 at the end.
  package var milliseconds: Int32 {
    let now = Clock.monotonicNanoseconds
    return now >= nanoseconds ? 0 : Int32(clamping: (nanoseconds - now) / 1_000_000 + 1)
  }
}
