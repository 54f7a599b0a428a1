internal import Glibc

/// The kernel's clocks, by `clock_gettime(2)`.
public enum Clock {
  /// Unix time in seconds (`CLOCK_REALTIME`): what heartbeats carry; it may jump.
  public static var realtime: Double {
    seconds(CLOCK_REALTIME)
  }

  /// Nanoseconds since an arbitrary start (`CLOCK_MONOTONIC`): for durations and deadlines; it never goes back.
  public static var monotonicNanoseconds: UInt64 {
    nanoseconds(of: CLOCK_MONOTONIC)
  }

  /// Nanoseconds of the processor's time that the calling thread has had (`CLOCK_THREAD_CPUTIME_ID`).
  public static var threadNanoseconds: UInt64 {
    nanoseconds(of: CLOCK_THREAD_CPUTIME_ID)
  }

  private static func nanoseconds(of clock: clockid_t) -> UInt64 {
    var now = timespec()
    clock_gettime(clock, &now)
    return UInt64(clamping: now.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: now.tv_nsec)
  }

  /// The longest span that `nanoseconds` gives, in seconds: 31 years, so that the sum with the clock fits.
  public static let longestSpan = 1e9

  /// A span of seconds in nanoseconds, to add to the clock for a deadline: 0 for a negative one and for NaN, at most
  /// `longestSpan`.
  public static func nanoseconds(_ seconds: Double) -> UInt64 {
    UInt64(clamping: min(seconds, longestSpan) * 1e9)
  }

  /// Seconds since the host booted, time asleep included (`CLOCK_BOOTTIME`): the base of `starttime` in `proc(5)`.
  public static var boottime: Double {
    seconds(CLOCK_BOOTTIME)
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var now = timespec()
    clock_gettime(clock, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }
}
