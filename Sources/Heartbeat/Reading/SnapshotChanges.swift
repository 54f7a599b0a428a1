/// In what a content of the file differs from the one before it, as far as that saves work.
public struct SnapshotChanges: Sendable {
  /// The same processes in the same order, each on the same host. All else is meaningful only if this is true.
  public internal(set) var keepsProcesses = false
  /// Each process has the same keys in the same order, so that every number has its place of before in `numbers`.
  public internal(set) var keepsShape = false
  /// A bit for each key: most contents change some numbers under the same few keys, and a set would hash each of them.
  private var keyBits: [UInt64] = []
  /// Some process reports another pid.
  public internal(set) var hasNewPid = false
  /// Some process reports another status word.
  public internal(set) var hasNewStatus = false

  /// Everything may be different.
  public init() {}

  /// The keys under which some number changed, by their place in `keyPaths`, ascending; meaningful only with `keepsShape`.
  public var keys: [Int32] {
    var keys: [Int32] = []
    for (place, word) in keyBits.enumerated() {
      var rest = word
      while rest != 0 {
        keys.append(Int32(truncatingIfNeeded: place &* 64 &+ rest.trailingZeroBitCount))
        rest &= rest &- 1
      }
    }
    return keys
  }

  /// - Parameter key: not negative.
  @inline(__always)
  mutating func insert(key: Int32) {
    let place = Int(truncatingIfNeeded: key >> 6)
    while keyBits.count <= place { keyBits.append(0) }
    keyBits[place] |= 1 << UInt64(truncatingIfNeeded: key & 63)
  }
}
