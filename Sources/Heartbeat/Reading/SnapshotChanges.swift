/// In what a content of the file differs from the one before it, as far as that saves work.
public struct SnapshotChanges: Sendable {
  /// The same processes in the same order, each on the same host. All else is meaningful only if this is true.
  public internal(set) var keepsProcesses = false
  /// Each process has the same keys in the same order, so that every number has its place of before in `numbers`.
  public internal(set) var keepsShape = false
  /// The keys under which some number changed, by their place in `keyPaths`; meaningful only with `keepsShape`.
  public internal(set) var keys: Set<Int32> = []
  /// Some process reports another pid.
  public internal(set) var hasNewPid = false
  /// Some process reports another status word.
  public internal(set) var hasNewStatus = false

  /// Everything may be different.
  public init() {}
}
