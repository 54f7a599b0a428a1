/// A set of process numbers that answers at once whether it holds one.
struct PIDList {
  /// In ascending order.
  let pids: [Int32]
  private let bits: [UInt64]

  /// - Parameter pids: in ascending order, none below 0.
  init(_ pids: [Int32]) {
    self.pids = pids
    // At most half a megabyte: no number is above 4,194,304 (`PID_MAX_LIMIT`).
    var bits = [UInt64](repeating: 0, count: Int(pids.last ?? 0) / 64 + 1)
    for pid in pids { bits[Int(pid) / 64] |= 1 << UInt64(pid % 64) }
    self.bits = bits
  }

  func contains(_ pid: Int32) -> Bool {
    guard pid >= 0, Int(pid) / 64 < bits.count else { return false }
    return bits[Int(pid) / 64] & 1 << UInt64(pid % 64) != 0
  }
}
