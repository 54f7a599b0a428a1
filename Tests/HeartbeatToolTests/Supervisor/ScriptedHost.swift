import Glibc
import Heartbeat
import POSIX
import Testing

@testable import HeartbeatTool

/// A host whose time passes only while the supervisor sleeps, and whose programs do what the test says.
///
/// Its processes: the program of the first run is 101, of the second 102; what they leave behind has the numbers from 900 on.
final class ScriptedHost: SupervisorHost {
  /// A beat and when it was posted, in seconds after the beginning.
  struct Posted {
    let time: Double
    let beat: Beat
  }

  /// What the supervisor did, each with its time: `start`, or the name of a signal and to whom it went.
  private(set) var deeds: [String] = []
  private(set) var posted: [Posted] = []
  private(set) var said: [String] = []
  private(set) var asked: [Double] = []

  /// Why the next starts fail, one after the other; nil for those that succeed.
  var startFailures: [StartFailure?] = []
  var sharesTerminal = false
  let leadsSession = false
  /// What a program does at its start; its number counts from 1.
  var onStart: (ScriptedHost, Int) -> Void = { _, _ in }
  /// What the program does when it gets a signal: it ends by any but `SIGCONT`.
  var onSignal: (ScriptedHost, Int32) -> Void = { if $1 != SIGCONT { $0.end(.signalled($1)) } }
  /// What becomes of what is left behind by a signal: it ends by any but `SIGCONT`.
  var onLeftoverSignal: (ScriptedHost, Int32, pid_t) -> Void = { if $1 != SIGCONT { $0.endLeftover($2) } }
  /// What the probe says when it is asked; nil for an answer that never comes.
  var onProbe: (ScriptedHost) -> Probe.Answer? = { _ in nil }

  /// The runs whose start is not over when it is asked for: `finishStart` ends it.
  var startsLate: Set<Int> = []
  /// What becomes of a command that is asked as a probe when it is killed.
  var onProbeSignal: (ScriptedHost) -> Void = { $0.endProbe(.signalled(SIGKILL)) }
  /// What a command does that is asked as a probe.
  var onProbeCommand: (ScriptedHost) -> Void = { _ in }

  /// The number of every command that is asked as a probe.
  private static let probeCommand: pid_t = 800

  let notifySocket = "@scripted"
  private(set) var now = 1000.0
  /// What is left behind, with its group.
  private(set) var leftovers: [pid_t: pid_t] = [:]
  private var nextLeftover: pid_t = 900
  private var starts: pid_t = 0
  private var runs = false
  private var isSuspended = false
  private var script: [(time: Double, happens: () -> Void)] = []
  private var signals: [ReceivedSignal] = []
  private var changes: [(pid: pid_t, change: ChildChange)] = []
  private var outcomes: [(pid: pid_t, failure: StartFailure?)] = []
  private var messages: [NotifyParcel] = []
  private var answers: [(run: Int, answer: Probe.Answer)] = []
  private var sleeps = 0

  private let manager = ManagerSocket()
  private var heardByManager: [String] = []

  /// A service manager's socket, and what it has heard, each with its time.
  var managerName: String? { manager?.socket.name }
  var heard: [String] {
    listen()
    return heardByManager
  }

  private func listen() {
    while let parcel = manager?.socket.next() {
      heardByManager.append(timed(String(decoding: parcel.bytes, as: UTF8.self)))
    }
  }

  private var program: pid_t { 100 + starts }

  /// Seconds since the beginning.
  var elapsed: Double { now - 1000 }

  // MARK: What happens

  /// Has something happen so many seconds after the beginning.
  func at(_ seconds: Double, _ happens: @escaping (ScriptedHost) -> Void) {
    script.append((1000 + seconds, { [unowned self] in happens(self) }))
    script.sort { $0.time < $1.time }
  }

  /// Has something happen so many seconds from now.
  func after(_ seconds: Double, _ happens: @escaping (ScriptedHost) -> Void) { at(elapsed + seconds, happens) }

  /// The program ends.
  func end(_ status: ChildStatus) {
    guard runs else { return }
    runs = false
    changes.append((program, .ended(status)))
  }

  /// A start that takes longer is over.
  func finishStart(_ failure: StartFailure? = nil) {
    outcomes.append((program, failure))
    if let failure { end(.exited(failure.exitCode + 1)) }
  }

  /// The command that is asked as a probe ends.
  func endProbe(_ status: ChildStatus) { changes.append((Self.probeCommand, .ended(status))) }

  /// Something else ends.
  func endOther(_ pid: pid_t) { changes.append((pid, .ended(.exited(9)))) }

  /// The program is suspended.
  func suspend() {
    isSuspended = true
    changes.append((program, .suspended(by: SIGSTOP)))
  }

  /// The program has started something: in its group, or in a session of its own.
  func leave(inGroup: Bool = true) {
    leftovers[nextLeftover] = inGroup ? program : nextLeftover
    nextLeftover += 1
  }

  func endLeftover(_ pid: pid_t) {
    if leftovers.removeValue(forKey: pid) != nil { endOther(pid) }
  }

  func arrive(_ number: Int32, fromTerminal: Bool = false) {
    signals.append(ReceivedSignal(number: number, isFromTerminal: fromTerminal))
  }

  /// The program says something by sd_notify.
  func notify(_ text: String) {
    messages.append(
      NotifyParcel(
        bytes: Array(text.utf8), sender: program, user: geteuid(), isCut: false, descriptors: OpenFiles(owning: [])))
  }

  func answerProbe(_ answer: Probe.Answer, run: Int) { answers.append((run, answer)) }

  // MARK: SupervisorHost: what arrives

  func wait(timeout: Double) {
    listen()
    guard signals.isEmpty, changes.isEmpty, messages.isEmpty, answers.isEmpty, outcomes.isEmpty else { return }
    sleeps += 1
    if sleeps > 10_000 || script.isEmpty && timeout > 1e6 { return giveUp() }
    // As poll(2), which counts milliseconds.
    let wakes = now + (max(0, timeout) * 1000).rounded(.up) / 1000
    guard let next = script.first?.time, next <= wakes else {
      now = wakes
      return
    }
    now = max(now, next)
    while let first = script.first, first.time <= now {
      script.removeFirst()
      first.happens()
    }
  }

  /// Nothing more happens that would end the supervisor: the script is at fault, or the supervisor.
  private func giveUp() {
    if sleeps < 1_000_000 { Issue.record("nothing ends it; until then: \(deeds.suffix(20))") }
    sleeps = 1_000_000
    now += 1
    leftovers = [:]
    if runs { end(.exited(0)) } else { arrive(SIGTERM) }
  }

  func nextSignal() -> ReceivedSignal? { signals.isEmpty ? nil : signals.removeFirst() }
  func nextChange() -> (pid: pid_t, change: ChildChange)? { changes.isEmpty ? nil : changes.removeFirst() }
  func nextStart() -> (pid: pid_t, failure: StartFailure?)? { outcomes.isEmpty ? nil : outcomes.removeFirst() }
  func nextNotification() -> NotifyParcel? { messages.isEmpty ? nil : messages.removeFirst() }
  func nextProbeAnswer() -> (run: Int, answer: Probe.Answer)? { answers.isEmpty ? nil : answers.removeFirst() }

  // MARK: Processes

  func start(_ start: ChildStart) throws(StartFailure) -> (child: ChildProcess, isPending: Bool) {
    if start.isQuiet {
      note("probe")
      onProbeCommand(self)
      return (ChildProcess(pid: Self.probeCommand, leadsGroup: true), false)
    }
    note("start")
    if !startFailures.isEmpty, let failure = startFailures.removeFirst() { throw failure }
    starts += 1
    (runs, isSuspended) = (true, false)
    onStart(self, Int(starts))
    return (ChildProcess(pid: program, leadsGroup: start.ownsGroup), startsLate.contains(Int(starts)))
  }

  func guardian(mark: String) -> Guardian? { nil }

  func signal(_ number: Int32, to pid: pid_t) {
    let isGroup = pid < 0
    let target = isGroup ? -pid : pid
    note("\(Signal(number)) to \(isGroup ? "group " : "")\(target)")
    if target == program, runs { onSignal(self, number) }
    if target == Self.probeCommand { onProbeSignal(self) }
    for (leftover, group) in leftovers where isGroup ? group == target : leftover == target {
      onLeftoverSignal(self, number, leftover)
    }
  }

  func queue(_ number: Int32, value: Int32, to pid: pid_t) { note("\(Signal(number)) with \(value) to \(pid)") }

  func hasGroup(_ child: ChildProcess) -> Bool {
    child.leadsGroup && (runs || leftovers.values.contains(child.pid))
  }

  func group(of pid: pid_t) -> pid_t { leftovers[pid] ?? (runs && pid == program ? program : -1) }
  func descendants(but excluded: Set<pid_t>) -> [pid_t] { (runs ? [program] : []) + leftovers.keys.sorted() }
  func hasDescendant(_ pid: pid_t) -> Bool { runs && pid == program || leftovers[pid] != nil }

  func state(of pid: pid_t) -> TaskState? {
    guard hasDescendant(pid) else { return nil }
    return TaskState(letter: UInt8(ascii: isSuspended ? "T" : "S"), parent: 1, startTicks: 0)
  }

  func suffer(_ number: Int32) { note("suffers \(Signal(number))") }

  // MARK: What is told

  func ask(_ probe: Probe, run: Int) -> Bool {
    asked.append(elapsed)
    if let answer = onProbe(self) { answers.append((run, answer)) }
    return true
  }

  func post(_ beat: Beat) { posted.append(Posted(time: elapsed, beat: beat)) }
  func settleBeats(within seconds: Double) {}
  func finishBeats(within seconds: Double) -> Bool { true }
  func say(_ text: String) { said.append(text) }
  func drainLog(within seconds: Double) {}

  private func note(_ deed: String) { deeds.append(timed(deed)) }

  private func timed(_ text: String) -> String {
    let tenths = Int((elapsed * 10).rounded())
    return tenths.isMultiple(of: 10) ? "\(tenths / 10) \(text)" : "\(tenths / 10).\(tenths % 10) \(text)"
  }
}

/// Where a service manager would listen.
private final class ManagerSocket {
  let socket: NotifySocket

  init?() {
    guard let socket = try? NotifySocket() else { return nil }
    self.socket = socket
  }
}
