/// How a process does: the one word that every view shows for it.
public enum ProcessState: String, CaseIterable, Sendable {
  /// It beats, and nothing says that it does not run; or a job that is in order.
  case alive
  /// It runs, but is silent; or a job whose run takes too long.
  case hung
  /// It does not run; or it is silent, and nothing is known of its process; or a job that failed, or did not succeed in time.
  case dead
  /// It said that it ended.
  case stopped
  /// It is known by its name alone: nobody saw it yet.
  case never

  /// The order in which every view shows them: one looks for what is wrong. The status page has the same (`STATES`).
  public static let worstFirst: [ProcessState] = [.dead, .hung, .never, .stopped, .alive]

  /// Its place among `worstFirst`.
  public var rank: Int { ProcessState.worstFirst.firstIndex(of: self) ?? ProcessState.worstFirst.count }

  /// The sign that stands for it wherever there is text: the shape that the status page draws.
  public var sign: String {
    switch self {
    case .alive: "●"
    case .hung: "▲"
    case .dead: "✕"
    case .stopped: "■"
    case .never: "○"
    }
  }
}

/// Why a process is in its state: the second word that every view shows.
public enum StateReason: String, CaseIterable, Sendable {
  /// It was never seen: there is no beat of it, and no process.
  case neverSeen = "never_seen"
  /// Its last word says that it ended.
  case saidStopped = "said_stopped"
  /// No process has its pid, or is what the configuration looks for.
  case pidGone = "pid_gone"
  /// Its process has ended, and its parent has not asked for the exit status yet.
  case zombie
  /// Its pid belongs to a process that started after its last beat.
  case pidReused = "pid_reused"
  /// Its process is stopped by a signal (state `T`).
  case suspended
  /// Its last beat is older than its timeout.
  case silent
  /// It beats.
  case beating
  /// Its last beat lies in the future, so that the moment counts at which the beat was seen to change.
  case clockAhead = "clock_ahead"
  /// Its entry has vanished without a good-bye, or cannot be read any more: these are the last facts.
  case entryVanished = "entry_vanished"
  /// A run of the job goes on.
  case jobRunning = "job_running"
  /// The job's last run succeeded, and the next one is not yet due.
  case jobSucceeded = "job_succeeded"
  /// A run of the job takes longer than it may.
  case jobOverdue = "job_overdue"
  /// The job's last run failed.
  case jobFailed = "job_failed"
  /// The job did not succeed by the time at which it should have.
  case jobLate = "job_late"

  /// The reason as a clause for people, such as `no beat within its timeout`.
  public var explanation: String {
    switch self {
    case .neverSeen: "never seen"
    case .saidStopped: "it said so"
    case .pidGone: "its process is gone"
    case .zombie: "its process has ended and is a zombie"
    case .pidReused: "its pid belongs to another process now"
    case .suspended: "its process is suspended"
    case .silent: "no beat within its timeout"
    case .beating: "it beats"
    case .clockAhead: "its clock is ahead"
    case .entryVanished: "its entry has vanished, or cannot be read"
    case .jobRunning: "it runs now"
    case .jobSucceeded: "its last run succeeded"
    case .jobOverdue: "its run takes longer than it may"
    case .jobFailed: "its last run failed"
    case .jobLate: "it did not succeed in time"
    }
  }
}

/// The state of a process with its reason.
public struct Verdict: Hashable, Sendable {
  /// How it does.
  public let state: ProcessState
  /// Why.
  public let reason: StateReason

  /// Puts the two together.
  public init(_ state: ProcessState, _ reason: StateReason) {
    self.state = state
    self.reason = reason
  }
}
