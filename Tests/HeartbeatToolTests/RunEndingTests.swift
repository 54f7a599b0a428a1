import Glibc
import Heartbeat
import Testing

@testable import HeartbeatTool

@Suite("The end of a run")
struct RunEndingTests {
  @Test("the grace begins with the first request, and no further one changes it")
  func grace() {
    var grace = StopGrace(timeout: 10)
    #expect(!grace.isAsked && grace.killAt == nil)
    grace.ask(at: 100)
    grace.ask(at: 105)
    #expect(grace.isAsked && grace.killAt == 110)
    let kills = [109.0, 110, 111].map { grace.takeKill(at: $0) }
    #expect(kills == [false, true, false])
    grace.ask(at: 112)
    #expect(grace.killAt == nil)
  }

  @Test(
    "more time is what it asked for, and never less than it had",
    arguments: [(4.0, 104.0, 110.0), (30, 104, 134), (6, 104, 110)])
  func extended(more: Double, at now: Double, expected: Double) {
    var grace = StopGrace(timeout: 10)
    grace.extend(by: 1000, at: 99)
    grace.ask(at: 100)
    grace.extend(by: more, at: now)
    #expect(grace.killAt == expected)
  }

  @Test("what it asks for when it stops by itself holds for the request that follows, but for no time that was longer")
  func promised() {
    for (more, expected) in [(30.0, 129.0), (4, 110)] {
      var grace = StopGrace(timeout: 10)
      grace.extend(by: more, at: 99, stopsByItself: true)
      #expect(grace.killAt == nil && grace.until == 99 + more)
      grace.ask(at: 100)
      #expect(grace.killAt == expected && grace.until == expected)
      grace.hurry()
      grace.extend(by: 100, at: 101, stopsByItself: true)
      #expect(grace.killAt == nil && grace.until == nil)
    }
  }

  @Test("what is left behind has as long as its program had, and as it asks for itself")
  func longSweep() {
    var sweep = Sweep()
    sweep.extend(by: 100, at: 0)
    var steps = [0.0, 9].map { sweep.step(at: $0, until: 10) }
    #expect(steps == [.ask, .wait] && sweep.nextLook == 9.5)
    sweep.extend(by: 3, at: 9)
    sweep.extend(by: 1, at: 9)
    steps = [11.9, 12].map { sweep.step(at: $0, until: 10) }
    #expect(steps == [.wait, .kill])
    sweep.extend(by: 100, at: 12)
    #expect(sweep.step(at: 17, until: 10) == .giveUp)
  }

  @Test("what is left behind is asked, killed, and in the end given up")
  func sweep() {
    var sweep = Sweep()
    let steps = [0.0, 0.1, 1.9, 2, 3, 6.9, 7].map { sweep.step(at: $0) }
    #expect(steps == [.ask, .wait, .wait, .kill, .kill, .kill, .giveUp])
    var hurried = Sweep()
    let first = hurried.step(at: 0)
    hurried.hurry(at: 0.5)
    let second = hurried.step(at: 0.5)
    #expect(first == .ask && second == .kill)
  }

  @Test(
    "an end tells its exit status and its signal",
    arguments: [
      (ChildStatus.exited(0), 0, nil), (.exited(3), 3, nil), (.signalled(9), 137, 9), (.signalled(34), 162, 34),
    ] as [(ChildStatus, Int64, Int64?)])
  func ends(status: ChildStatus, code: Int64, signal: Int64?) {
    let data = report(.failed, lastEnd: status).data
    #expect(data["last_exit_code"]?.integerValue == code)
    #expect(data["last_exit_signal"]?.integerValue == signal)
  }

  @Test("what is not known is not told")
  func unknown() {
    #expect(report(.starting).data.members.map(\.key) == ["restarts_total"])
  }

  @Test("the beat has the word, the program, the time of the sign of life and the interval")
  func beat() {
    var report = report(.restarting, lastEnd: .exited(1))
    report.nextRestart = 1234.5678
    report.uptimeSeconds = 1.23456
    report.statusText = "grinding"
    report.isReady = true
    let beat = report.beat("mill", time: 1200)
    #expect(
      beat.name == "mill" && beat.status == "restarting" && beat.pid == 42 && beat.time == 1200
        && beat.interval == .seconds(30))
    #expect(
      beat.additionalData
        == [
          "restarts_total": 2, "uptime_seconds": 1.235, "last_exit_code": 1, "next_restart": 1234.568, "ready": true,
          "status_text": "grinding",
        ])
  }

  private func report(_ word: RunWord, lastEnd: ChildStatus? = nil) -> RunReport {
    RunReport(word: word, pid: 42, restarts: lastEnd == nil ? 0 : 2, lastEnd: lastEnd, interval: 30)
  }
}
