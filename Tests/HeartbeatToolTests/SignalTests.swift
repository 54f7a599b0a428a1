import Glibc
import Testing

@testable import HeartbeatTool

@Suite("Signals")
struct SignalTests {
  @Test(
    "a signal has a name in either case, with SIG or without, or a number",
    arguments: [
      ("TERM", SIGTERM), ("sigterm", SIGTERM), ("15", SIGTERM), ("SIGWINCH", SIGWINCH), ("RTMIN", 34),
      ("SIGRTMIN+3", 37),
      ("rtmax-1", 63), ("RTMAX", 64), ("64", 64), ("0", nil), ("65", nil), ("-1", nil), ("RTMIN+31", nil),
      ("RTMIN+-1", nil),
      ("RTMAX-99999999999", nil), ("RTMIN+2147483647", nil), ("RTMAX-2147483647", nil), ("SIG", nil), ("", nil),
      ("SIGFOO", nil),
    ] as [(String, Int32?)])
  func names(text: String, number: Int32?) {
    #expect(Signal(named: text)?.number == number)
  }

  @Test("every signal that there is can be told by its own name")
  func everyName() {
    for number in [Int32](1...31) + [Int32](34...64) {
      #expect(Signal(named: Signal(number).description) == Signal(number))
    }
    #expect(Signal(99).description == "signal 99")
  }

  @Test("all can be caught but those that the kernel and the C library keep")
  func catchable() {
    let numbers = Set(Signal.catchable.map(\.number))
    #expect(numbers == Set([Int32](1...31) + [Int32](34...64)).subtracting([SIGKILL, SIGSTOP]))
  }

  /// What becomes of each signal: without a terminal, from its terminal, and when the program is to end already.
  static let rows: [(signal: Int32, alone: SignalAction, terminal: SignalAction, stopping: SignalAction)] = [
    (SIGTERM, .end(SIGTERM), .end(SIGTERM), .end(SIGTERM)),
    (SIGINT, .end(SIGINT), .endWithoutWord, .kill),
    (SIGHUP, .handOn(SIGHUP), .noted(SIGHUP), .handOn(SIGHUP)),
    (SIGQUIT, .handOn(SIGQUIT), .noted(SIGQUIT), .handOn(SIGQUIT)),
    (SIGWINCH, .handOn(SIGWINCH), .noted(SIGWINCH), .handOn(SIGWINCH)),
    (SIGTSTP, .handOn(SIGTSTP), .noted(SIGTSTP), .handOn(SIGTSTP)),
    (SIGCONT, .handOn(SIGCONT), .resume, .handOn(SIGCONT)),
    (SIGCHLD, .nothing, .nothing, .nothing),
  ]

  @Test("each signal goes its way", arguments: rows.indices)
  func actions(index: Int) {
    let row = Self.rows[index]
    let alone = SignalRule()
    let shared = SignalRule(sharesTerminal: true)
    let leading = SignalRule(reloadSignal: SIGUSR2, sharesTerminal: true, leadsSession: true)
    let hangup = ReceivedSignal(number: SIGHUP, isFromTerminal: true)
    #expect(leading.action(for: hangup, isStopping: false, ownPID: 1) == .handOn(SIGHUP))
    let sent = ReceivedSignal(number: row.signal, sender: 7)
    let typed = ReceivedSignal(number: row.signal, isFromTerminal: true)
    #expect(alone.action(for: sent, isStopping: false, ownPID: 1) == row.alone)
    #expect(alone.action(for: typed, isStopping: false, ownPID: 1) == row.alone)
    #expect(shared.action(for: typed, isStopping: false, ownPID: 1) == row.terminal)
    #expect(alone.action(for: sent, isStopping: true, ownPID: 1) == row.stopping)
  }

  @Test("every other one that can be caught is handed on, from whomever it is", arguments: Signal.catchable)
  func others(signal: Signal) {
    guard ![SIGTERM, SIGINT, SIGCHLD].contains(signal.number) else { return }
    let action = SignalRule().action(
      for: ReceivedSignal(number: signal.number, sender: 7), isStopping: false, ownPID: 1)
    #expect(action == .handOn(signal.number))
  }

  @Test("a write of our own to a closed pipe is nobody's signal")
  func ownPipe() {
    let rule = SignalRule()
    #expect(rule.action(for: ReceivedSignal(number: SIGPIPE, sender: 5), isStopping: false, ownPID: 5) == .nothing)
    #expect(
      rule.action(for: ReceivedSignal(number: SIGPIPE, sender: 6), isStopping: false, ownPID: 5) == .handOn(SIGPIPE))
  }

  @Test("what means an end and a reload to the program is its own affair")
  func translated() {
    let rule = SignalRule(stopSignal: SIGQUIT, reloadSignal: SIGUSR2)
    let actions = [SIGTERM, SIGINT, SIGHUP, SIGQUIT].map {
      rule.action(for: ReceivedSignal(number: $0, sender: 7), isStopping: false, ownPID: 1)
    }
    #expect(actions == [.end(SIGQUIT), .end(SIGINT), .handOn(SIGUSR2), .handOn(SIGQUIT)])
  }
}
