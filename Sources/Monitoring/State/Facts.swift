/// All that a process's state follows from.
public struct Facts: Hashable, Sendable {
  /// Seconds since the last beat; negative when the writer's clock is ahead; nil when it never beat.
  public var age: Double?
  /// Seconds since the beat was seen to change, for one from the future; nil counts as the age itself.
  public var ageSinceSeen: Double?
  /// The age, in seconds, from which it is silent.
  public var timeout: Double
  /// Whether its process is there.
  public var existence: Existence
  /// Whether its last word says that it ended.
  public var saidStopped = false
  /// Whether its entry has vanished without a good-bye.
  public var hasVanished = false
  /// What of a job its state follows from, in the place of its beats; nil when it is none.
  public var job: JobFacts?

  /// Puts the facts of one process together.
  public init(
    age: Double?, ageSinceSeen: Double? = nil, timeout: Double, existence: Existence, saidStopped: Bool = false,
    hasVanished: Bool = false, job: JobFacts? = nil
  ) {
    self.age = age
    self.ageSinceSeen = ageSinceSeen
    self.timeout = timeout
    self.existence = existence
    self.saidStopped = saidStopped
    self.hasVanished = hasVanished
    self.job = job
  }

  /// How far a writer's clock may be ahead, in seconds, before its word is not taken for the time of the beat.
  public static let clockTolerance = 5.0

  /// Whether the last beat lies further in the future than clocks differ.
  public var isAhead: Bool { age.map { $0 < -Facts.clockTolerance } ?? false }

  /// Whether the last beat is younger than the timeout; one from the future is as old as it is known.
  public var isFresh: Bool {
    guard let age else { return false }
    return (isAhead ? ageSinceSeen ?? 0 : age) < timeout
  }

  /// The state and its reason: the first row that applies.
  public var verdict: Verdict {
    if let job { return job.verdict(existence) }
    guard age != nil else {
      // Found by its command line, it never beat and so cannot fall silent.
      return existence.isUp == true ? Verdict(.alive, .beating) : Verdict(.never, .neverSeen)
    }
    let verdict = verdictOfBeat
    if hasVanished, verdict.state != .stopped { return Verdict(verdict.state, .entryVanished) }
    return verdict
  }

  private var verdictOfBeat: Verdict {
    let isFresh = isFresh
    if saidStopped, !(existence.isUp == true && isFresh) { return Verdict(.stopped, .saidStopped) }
    switch existence {
    case .no(let absence): return Verdict(.dead, absence.reason)
    case .yes(_, let isSuspended) where !isFresh:
      return Verdict(.hung, isSuspended ? .suspended : isAhead ? .clockAhead : .silent)
    case .unknown where !isFresh: return Verdict(.dead, isAhead ? .clockAhead : .silent)
    case .yes, .unknown: return Verdict(.alive, isAhead ? .clockAhead : .beating)
    }
  }
}
