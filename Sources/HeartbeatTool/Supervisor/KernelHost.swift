internal import CLinux
internal import Glibc
internal import Heartbeat
internal import POSIX

/// The host of a supervisor outside of tests: real programs, signals and sockets. One for each process, as it collects all of its children.
final class KernelHost: SupervisorHost {
  let sharesTerminal: Bool
  private let signals: SignalQueue
  private let notifications: NotifySocket
  private let prober: ProbeRunner
  private let beats: BeatThread
  private let log: LogThread
  private var pending: [PendingStart] = []

  /// Seconds that are waited for a start: usually it is over in a few milliseconds.
  private static let startPatience = 0.1

  /// Prepares everything but the program itself. To be called before this process has other threads.
  init(_ options: SupervisorOptions) throws(Errno) {
    let inherited = options.dispositions
    // An ignored SIGCHLD would have the kernel collect the children, and their exit statuses with them.
    Glibc.signal(SIGCHLD, SIG_DFL)
    let signals = try SignalQueue(
      Signal.catchable.filter { $0.number == SIGCHLD || !inherited.ignores($0) }.map(\.number))
    // What the program leaves behind becomes our child: it is found, and no zombie stays with us.
    _ = clinux_adopt_orphans()
    let notifications = try NotifySocket()
    let prober = try ProbeRunner()
    let log = try LogThread(showsTime: options.showsTime)
    let name = options.name
    let target =
      options.push.map { BeatTarget.push($0) }
      ?? .file(options.file, retention: options.retention) { log.say("\(name): \($0)") }
    beats = try BeatThread(target, log: log)
    if Descendants.shared.numbering == .unknown {
      log.say("\(name): /proc does not show this process, so what leaves the program's process group is not found")
    }
    sharesTerminal = Terminal.isShared
    self.signals = signals
    self.notifications = notifications
    self.prober = prober
    self.log = log
  }

  var leadsSession: Bool { getsid(0) == getpid() }
  var now: Double { Double(Clock.monotonicNanoseconds) / 1e9 }
  var notifySocket: String { notifications.name }

  func wait(timeout: Double) {
    signals.wait(
      timeout: timeout,
      also: [notifications.descriptor.rawValue, prober.descriptor.rawValue] + pending.map { $0.report.rawValue })
  }

  func nextSignal() -> ReceivedSignal? { signals.next() }
  func nextChange() -> (pid: pid_t, change: ChildChange)? { nextChildChange() }
  func nextNotification() -> NotifyParcel? { notifications.next() }
  func nextProbeAnswer() -> (run: Int, answer: Probe.Answer)? { prober.answer() }

  func start(_ start: ChildStart) throws(StartFailure) -> (child: ChildProcess, isPending: Bool) {
    let started = try ChildProcess.start(start, within: Self.startPatience)
    if let pending = started.pending { self.pending.append(pending) }
    return (started.child, started.pending != nil)
  }

  func nextStart() -> (pid: pid_t, failure: StartFailure?)? {
    for (index, start) in pending.enumerated() {
      guard let outcome = start.outcome() else { continue }
      pending.remove(at: index)
      if case .failure(let failure) = outcome { return (start.pid, failure) }
      return (start.pid, nil)
    }
    return nil
  }

  func guardian(mark: String) throws(Errno) -> Guardian? { try Guardian(mark: mark) }
  func signal(_ number: Int32, to pid: pid_t) { _ = kill(pid, number) }
  func queue(_ number: Int32, value: Int32, to pid: pid_t) { _ = clinux_queue(pid, number, value) }
  func hasGroup(_ child: ChildProcess) -> Bool { child.hasGroup }
  func group(of pid: pid_t) -> pid_t { getpgid(pid) }
  func descendants(but excluded: Set<pid_t>) -> [pid_t] { Descendants.shared.all(but: excluded) }
  func hasDescendant(_ pid: pid_t) -> Bool { Descendants.shared.contains(pid) }
  func state(of pid: pid_t) -> TaskState? { Descendants.shared.state(of: pid) }
  func suffer(_ number: Int32) { clinux_suffer(number) }

  func ask(_ probe: Probe, run: Int) -> Bool { prober.ask(probe, run: run) }
  func post(_ beat: Beat) { beats.post(beat) }
  func settleBeats(within seconds: Double) { beats.settle(within: seconds) }
  func finishBeats(within seconds: Double) -> Bool { beats.finish(within: seconds) }
  func say(_ text: String) { log.say(text) }
  func drainLog(within seconds: Double) { log.drain(within: seconds) }
}
