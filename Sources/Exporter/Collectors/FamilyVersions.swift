internal import Heartbeat

/// Which version of each family it is whose text only changes with the files or the configuration: what rendered families are
/// compared by. It counts what changed, and holds nothing of it.
struct FamilyVersions {
  /// The families that are always there, in their order; those of the processes' own data follow, then their strings.
  enum Fixed: Int, CaseIterable {
    case lastTimestamp, timeout, interval, status, pid
  }

  private(set) var basis = RenderedFamilies.Basis(shape: 0, change: 0)
  private var fixed = [UInt64](repeating: 0, count: Fixed.allCases.count)
  /// By the place of the key path.
  private(set) var keys: [UInt64] = []
  private(set) var strings: UInt64 = 0

  /// There are other families now, or other processes in them.
  ///
  /// - Parameter keys: how many key paths there are.
  mutating func begin(keys count: Int) {
    basis.shape &+= 1
    basis.change &+= 1
    keys = [UInt64](repeating: basis.change, count: count)
  }

  /// The same processes and keys say something else.
  mutating func note(_ changes: SnapshotChanges, hasNewTimeout: Bool) {
    basis.change &+= 1
    // With a beat both change.
    note(.lastTimestamp)
    note(.interval)
    if hasNewTimeout { note(.timeout) }
    if changes.hasNewStatus { note(.status) }
    if changes.hasNewPid { note(.pid) }
    for key in changes.keys {
      let key = Int(widening: key)
      if keys.indices.contains(key) { keys[key] = basis.change }
    }
    strings = basis.change
  }

  private mutating func note(_ family: Fixed) { fixed[family.rawValue] = basis.change }

  /// Those of the families in their order.
  ///
  /// - Parameters:
  ///   - data: those of the processes' own data.
  ///   - showsStrings: whether their strings are a family too.
  func all(data: [UInt64], showsStrings: Bool) -> [UInt64] { fixed + data + (showsStrings ? [strings] : []) }
}
