/// What the kernel says of a process: `up` in its three values.
public enum Existence: Hashable, Sendable {
  /// It is there.
  case yes(pid: Int32, isSuspended: Bool)
  /// It is certainly not there.
  case no(Absence)
  /// Nobody can say: there is neither a pid nor a match, the beat came from another host, or `/proc` hides what belongs to others.
  case unknown

  /// Why a process is not there.
  public enum Absence: Hashable, Sendable {
    /// Nothing has its pid, or matches.
    case gone
    /// It has ended, and its parent has not waited for it (`Z` in `proc_pid_stat(5)`).
    case zombie
    /// Its pid was given to a process that started after the last beat.
    case reused

    /// The reason of a state that follows from it alone.
    var reason: StateReason {
      switch self {
      case .gone: .pidGone
      case .zombie: .zombie
      case .reused: .pidReused
      }
    }
  }

  /// Why it is not there; nil when it is, or nobody can say.
  var absence: Absence? {
    if case .no(let absence) = self { absence } else { nil }
  }

  /// True, false, or nil where nobody can say.
  public var isUp: Bool? {
    switch self {
    case .yes: true
    case .no: false
    case .unknown: nil
    }
  }
}
