import Testing

@testable import HeartbeatTool

@Suite("Supervision")
struct SupervisionTests {
  @Test("reads what a program says by sd_notify")
  func notify() {
    let message = NotifyMessage(
      Array(
        "READY=1\nSTATUS=all \u{1B}[1m well\nWATCHDOG=1\nWATCHDOG_USEC=3000000\nMAINPID=42\nEXTEND_TIMEOUT_USEC=1500000\nX=y"
          .utf8))
    #expect(message.isReady && message.isWatchdogPing)
    #expect(!message.isStopping && !message.isReloading && !message.isWatchdogTrigger)
    #expect(message.status == "all [1m well")
    #expect(message.watchdogSeconds == 3)
    #expect(message.mainPID == 42)
    #expect(message.extensionSeconds == 1.5)
  }

  @Test(
    "a hostile message is no message",
    arguments: [
      "", "=", "\n\n\n", "READY", "READY=0", "MAINPID=-1", "MAINPID=99999999999999999999", "WATCHDOG_USEC=-5",
      "EXTEND_TIMEOUT_USEC=0", "EXTEND_TIMEOUT_USEC=99999999999999999999", "WATCHDOG=2",
      "\u{0}\u{0}=\u{0}",
    ])
  func hostile(text: String) {
    #expect(NotifyMessage(Array(text.utf8)) == NotifyMessage([]))
  }

  @Test("keeps no more of a status than it may")
  func longStatus() {
    let message = NotifyMessage(Array("STATUS=".utf8) + Array(repeating: UInt8(ascii: "x"), count: 100_000))
    #expect(message.status?.utf8.count == NotifyMessage.longestStatus)
  }

  @Test("without probe and watchdog it beats once an interval, and never hangs")
  func plain() {
    var liveness = Liveness(interval: 10, timeout: 30, hasProbe: false, startedAt: 100)
    let beats = stride(from: 100.0, to: 131, by: 1).filter { liveness.takeBeat(at: $0) }
    #expect(beats == [100, 110, 120, 130])
    #expect(!liveness.isStale(at: 1e9))
  }

  @Test("the first beat comes at once, the second after the part of an interval that the phase says")
  func phase() {
    var liveness = Liveness(interval: 10, timeout: 30, hasProbe: false, phase: 0.3, startedAt: 100)
    let beats = stride(from: 100.0, to: 125, by: 1).filter { liveness.takeBeat(at: $0) }
    #expect(beats == [100, 103, 113, 123])
  }

  @Test("a late wake-up shifts no later beat, and what it missed is not made up for")
  func lateWakeUps() {
    var liveness = Liveness(interval: 10, timeout: 30, hasProbe: false, startedAt: 0)
    let beats = [0.0, 14, 19, 20, 55, 59, 60].filter { liveness.takeBeat(at: $0) }
    #expect(beats == [0, 14, 20, 55, 60])
  }

  @Test(
    "chance makes a beat early, by a twentieth of the interval at most",
    arguments: [(0.0, 110.0), (0.5, 109.75), (1, 109.5)])
  func jitter(random: Double, next: Double) {
    var liveness = Liveness(interval: 10, timeout: 30, hasProbe: false, startedAt: 100)
    let isDue = liveness.takeBeat(at: 100, random: random)
    #expect(isDue && liveness.nextBeat(at: 100) == next)
  }

  @Test("a beat that comes early is the one that was due: there is one in each interval", arguments: [0.3, 0.9, 1])
  func oneEach(random: Double) {
    var liveness = Liveness(interval: 10, timeout: 30, hasProbe: false, startedAt: 0)
    let beats = (0..<10_000).map { Double($0) / 100 }.filter { liveness.takeBeat(at: $0, random: random) }
    #expect(beats.map { ($0 / 10).rounded(.up) } == Array(stride(from: 0.0, through: 10, by: 1)))
  }

  @Test("who is silent is waited for by nobody", arguments: [false, true])
  func silentWakesNobody(isTriggered: Bool) {
    var liveness = Liveness(interval: 10, timeout: 5, hasProbe: !isTriggered, startedAt: 0)
    liveness.probed(true, at: 0)
    let first = liveness.takeBeat(at: 0)
    if isTriggered { liveness.notified(NotifyMessage(Array("WATCHDOG=trigger".utf8)), at: 1) }
    // The probe neither answered again nor failed.
    #expect(first && liveness.isStale(at: 12) && liveness.nextBeat(at: 12) == .infinity)
    liveness.probed(true, at: 13)
    #expect((liveness.nextBeat(at: 13) == .infinity) == isTriggered)
  }

  @Test("names that are counted through are spread over the interval")
  func phases() {
    for pattern in [{ "worker-\($0)" }, { "w\($0)" }, { "\($0)-bot" }] as [(Int) -> String] {
      let tenths = Set((0..<200).map { Int(Liveness.phase(of: pattern($0)) * 10) })
      #expect(tenths == Set(0..<10))
    }
  }

  @Test("a suspended program does not beat, and what it could not say meanwhile is no silence")
  func suspended() {
    var liveness = Liveness(interval: 10, timeout: 30, hasProbe: true, startedAt: 0)
    liveness.probed(true, at: 0)
    let before = liveness.takeBeat(at: 0)
    liveness.suspended()
    let meanwhile = liveness.takeBeat(at: 20)
    #expect(before && !meanwhile && liveness.nextBeat(at: 20) == .infinity)
    #expect(liveness.isStale(at: 30))
    liveness.resumed(at: 100)
    #expect(!liveness.isStale(at: 129) && liveness.isStale(at: 130))
    let after = liveness.takeBeat(at: 100)
    #expect(after)
  }

  @Test("a first ping that is expected and does not come is a hang")
  func firstPing() {
    var liveness = Liveness(interval: 10, timeout: 30, hasProbe: false, startTimeout: 5, startedAt: 100)
    let early = liveness.takeBeat(at: 100)
    #expect(!early && liveness.isUnproven && !liveness.isStale(at: 104) && liveness.isStale(at: 105))
    liveness.notified(NotifyMessage(Array("EXTEND_TIMEOUT_USEC=8000000".utf8)), at: 104)
    #expect(!liveness.isStale(at: 111) && liveness.isStale(at: 112))
    liveness.notified(NotifyMessage(Array("WATCHDOG=1".utf8)), at: 110)
    let beat = liveness.takeBeat(at: 110)
    #expect(beat && !liveness.isUnproven && !liveness.isStale(at: 139) && liveness.isStale(at: 140))
  }

  @Test("what it promises of its beats follows what vouches for them")
  func promise() {
    var liveness = Liveness(interval: 10, timeout: 30, hasProbe: false, startedAt: 0)
    #expect(liveness.promisedInterval == 10)
    liveness.notified(NotifyMessage(Array("WATCHDOG=1".utf8)), at: 1)
    #expect(liveness.promisedInterval == 15)
    liveness.notified(NotifyMessage(Array("WATCHDOG_USEC=4000000".utf8)), at: 1)
    #expect(liveness.promisedInterval == 2)
    // It may switch a service manager's watchdog off, but not ours.
    liveness.notified(NotifyMessage(Array("WATCHDOG_USEC=0".utf8)), at: 1)
    #expect(liveness.promisedInterval == 2 && liveness.isStale(at: 5))
  }

  @Test("with a probe it beats only while that answers")
  func probe() {
    var liveness = Liveness(interval: 10, timeout: 30, hasProbe: true, startedAt: 0)
    let beat1 = liveness.takeBeat(at: 0)
    #expect(!beat1)
    #expect(liveness.nextProbe(after: 0) == 1)
    liveness.probed(true, at: 2)
    let beat2 = liveness.takeBeat(at: 2)
    #expect(beat2)
    #expect(liveness.nextProbe(after: 2) == 12)
    liveness.probed(false, at: 12)
    let beat3 = liveness.takeBeat(at: 12)
    #expect(!beat3)
    #expect(!liveness.isStale(at: 31.9))
    #expect(liveness.isStale(at: 32))
    liveness.probed(true, at: 40)
    #expect(!liveness.isStale(at: 40))
    let beat4 = liveness.takeBeat(at: 40)
    #expect(beat4)
  }

  @Test("a program that never answers its probe hangs after the timeout")
  func neverAnswers() {
    let liveness = Liveness(interval: 10, timeout: 30, hasProbe: true, startedAt: 5)
    #expect(!liveness.isStale(at: 34) && liveness.isStale(at: 35))
  }

  @Test("once a watchdog has spoken, the beats follow it")
  func watchdog() {
    var ping = NotifyMessage([])
    ping.isWatchdogPing = true
    var liveness = Liveness(interval: 10, timeout: 30, hasProbe: false, startedAt: 0)
    let beat5 = liveness.takeBeat(at: 0)
    #expect(beat5)
    liveness.notified(ping, at: 3)
    let beat6 = liveness.takeBeat(at: 3)
    #expect(beat6)
    let beat7 = liveness.takeBeat(at: 20)
    #expect(!beat7)
    #expect(liveness.isStale(at: 33))
    liveness.notified(ping, at: 34)
    let beat8 = liveness.takeBeat(at: 34)
    #expect(beat8)
    ping.watchdogSeconds = 2
    liveness.notified(ping, at: 40)
    #expect(liveness.isStale(at: 42))
  }

  @Test("a program that calls itself broken is")
  func trigger() {
    var liveness = Liveness(interval: 10, timeout: 30, hasProbe: false, startedAt: 0)
    liveness.notified(NotifyMessage(Array("WATCHDOG=trigger".utf8)), at: 1)
    #expect(liveness.isStale(at: 1))
    let beat9 = liveness.takeBeat(at: 1)
    #expect(!beat9)
  }

  @Test("behaviours survive the command line of the process that has them", arguments: Scenario.allCases)
  func behaviours(scenario: Scenario) {
    for index in 0..<6 {
      let behaviour = scenario.behaviour(of: index, timeout: 30)
      #expect(Behaviour(behaviour.text) == behaviour)
    }
  }

  @Test("the demo's first process is silent for longer than its timeout, then beats again")
  func demoHangs() {
    let behaviour = Scenario.demo.behaviour(of: 0, timeout: 30)
    let silent = stride(from: 0.0, to: 180, by: 5).filter { behaviour.action(after: $0) == .keepSilent }
    #expect((silent.last ?? 0) - (silent.first ?? 0) > 30)
    #expect(behaviour.action(after: 0) == .beat(ahead: 0) && behaviour.action(after: 150) == .beat(ahead: 0))
    #expect(Scenario.demo.behaviour(of: 1, timeout: 60) == .steady)
  }
}
