import Glibc
import Heartbeat
import POSIX
import Testing

@testable import HeartbeatTool

@Suite("The supervisor")
struct SupervisorTests {
  private let host = ScriptedHost()

  /// Runs a program to its end, and gives the exit status.
  private func supervise(_ change: (inout SupervisorOptions) -> Void = { _ in }) -> Int32 {
    var options = SupervisorOptions(name: "web", command: ["serve"], file: "/nonexistent")
    change(&options)
    var supervisor = Supervisor(options, on: host)
    return supervisor.supervise()
  }

  // MARK: The end

  @Test(
    "ends as its program does",
    arguments: [(.exited(0), 0), (.exited(7), 7), (.signalled(SIGSEGV), 139)] as [(ChildStatus, Int32)])
  func status(status: ChildStatus, code: Int32) {
    host.at(5) { [host] in host.end(status) }
    #expect(supervise() == code)
    #expect(host.deeds == ["0 start"] && host.isOver)
    #expect(host.told == (code == 0 ? [] : ["web: \(status)"]))
  }

  @Test(
    "a program that cannot be run gives 127 when there is none, else 126",
    arguments: [(ENOENT, 127), (EACCES, 126)] as [(Int32, Int32)])
  func cannotStart(error: Int32, code: Int32) {
    host.startErrors = [Errno(error)]
    #expect(supervise { $0.policy.mode = .always } == code)
    #expect(host.told.first?.hasPrefix("cannot run serve: ") == true)
    #expect(host.beats.isEmpty)
  }

  @Test("another child that ends is not the program")
  func otherChild() {
    host.at(1) { [host] in host.endOther(999) }
    host.at(5) { [host] in host.end(.exited(0)) }
    #expect(supervise() == 0)
    #expect(host.now >= 1005)
  }

  // MARK: Signals

  @Test("hands signals on, and ends by SIGTERM without a restart")
  func handsOn() {
    host.onSignal = { host, number in
      if number == SIGTERM { host.after(3) { host.end(.exited(0)) } }
    }
    host.at(1) { [host] in host.arrive(SIGUSR1) }
    host.at(2) { [host] in host.arrive(SIGHUP) }
    host.at(3) { [host] in host.arrive(SIGTERM) }
    #expect(supervise { $0.policy.mode = .always } == 0)
    #expect(host.deeds == ["0 start", "1 SIGUSR1", "2 SIGHUP", "3 SIGTERM"])
  }

  @Test("a program that does not end in time is killed, once")
  func stubborn() {
    host.onSignal = { host, number in
      if number == SIGKILL { host.after(4) { host.end(.signalled(SIGKILL)) } }
    }
    host.at(3) { [host] in host.arrive(SIGTERM) }
    #expect(supervise { $0.stopTimeout = 8 } == 137)
    #expect(host.deeds == ["0 start", "3 SIGTERM", "11 SIGKILL"])
    #expect(host.told == ["web: did not end within 8s, killing it"])
  }

  @Test("a second SIGINT kills at once; a first one behind SIGTERM too")
  func impatient() {
    host.onSignal = { host, number in
      if number == SIGKILL { host.end(.signalled(SIGKILL)) }
    }
    host.at(1) { [host] in host.arrive(SIGTERM) }
    host.at(2) { [host] in host.arrive(SIGTERM) }
    host.at(3) { [host] in host.arrive(SIGINT) }
    #expect(supervise() == 137)
    #expect(host.deeds == ["0 start", "1 SIGTERM", "2 SIGTERM", "3 SIGKILL"])
  }

  @Test("what the terminal sends to its whole group is not sent twice", arguments: [true, false])
  func terminal(leadsGroup: Bool) {
    host.leadsGroup = leadsGroup
    host.onSignal = { host, number in
      if number == SIGUSR1 { host.end(.exited(4)) }
    }
    host.at(1) { [host] in host.arrive(SIGINT, fromTerminal: true) }
    host.at(2) { [host] in host.arrive(SIGUSR1) }
    #expect(supervise() == 4)
    #expect(host.deeds == ["0 start"] + (leadsGroup ? ["1 SIGINT"] : []) + ["2 SIGUSR1"])
  }

  @Test("a program that a handed-on signal ended is not started again")
  func endedBySignal() {
    host.at(1) { [host] in host.arrive(SIGHUP) }
    #expect(supervise { $0.policy.mode = .always } == 129)
    #expect(host.deeds == ["0 start", "1 SIGHUP"])
  }

  // MARK: What is left behind

  @Test("what the program leaves in its group is asked to end, and waited for")
  func leftovers() {
    host.leavesBehind = true
    host.onLeftoverSignal = { host, number in
      if number == SIGTERM { host.after(1) { host.leftoversEnd() } }
    }
    host.at(5) { [host] in host.end(.exited(3)) }
    #expect(supervise() == 3)
    #expect(host.deeds == ["0 start", "5 SIGTERM"])
    #expect(host.now >= 1006 && host.isOver)
  }

  @Test("what does not end at that is killed after its time, before anything is started again")
  func stubbornLeftovers() {
    host.leavesBehind = true
    host.onLeftoverSignal = { host, number in
      if number == SIGKILL { host.leftoversEnd() }
    }
    host.onStart = { host, number in host.after(5) { host.end(.exited(number == 1 ? 3 : 0)) } }
    #expect(supervise { $0.policy.mode = .onFailure } == 0)
    #expect(
      host.deeds == ["0 start", "5 SIGTERM", "7 SIGKILL", "8.1 start", "13.1 SIGTERM", "15.1 SIGKILL"])
  }

  @Test("without a group of its own nothing is left to end")
  func noGroup() {
    (host.leadsGroup, host.leavesBehind) = (false, true)
    host.at(5) { [host] in host.end(.exited(3)) }
    #expect(supervise() == 3)
    #expect(host.deeds == ["0 start"])
  }

  // MARK: Restarts

  @Test("a program that fails is started again, each time later, and given up in the end")
  func restarts() {
    host.onStart = { host, _ in host.after(1) { host.end(.exited(5)) } }
    #expect(supervise { $0.policy = RestartPolicy(mode: .onFailure, limit: 3) } == 5)
    #expect(host.deeds == ["0 start", "2 start", "5 start", "10 start"])
    #expect(host.told.last == "web: exited with status 5; gave up after 3 restarts in a row")
    #expect(host.told.first == "web: exited with status 5 after 1s, restarting in 1s")
  }

  @Test("one that could not be started again counts as one that failed")
  func restartFails() {
    host.onStart = { host, number in host.after(1) { host.end(.exited(number == 1 ? 5 : 0)) } }
    host.startErrors = [nil, Errno(ENOENT), nil]
    #expect(supervise { $0.policy.mode = .onFailure } == 0)
    #expect(host.deeds == ["0 start", "2 start", "4 start"])
    #expect(host.told.contains { $0.hasPrefix("web: cannot be started: ") })
  }

  @Test("one that is always started again and ends well is given up as a failure")
  func giveUpSuccess() {
    host.onStart = { host, _ in host.after(1) { host.end(.exited(0)) } }
    #expect(supervise { $0.policy = RestartPolicy(mode: .always, limit: 1) } == 1)
  }

  @Test("between two runs SIGTERM ends all, and other signals have nobody to go to")
  func betweenRuns() {
    host.onStart = { host, _ in host.after(1) { host.end(.exited(5)) } }
    host.at(1.5) { [host] in host.arrive(SIGUSR1) }
    host.at(1.6) { [host] in host.arrive(SIGTERM) }
    #expect(supervise { $0.policy.mode = .always } == 143)
    #expect(host.deeds == ["0 start"])
  }

  // MARK: Beats

  @Test("beats at once and then once an interval, with what it knows of the program")
  func beats() throws {
    host.onStart = { host, number in host.after(25) { host.end(.exited(number == 1 ? 5 : 0)) } }
    #expect(supervise { ($0.interval, $0.policy.mode) = (10, .onFailure) } == 0)
    #expect(host.beats.map(\.time) == [0, 10, 20, 26, 36, 46])
    #expect(host.beats.map(\.pid) == [101, 101, 101, 102, 102, 102])
    #expect(host.beats.allSatisfy { $0.status == "alive" })
    #expect(host.beats[1].data == ["uptime_seconds": 10.0, "restarts_total": 0])
    #expect(host.beats[4].data == ["uptime_seconds": 10.0, "restarts_total": 1, "last_exit_code": 5])
  }

  @Test("a beat that could not be written is tried again soon")
  func beatFails() {
    host.canBeat = false
    host.at(2.5) { [host] in host.canBeat = true }
    host.at(20) { [host] in host.end(.exited(0)) }
    #expect(supervise { $0.interval = 10 } == 0)
    #expect(host.beats.map(\.time) == [3, 13])
  }

  @Test("beats say what the program says of itself")
  func notifications() {
    for (time, text) in [
      (1.0, "RELOADING=1"), (11, "READY=1\nSTATUS=well"), (21, "MAINPID=77\nSTATUS="), (31, "STOPPING=1"),
    ] { host.at(time) { [host] in host.say(text) } }
    host.at(45) { [host] in host.end(.exited(0)) }
    #expect(supervise { $0.interval = 10 } == 0)
    #expect(host.beats.map(\.status) == ["alive", "reloading", "alive", "alive", "stopping"])
    #expect(host.beats.map(\.pid) == [101, 101, 101, 77, 77])
    #expect(host.beats.map { $0.data["status_text"] } == [nil, nil, "well", nil, nil])
  }

  // MARK: Hanging

  @Test("beats only while the probe answers; a program that falls silent is told of once, and when it is back")
  func probe() {
    host.onProbe = { host in !(25..<70).contains(host.now - 1000) }
    host.at(95) { [host] in host.end(.exited(0)) }
    #expect(supervise { ($0.interval, $0.timeout, $0.probe) = (10, 30, Self.anyProbe) } == 0)
    // At 30 it is asked, and beats by the answer before.
    #expect(host.beats.map(\.time) == [0, 10, 20, 30, 70, 80, 90])
    #expect(host.told == ["web: hangs: no answer in time", "web: is back"])
    #expect(host.deeds == ["0 start"])
  }

  @Test("ends a program that hangs where that is wished, kills it if need be, and starts it again")
  func restartStale() {
    host.onProbe = { host in host.now < 1025 || host.now >= 1060 }
    host.onSignal = { host, number in
      if number == SIGKILL { host.end(.signalled(SIGKILL)) }
    }
    host.at(75) { [host] in host.end(.exited(0)) }
    let code = supervise { options in
      (options.interval, options.timeout, options.probe) = (10, 30, Self.anyProbe)
      (options.onStale, options.stopTimeout) = (.restart, 5)
    }
    #expect(code == 0)
    #expect(host.deeds == ["0 start", "50 SIGTERM", "55 SIGKILL", "56 start"])
    #expect(host.told.first == "web: hangs: no answer in time, ending it")
  }

  @Test("one that is to stop anyway is not ended for hanging")
  func staleWhileStopping() {
    host.onProbe = { host in host.now < 1001 }
    host.onSignal = { host, number in
      if number == SIGTERM { host.after(60) { host.end(.exited(0)) } }
    }
    host.at(5) { [host] in host.arrive(SIGTERM) }
    let code = supervise { options in
      (options.interval, options.timeout, options.probe) = (10, 30, Self.anyProbe)
      (options.onStale, options.stopTimeout) = (.restart, 1000)
    }
    #expect(code == 0)
    #expect(host.deeds == ["0 start", "5 SIGTERM"])
  }

  @Test("an answer of the probe to an earlier run says nothing of this one")
  func lateAnswer() {
    host.onStart = { host, number in
      if number == 1 { host.after(1) { host.end(.exited(5)) } }
    }
    host.at(3) { [host] in host.answerProbe(true, run: 1) }
    host.at(10) { [host] in host.answerProbe(true, run: 2) }
    host.at(11) { [host] in host.end(.exited(0)) }
    #expect(supervise { ($0.policy.mode, $0.probe) = (.onFailure, Self.anyProbe) } == 0)
    #expect(host.beats.map(\.time) == [10])
  }

  private static let anyProbe = Endpoint("tcp://127.0.0.1:1").map { Probe(endpoint: $0) }
}
