internal import Glibc
internal import Heartbeat
internal import POSIX

/// All that a supervisor has around it: a clock, processes, what arrives, where its beats and its log go. It decides, the host acts; tests
/// put their own in the place of the kernel's.
protocol SupervisorHost: AnyObject {
  /// Seconds of a clock that never goes back.
  var now: Double { get }
  /// In the foreground of a terminal the program stays in our process group, so that it can read the keyboard, and Ctrl-C and Ctrl-Z reach
  /// all of a pipeline.
  var sharesTerminal: Bool { get }
  /// Whether we lead a session.
  var leadsSession: Bool { get }
  /// The value of `NOTIFY_SOCKET` for the program.
  var notifySocket: String { get }

  // MARK: What arrives

  /// Sleeps until something arrives, or so many seconds.
  func wait(timeout: Double)
  /// A signal that arrived; nil when there is no further one.
  func nextSignal() -> ReceivedSignal?
  /// What happened to a child; nil when nothing further did.
  func nextChange() -> (pid: pid_t, change: ChildChange)?
  /// What has become of a start that took longer; nil when nothing further is known. It is known before the child's end is told.
  func nextStart() -> (pid: pid_t, failure: StartFailure?)?
  /// What was said by sd_notify; nil when there is nothing further.
  func nextNotification() -> NotifyParcel?
  /// An answer of the probe, and for which run it was asked; nil when there is no further one.
  func nextProbeAnswer() -> (run: Int, answer: Probe.Answer)?

  // MARK: Processes

  /// Starts a program. It waits for it only for a moment: when it is still pending then, `nextStart` tells what has become of it.
  func start(_ start: ChildStart) throws(StartFailure) -> (child: ChildProcess, isPending: Bool)
  /// A guardian; nil where none is needed.
  func guardian(mark: String) throws(Errno) -> Guardian?
  /// Sends a signal to a process, or with a negative number to a group. One that has ended is no error.
  func signal(_ number: Int32, to pid: pid_t)
  /// Sends it with the number that goes with it.
  func queue(_ number: Int32, value: Int32, to pid: pid_t)
  /// Whether anything of the group that a child leads still exists, zombies included.
  func hasGroup(_ child: ChildProcess) -> Bool
  /// The group of a process; -1 when there is no such process.
  func group(of pid: pid_t) -> pid_t
  /// Everything below us but `excluded` and what is below them; parents before their children.
  func descendants(but excluded: Set<pid_t>) -> [pid_t]
  /// Whether a process is below us.
  func hasDescendant(_ pid: pid_t) -> Bool
  /// nil when there is no such process.
  func state(of pid: pid_t) -> TaskState?
  /// Lets a signal do to us what it does by default; returns when we go on.
  func suffer(_ number: Int32)

  // MARK: What is told

  /// Asks a probe once; false when that is not possible now.
  func ask(_ probe: Probe, run: Int) -> Bool
  /// Takes a beat in the place of one that still waits.
  func post(_ beat: Beat)
  /// Waits until all beats are delivered, but not longer than so many seconds.
  func settleBeats(within seconds: Double)
  /// As `settleBeats`; nothing comes afterwards. Whether all are delivered.
  func finishBeats(within seconds: Double) -> Bool
  /// Says a line in the log.
  func say(_ text: String)
  /// Waits until every line is written, but not longer than so many seconds.
  func drainLog(within seconds: Double)
}

extension SupervisorHost {
  /// Sends a signal to a child's group, or to it alone if it leads none.
  func signal(_ number: Int32, to child: ChildProcess) {
    signal(number, to: child.leadsGroup ? -child.pid : child.pid)
  }
}
