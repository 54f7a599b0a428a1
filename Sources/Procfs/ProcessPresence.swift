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
  /// The tree does not tell: it hides what belongs to others (`hidepid` in `proc(5)`), its stat cannot be understood, or the number is a
  /// kernel thread's, so that it was written in another pid namespace.
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
  ) -> (presence: ProcessPresence, figures: BoxedFigures?) {
    guard let (stat, figures) = read(pid, figuresWhere: { self.presence($0, lastBeat: lastBeat).isRunning }) else {
      return (isHidden(pid) ? .unknown : .gone, nil)
    }
    let found = presence(stat, lastBeat: lastBeat)
    return (found, found.isRunning ? figures : nil)
  }

  private func presence(_ stat: ProcessStat, lastBeat: Double?) -> ProcessPresence {
    if stat.isKernelThread { return .unknown }
    guard !stat.isZombie else { return .zombie }
    guard let lastBeat, let start = starts.earliestStart(of: stat) else { return .running(stat) }
    // A time that is no number says nothing, so the negation.
    return !(start > lastBeat + StartTimes.tolerance) ? .running(stat) : .reused
  }
}

extension Procfs {
  /// What comes of the question for a process's directory.
  enum Visibility {
    case visible, secret, absent
    /// Its stat is not understood.
    case garbled

    /// What follows from why it cannot be opened.
    init(_ error: Errno) {
      // ENOTDIR: in a tree of plain files a file may have a number for its name.
      self = [ENOENT, ESRCH, ENOTDIR].contains(error.rawValue) ? .absent : .secret
    }
  }

  /// Whether a process shows what it is: its directory can be opened, and its stat be read and understood. What is in the way though it
  /// should not be is said.
  func visibility(of pid: Int32) -> Visibility {
    let directory: FileDescriptor
    do throws(Errno) {
      directory = try openProcess(pid)
    } catch {
      complain(of: pid, nil, error)
      return Visibility(error)
    }
    do throws(Errno) {
      let (stat, fault) = try stat(in: directory.rawValue)
      guard stat == nil else { return .visible }
      complain(of: pid, "stat", fault)
      return .garbled
    } catch {
      complain(of: pid, "stat", error)
      return Visibility(error)
    }
  }

  /// Whether the tree shows nothing of a process: neither its directory nor what is in it can be found. To look into that is not needed.
  func isOutOfSight(_ pid: Int32) -> Bool {
    do throws(Errno) {
      try lookUp("stat", of: pid)
      return false
    } catch {
      complain(of: pid, nil, error)
      return Visibility(error) == .absent
    }
  }

  /// Whether a process is known to have ended. Of one that cannot be looked at that is not known.
  func hasEnded(_ process: ProcessIdentity) -> Bool {
    do throws(Errno) {
      let directory = try openProcess(process.pid)
      guard let stat = try stat(in: directory.rawValue).stat else { return false }
      return stat.startTicks != process.startTicks
    } catch {
      return Visibility(error) == .absent
    }
  }

  /// The stat of the process whose directory is open; nil when it is not understood, which is the fault then.
  private func stat(in directory: Int32) throws(Errno) -> (stat: ProcessStat?, fault: String) {
    let file = try openFile("stat", in: directory)
    let count = try file.read(into: buffer)
    let content = UnsafeRawBufferPointer(rebasing: buffer[..<count])
    return (ProcessStat(parsing: content), Self.fault(of: content))
  }
}
