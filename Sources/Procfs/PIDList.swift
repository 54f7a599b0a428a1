internal import POSIX

/// A set of process numbers that answers at once whether it holds one.
struct PIDList {
  /// In ascending order.
  let pids: [Int32]
  private let bits: [UInt64]

  /// - Parameter pids: in ascending order, none below 0.
  init(_ pids: [Int32]) {
    self.pids = pids
    // At most half a megabyte: no number is above 4,194,304 (`PID_MAX_LIMIT`).
    var bits = [UInt64](repeating: 0, count: Int(widening: pids.last ?? 0) / 64 + 1)
    for pid in pids { bits[Int(widening: pid) / 64] |= 1 << (pid % 64) }
    self.bits = bits
  }

  func contains(_ pid: Int32) -> Bool {
    guard pid >= 0, Int(widening: pid) / 64 < bits.count else { return false }
    return bits[Int(widening: pid) / 64] & 1 << (pid % 64) != 0
  }
}

/// A list of all processes, and how many had been made since the host booted when it was begun.
struct LastPIDList {
  let list: PIDList
  let forks: UInt64?
  let time: UInt64

  /// Whether still no process can have a number that is not in the list.
  ///
  /// - Parameters:
  ///   - forks: how many processes have been made by now; 0 is what kernels say that do not count them.
  ///   - now: the monotonic clock.
  ///   - age: how long a list may serve, in nanoseconds.
  func holds(forks: UInt64?, at now: UInt64, age: UInt64) -> Bool {
    guard let forks, forks > 0 else { return false }
    return forks == self.forks && now &- time < age
  }
}
