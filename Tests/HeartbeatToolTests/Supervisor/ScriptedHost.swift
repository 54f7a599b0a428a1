import Glibc
import Heartbeat
import POSIX
import Testing

@testable import HeartbeatTool

/// A host whose time passes only while the supervisor sleeps, and whose program does what the test says.
final class ScriptedHost: SupervisorHost {
  /// What was written of the program at a time.
  struct Beat {
    let time: Double
    let status: String
    let pid: Int32
    let data: JSONObject
  }

  /// What the supervisor did, each with its time: `start`, or the name of a signal that it sent.
  private(set) var deeds: [String] = []
  private(set) var beats: [Beat] = []
  private(set) var told: [String] = []
  /// Whether it was told that nothing of the program is left.
  private(set) var isOver = false

  /// Why the next starts fail, one after the other; nil for those that succeed.
  var startErrors: [Errno?] = []
  /// Whether programs lead a group of their own.
  var leadsGroup = true
  /// Whether something of the group stays when the program itself ends.
  var leavesBehind = false
  /// What the program does at its start; its number counts from 1.
  var onStart: (ScriptedHost, Int) -> Void = { _, _ in }
  /// What the program does when it gets a signal: it ends by any.
  var onSignal: (ScriptedHost, Int32) -> Void = { $0.end(.signalled($1)) }
  /// What does so that it left behind: it is gone at any.
  var onLeftoverSignal: (ScriptedHost, Int32) -> Void = { host, _ in host.leftoversEnd() }
  /// What the probe says when it is asked; nil for an answer that never comes.
  var onProbe: (ScriptedHost) -> Bool? = { _ in nil }
  /// Whether beats can be written.
  var canBeat = true

  private(set) var now = 1000.0
  private var starts = 0
  private var runs = false
  private var hasLeftovers = false
  private var script: [(time: Double, happens: () -> Void)] = []
  private var signals: [ReceivedSignal] = []
  private var ended: [(pid: Int32, status: ChildStatus)] = []
  private var messages: [NotifyMessage] = []
  private var answers: [(run: UInt8, isPositive: Bool)] = []

  /// Has something happen so many seconds from now.
  func after(_ seconds: Double, _ happens: @escaping () -> Void) {
    script.append((now + seconds, happens))
    script.sort { $0.time < $1.time }
  }

  /// Has something happen so many seconds after the beginning.
  func at(_ seconds: Double, _ happens: @escaping () -> Void) { after(1000 + seconds - now, happens) }

  // MARK: What happens

  func end(_ status: ChildStatus) {
    guard runs else { return }
    runs = false
    hasLeftovers = leavesBehind
    ended.append((100 + Int32(starts), status))
  }

  func endOther(_ pid: Int32) { ended.append((pid, .exited(9))) }
  func leftoversEnd() { hasLeftovers = false }
  func say(_ text: String) { messages.append(NotifyMessage(Array(text.utf8))) }
  func answerProbe(_ isPositive: Bool, run: UInt8) { answers.append((run, isPositive)) }

  func arrive(_ signal: Int32, fromTerminal: Bool = false) {
    signals.append(ReceivedSignal(number: signal, isFromTerminal: fromTerminal))
  }

  // MARK: SupervisorHost

  func start() throws(Errno) -> ChildProcess {
    note("start")
    if !startErrors.isEmpty, let error = startErrors.removeFirst() { throw error }
    starts += 1
    (runs, isOver) = (true, false)
    onStart(self, starts)
    return ChildProcess(pid: 100 + Int32(starts), leadsGroup: leadsGroup)
  }

  func signal(_ child: ChildProcess, _ number: Int32) {
    #expect(child.pid == 100 + Int32(starts))
    note(signalName(number))
    if runs { onSignal(self, number) } else if hasLeftovers { onLeftoverSignal(self, number) }
  }

  func hasGroup(_ child: ChildProcess) -> Bool { child.leadsGroup && (runs || hasLeftovers) }

  func everythingEnded() { isOver = true }

  func wait(seconds: Double) {
    guard signals.isEmpty, ended.isEmpty, messages.isEmpty, answers.isEmpty else { return }
    // Nothing more happens: the script is at fault, and the program ends it.
    if script.isEmpty, seconds > 1e6 || now > 1e6 {
      Issue.record("nothing ends the program; until then: \(deeds)")
      (runs, hasLeftovers) = (true, false)
      (leavesBehind, onSignal) = (false, { $0.end(.signalled($1)) })
      arrive(SIGTERM)
      return
    }
    let wakes = now + max(0, seconds)
    if let next = script.first?.time, next <= wakes {
      now = max(now, next)
      while let first = script.first, first.time <= now {
        script.removeFirst()
        first.happens()
      }
    } else {
      now = wakes
    }
  }

  func nextSignal() -> ReceivedSignal? { signals.isEmpty ? nil : signals.removeFirst() }
  func nextEnded() -> (pid: Int32, status: ChildStatus)? { ended.isEmpty ? nil : ended.removeFirst() }
  func nextProbeAnswer() -> (run: UInt8, isPositive: Bool)? { answers.isEmpty ? nil : answers.removeFirst() }

  func notifications() -> [NotifyMessage] {
    defer { messages = [] }
    return messages
  }

  func askProbe(run: UInt8) -> Bool {
    if let answer = onProbe(self) { answers.append((run, answer)) }
    return true
  }

  func beat(status: String, pid: Int32, data: JSONObject) -> Bool {
    if canBeat { beats.append(Beat(time: now - 1000, status: status, pid: pid, data: data)) }
    return canBeat
  }

  func tell(_ text: String) { told.append(text) }

  private func note(_ deed: String) {
    let tenths = ((now - 1000) * 10).rounded() / 10
    deeds.append(tenths == tenths.rounded() ? "\(Int(tenths)) \(deed)" : "\(tenths) \(deed)")
  }
}
