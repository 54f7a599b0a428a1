internal import Heartbeat
internal import POSIX

/// All that a supervisor has around it: a clock, its program, what arrives, where its beats go. Tests put their own in
/// the place of the kernel's.
protocol SupervisorHost: ~Copyable {
  /// Seconds of a clock that never goes back.
  var now: Double { get }

  /// Starts the program.
  func start() throws(Errno) -> ChildProcess
  /// Sends the program, or its group if it leads one, a signal.
  func signal(_ child: ChildProcess, _ number: Int32)
  /// Whether anything of the group that the program leads still exists.
  func hasGroup(_ child: ChildProcess) -> Bool
  /// Hears that nothing of the program is left.
  func everythingEnded()

  /// Sleeps until something arrives, or so long.
  func wait(seconds: Double)
  /// A signal that arrived; nil when there is no further one.
  func nextSignal() -> ReceivedSignal?
  /// A process that ended, the program or what it left behind; nil when there is no further one.
  func nextEnded() -> (pid: Int32, status: ChildStatus)?
  /// What the program said.
  func notifications() -> [NotifyMessage]

  /// Asks the probe; false when that cannot be done.
  func askProbe(run: UInt8) -> Bool
  /// An answer of the probe, and for which run it was asked; nil when there is no further one.
  func nextProbeAnswer() -> (run: UInt8, isPositive: Bool)?

  /// Writes a beat; false when that failed.
  func beat(status: String, pid: Int32, data: JSONObject) -> Bool
  /// Says something to the one who looks at the terminal or the log.
  func tell(_ text: String)
}
