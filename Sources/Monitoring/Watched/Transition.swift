/// A change of how a process does, as it was seen.
public struct Transition: Hashable, Sendable {
  /// The process's name.
  public var process: String
  /// Unix time at which it was seen.
  public var time: Double
  /// How it did before; nil for one that came while others were watched already.
  public var from: Verdict?
  /// How it does now.
  public var to: Verdict

  /// Puts one together.
  package init(process: String, time: Double, from: Verdict?, to: Verdict) {
    (self.process, self.time, self.from, self.to) = (process, time, from, to)
  }

  /// So many are kept, the newest.
  public static let most = 1_000
}
