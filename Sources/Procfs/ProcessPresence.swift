internal import Glibc
internal import POSIX

/// Whether the process that beat under a number is there, and how that is known.
public enum ProcessPresence: Equatable, Sendable {
  /// It is there.
  case running(ProcessStat)
  /// No process has this number.
  case gone
  /// It has ended, all its threads with it, and its parent has not waited for it.
  case zombie
  /// The number belongs to a process that started after the last beat.
  case reused
  /// The tree does not tell: it hides what belongs to others (`hidepid` in `proc(5)`), or the number is a kernel thread's, so
  /// that it was written in another pid namespace.
  case unknown

  /// Whether it is there for certain.
  public var isRunning: Bool {
    if case .running = self { true } else { false }
  }
}

extension ProcessTable {
  /// Whether the process that beat last at `lastBeat`, in Unix seconds, under this number is there.
  ///
  /// - Parameter lastBeat: nil when the time is unknown; then the number alone decides.
  public func presence(of pid: Int32, lastBeat: Double?) -> ProcessPresence {
    if let stat = stat(of: pid) { return presence(stat, lastBeat: lastBeat) }
    return isHidden(pid) ? .unknown : .gone
  }

  /// The same, with what the process uses where it runs: its directory is opened and its stat read once for both.
  public func presenceWithFigures(
    of pid: Int32, lastBeat: Double?
  ) -> (presence: ProcessPresence, figures: ProcessFigures?) {
    guard pid > 0, mayExist(pid), let directory = try? procfs.openProcess(pid),
      let stat = procfs.withFile("stat", in: directory.rawValue, { ProcessStat(parsing: $0) })
    else { return (isHidden(pid) ? .unknown : .gone, nil) }
    let presence = presence(stat, lastBeat: lastBeat)
    guard case .running = presence else { return (presence, nil) }
    let (figures, status) = procfs.figures(stat, in: directory.rawValue, starts: starts)
    // The number of a thread opens a directory too, but is in no list.
    guard isListed || status?.threadGroup == UInt64(clamping: pid) else { return (.gone, nil) }
    return (presence, figures)
  }

  private func presence(_ stat: ProcessStat, lastBeat: Double?) -> ProcessPresence {
    if stat.isKernelThread { return .unknown }
    guard !stat.isZombie else { return .zombie }
    guard let lastBeat, let start = starts.startTime(of: stat) else { return .running(stat) }
    // A time that is no number says nothing, so the negation.
    return !(start > lastBeat + StartTimes.tolerance) ? .running(stat) : .reused
  }

  /// Whether a process may have this number though nothing of it can be read.
  private func isHidden(_ pid: Int32) -> Bool {
    guard pid > 0, procfs.isServedByKernel else { return false }
    switch procfs.visibility(of: pid) {
    case .visible: return false
    case .secret: return true
    case .absent: return hidesOthers
    }
  }

  /// Whether there may be processes of which the tree shows nothing (`hidepid=2` or `ptraceable` in `proc(5)`).
  public var hidesOthers: Bool {
    // Process 1 is always there, so where it cannot be seen, others may be there too.
    procfs.isServedByKernel && procfs.visibility(of: 1) == .absent
  }
}

extension Procfs {
  /// What comes of the question for a process's directory.
  enum Visibility {
    case visible, secret, absent
  }

  func visibility(of pid: Int32) -> Visibility {
    do throws(Errno) {
      _ = try openProcess(pid)
      return .visible
    } catch {
      return error.rawValue == EACCES || error.rawValue == EPERM ? .secret : .absent
    }
  }
}
