import Glibc
import Heartbeat
import POSIX
import Testing

@testable import HeartbeatTool

@Suite("The supervisor's decisions")
struct SupervisorTests {
  private let host = ScriptedHost()

  /// Runs a program to its end, and tells how the supervisor ends.
  private func supervise(
    on host: ScriptedHost? = nil, _ change: (inout SupervisorOptions) -> Void = { _ in }
  ) throws -> SupervisorEnd {
    var options = SupervisorOptions(name: "web", command: [Array("serve".utf8)], file: "/nonexistent")
    options.policy.jitter = 0
    change(&options)
    var supervisor = try Supervisor(options, on: host ?? self.host)
    return supervisor.supervise()
  }

  // MARK: The end

  @Test(
    "ends as its program does",
    arguments: [
      (.exited(0), .exit(0)), (.exited(7), .exit(7)), (.signalled(SIGSEGV), .exit(139)),
      (.signalled(SIGINT), .interrupted),
    ] as [(ChildStatus, SupervisorEnd)])
  func ends(status: ChildStatus, end: SupervisorEnd) throws {
    host.at(5) { $0.end(status) }
    #expect(try supervise() == end)
    #expect(host.deeds == ["0 start"])
    #expect(host.said == (status.isSuccess ? [] : ["web: \(status)"]))
    #expect(host.posted.last?.beat.status == (status.isSuccess ? "stopped" : "failed"))
  }

  @Test(
    "a program that cannot be run is told, and has failed: what was alive before is so no more",
    arguments: [127, 126] as [Int32])
  func cannotStart(code: Int32) throws {
    host.startFailures = [StartFailure(stage: "", error: Errno(ENOENT), exitCode: code)]
    #expect(try supervise { $0.policy.mode = .always } == .exit(code))
    #expect(host.said.count == 1 && host.said[0].hasPrefix("cannot run serve: "))
    #expect(host.posted.map(\.beat.status) == ["failed"])
    let beat = try #require(host.posted.last?.beat)
    #expect(beat.pid == nil && beat.additionalData == ["restarts_total": 0, "last_exit_code": .integer(Int64(code))])
  }

  @Test("another child that ends is not the program")
  func otherChild() throws {
    host.at(1) { $0.endOther(999) }
    host.at(5) { $0.end(.exited(0)) }
    #expect(try supervise() == .exit(0))
    #expect(host.elapsed == 5)
  }

  // MARK: Signals

  @Test("hands signals on, and ends by SIGTERM without a restart")
  func handsOn() throws {
    host.onSignal = { host, number in
      if number == SIGTERM { host.after(3) { $0.end(.exited(0)) } }
    }
    host.at(1) { $0.arrive(SIGUSR1) }
    host.at(2) { $0.arrive(SIGHUP) }
    host.at(3) { $0.arrive(SIGTERM) }
    #expect(
      try supervise { ($0.policy.mode, $0.reloadSignal) = (.always, SIGUSR2) } == .exit(0))
    #expect(
      host.deeds == [
        "0 start", "1 SIGUSR1 to 101", "2 SIGUSR2 to 101", "3 SIGTERM to group 101",
        "3 SIGCONT to group 101",
      ])
  }

  @Test("a program that does not end in time is killed, once")
  func stubborn() throws {
    host.onSignal = { host, number in
      if number == SIGKILL { host.after(4) { $0.end(.signalled(SIGKILL)) } }
    }
    host.at(3) { $0.arrive(SIGTERM) }
    #expect(try supervise { $0.stopTimeout = 8 } == .exit(137))
    #expect(
      host.deeds == [
        "0 start", "3 SIGTERM to group 101", "3 SIGCONT to group 101", "11 SIGKILL to group 101",
      ])
  }

  @Test("a SIGINT after any request to end kills at once, a second SIGTERM does not")
  func impatient() throws {
    host.onSignal = { host, number in
      if number == SIGKILL { host.end(.signalled(SIGKILL)) }
    }
    host.at(1) { $0.arrive(SIGTERM) }
    host.at(2) { $0.arrive(SIGTERM) }
    host.at(3) { $0.arrive(SIGINT) }
    #expect(try supervise { $0.stopTimeout = 3600 } == .exit(137))
    #expect(host.deeds.last == "3 SIGKILL to group 101")
    #expect(host.deeds.count { $0.contains("SIGKILL") } == 1 && host.elapsed == 3)
  }

  @Test("what the terminal sends to its whole group is not sent twice", arguments: [true, false])
  func terminal(sharesTerminal: Bool) throws {
    host.sharesTerminal = sharesTerminal
    host.onSignal = { host, number in
      if number == SIGUSR1 { host.end(.exited(4)) }
    }
    host.at(1) { $0.arrive(SIGINT, fromTerminal: true) }
    host.at(2) { $0.arrive(SIGUSR1) }
    #expect(try supervise() == .exit(4))
    #expect(
      host.deeds
        == (sharesTerminal
          ? ["0 start", "2 SIGUSR1 to 101"]
          : ["0 start", "1 SIGINT to group 101", "1 SIGCONT to group 101", "2 SIGUSR1 to 101"]))
  }

  @Test(
    "a program that a handed-on signal ended soon is not started again, one that it ended long after is",
    arguments: [(9.0, 1), (11, 2)])
  func endedBySignal(later: Double, starts: Int) throws {
    host.onSignal = { host, number in
      if number == SIGUSR1 { host.after(later) { $0.end(.signalled(SIGUSR1)) } }
    }
    host.onStart = { host, number in
      if number == 2 { host.after(1) { $0.end(.exited(0)) } }
    }
    host.at(1) { $0.arrive(SIGUSR1) }
    let end = try supervise { $0.policy.mode = .onFailure }
    #expect(end == .exit(starts == 1 ? 128 + SIGUSR1 : 0))
    #expect(host.deeds.count { $0.hasSuffix("start") } == starts)
  }

  // MARK: What is left behind

  @Test("what the program leaves behind is asked to end, and waited for", arguments: [true, false])
  func leftovers(inGroup: Bool) throws {
    host.onLeftoverSignal = { host, number, pid in
      if number == SIGTERM { host.after(1) { $0.endLeftover(pid) } }
    }
    host.at(4) { $0.leave(inGroup: inGroup) }
    host.at(5) { $0.end(.exited(3)) }
    #expect(try supervise() == .exit(3))
    let group = inGroup ? ["5 SIGTERM to group 101"] : []
    #expect(host.deeds.filter { $0.contains("SIGTERM") } == group + ["5 SIGTERM to 900"])
    #expect(host.deeds.contains("5 SIGCONT to 900") && !host.deeds.contains { $0.contains("SIGKILL") })
    #expect(host.elapsed >= 6 && host.leftovers.isEmpty)
  }

  @Test("what does not end at that is killed after its time, before anything is started again")
  func stubbornLeftovers() throws {
    host.onLeftoverSignal = { host, number, pid in
      if number == SIGKILL { host.endLeftover(pid) }
    }
    host.onStart = { host, number in
      #expect(host.leftovers.isEmpty)
      host.leave(inGroup: false)
      host.after(5) { $0.end(.exited(number == 1 ? 3 : 0)) }
    }
    #expect(try supervise { $0.policy.mode = .onFailure } == .exit(0))
    #expect(host.leftovers.isEmpty)
    let kills = host.deeds.filter { $0.contains("SIGKILL") }
    #expect(kills.count == 2 && kills[0] == "7 SIGKILL to 900" && kills[1].hasSuffix("SIGKILL to 901"))
  }

  @Test("what forks while it is killed is killed until nothing is left")
  func forking() throws {
    var forks = 30
    host.onLeftoverSignal = { host, number, pid in
      guard number == SIGKILL else { return }
      host.endLeftover(pid)
      forks -= 1
      if forks > 0 { host.leave(inGroup: false) }
    }
    host.at(1) { $0.leave(inGroup: false) }
    host.at(5) { $0.end(.exited(3)) }
    #expect(try supervise() == .exit(3))
    #expect(host.leftovers.isEmpty && forks == 0)
    // In one go: there is no pause in which it could fork again.
    #expect(Set(host.deeds.filter { $0.contains("SIGKILL") }.map { $0.prefix { $0 != " " } }) == ["7"])
  }

  @Test("what cannot be ended is told and does not keep the supervisor")
  func immortal() throws {
    host.onLeftoverSignal = { _, _, _ in }
    host.at(1) { $0.leave(inGroup: false) }
    host.at(5) { $0.end(.exited(3)) }
    #expect(try supervise() == .exit(3))
    #expect(host.said.contains("web: what it left behind cannot be ended: 900"))
    #expect((12...12.1).contains(host.elapsed))
  }

  @Test("what was asked to end with the program has the same time, and is not asked a second time")
  func drainingWorker() throws {
    host.onLeftoverSignal = { host, number, pid in
      if number == SIGTERM { host.after(6) { $0.endLeftover(pid) } }
    }
    host.at(1) { $0.leave() }
    host.at(2) { $0.arrive(SIGTERM) }
    #expect(try supervise { $0.stopTimeout = 20 } == .exit(128 + SIGTERM))
    #expect(host.deeds.filter { $0.contains("SIGTERM") || $0.contains("SIGKILL") } == ["2 SIGTERM to group 101"])
    #expect((8...8.6).contains(host.elapsed))
  }

  @Test("what the end of the program was the first to ask has what is left of that time, and 2 seconds at least")
  func drainingSession() throws {
    for (timeout, killed) in [(20.0, "22"), (1, "4")] {
      let host = ScriptedHost()
      host.onLeftoverSignal = { host, number, pid in
        if number == SIGKILL { host.endLeftover(pid) }
      }
      host.at(1) { $0.leave(inGroup: false) }
      host.at(2) { $0.arrive(SIGTERM) }
      #expect(try supervise(on: host) { $0.stopTimeout = timeout } == .exit(128 + SIGTERM))
      #expect(
        host.deeds.filter { $0.contains("SIGTERM") || $0.contains("SIGKILL") }
          == ["2 SIGTERM to group 101", "2 SIGTERM to 900", "\(killed) SIGKILL to 900"])
    }
  }

  @Test("what drains behind its program may ask for more time, and a second request hurries it")
  func drainingLonger() throws {
    for isHurried in [false, true] {
      let host = ScriptedHost()
      host.onLeftoverSignal = { host, number, pid in
        if number == SIGKILL { host.endLeftover(pid) }
      }
      host.at(1) { $0.leave() }
      host.at(2) { $0.arrive(SIGTERM) }
      host.at(4) { $0.notify("EXTEND_TIMEOUT_USEC=10000000") }
      host.at(6) { if isHurried { $0.arrive(SIGINT) } }
      host.at(13) { $0.endLeftover(900) }
      #expect(try supervise(on: host) { $0.stopTimeout = 3 } == .exit(128 + SIGTERM))
      #expect(host.deeds.first { $0.contains("SIGKILL") } == (isHurried ? "6 SIGKILL to group 101" : nil))
      #expect((isHurried ? 6...6.6 : 13...13.6).contains(host.elapsed))
    }
  }

  @Test(
    "more time to end that it asked for when it began to stop by itself holds when somebody asks it to",
    arguments: [("STOPPING=1\nEXTEND_TIMEOUT_USEC=10000000", 0), ("EXTEND_TIMEOUT_USEC=10000000", 137)])
  func stopsByItself(said: String, code: Int32) throws {
    host.onSignal = { if $1 == SIGKILL { $0.end(.signalled(SIGKILL)) } }
    host.at(1) { $0.notify(said) }
    host.at(2) { $0.arrive(SIGTERM) }
    host.at(9) { $0.end(.exited(0)) }
    #expect(try supervise { $0.stopTimeout = 1 } == .exit(code))
    #expect((code == 0 ? 9...9.1 : 3...3.1).contains(host.elapsed))
  }

  @Test("a SIGINT while it waits for what was left behind kills that at once")
  func impatientLeftovers() throws {
    host.onLeftoverSignal = { host, number, pid in
      if number == SIGKILL { host.endLeftover(pid) }
    }
    host.at(1) { $0.leave(inGroup: false) }
    host.at(2) { $0.arrive(SIGTERM) }
    host.at(3) { $0.arrive(SIGINT) }
    #expect(try supervise() == .exit(128 + SIGTERM))
    #expect(host.deeds.last == "3 SIGKILL to 900")
  }

  @Test("how long a run took does not count the end of what it left behind", arguments: [false, true])
  func duration(isJob: Bool) throws {
    host.onLeftoverSignal = { host, number, pid in
      if number == SIGKILL { host.endLeftover(pid) }
    }
    host.at(1) { $0.leave(inGroup: false) }
    host.at(5) { $0.end(.exited(0)) }
    #expect(try supervise { $0.isJob = isJob } == .exit(0))
    #expect((7...7.2).contains(host.elapsed))
    let beat = try #require(host.posted.last?.beat)
    if isJob {
      let event = try #require(beat.jobEvents.last)
      #expect(event.durationSeconds == 5)
      let (told, ended) = (try #require(beat.time), try #require(event.time))
      #expect((1.9...2.3).contains(told - ended))
    } else {
      #expect(beat.additionalData?["uptime_seconds"]?.doubleValue == 5)
    }
  }

  @Test("a run is stable, or ended by a signal, by its own end and not by that of what it left behind")
  func stableAfter() throws {
    host.onLeftoverSignal = { host, number, pid in
      if number == SIGKILL { host.endLeftover(pid) }
    }
    host.onStart = { host, number in
      if number < 3 { host.after(1) { $0.leave(inGroup: false) } }
      host.after(9) { $0.end(.exited(number < 3 ? 5 : 0)) }
    }
    let end = try supervise {
      $0.policy = RestartPolicy(mode: .onFailure, firstDelay: 1, jitter: 0, stableAfter: 10)
    }
    #expect(end == .exit(0))
    #expect(host.said.first == "web: exited with status 5 after 9s, restarting in 1s (restart 1)")
    #expect(host.said.last == "web: exited with status 5 after 9s, restarting in 2s (restart 2)")
  }

  // MARK: Restarts

  @Test("a program that fails is started again, each time later, and given up in the end")
  func restarts() throws {
    host.onStart = { host, _ in host.after(1) { $0.end(.exited(5)) } }
    let end = try supervise {
      $0.policy = RestartPolicy(mode: .onFailure, firstDelay: 1, jitter: 0, limit: RestartLimit(count: 3))
    }
    #expect(end == .exit(5))
    #expect(host.deeds == ["0 start", "2 start", "5 start", "10 start"])
    #expect(host.said.first == "web: exited with status 5 after 1s, restarting in 1s (restart 1)")
    #expect(host.said.last?.contains("gave up") == true)
    #expect(
      host.posted.map(\.beat.status) == [
        "alive", "restarting", "alive", "restarting", "alive", "restarting", "alive", "failed",
      ])
  }

  @Test("one that could not be started again counts as one that failed")
  func restartFails() throws {
    host.onStart = { host, number in host.after(1) { $0.end(.exited(number == 1 ? 5 : 0)) } }
    host.startFailures = [nil, StartFailure(stage: "", error: Errno(ENOENT), exitCode: 127), nil]
    let end = try supervise { $0.policy = RestartPolicy(mode: .onFailure, firstDelay: 1, jitter: 0) }
    #expect(end == .exit(0))
    #expect(host.deeds == ["0 start", "2 start", "4 start"])
    #expect(host.said.contains { $0.hasPrefix("web: cannot be started: ") })
  }

  @Test("one that is always started again and ends well is given up as a failure")
  func giveUpSuccess() throws {
    host.onStart = { host, _ in host.after(1) { $0.end(.exited(0)) } }
    #expect(try supervise { $0.policy = RestartPolicy(mode: .always, limit: RestartLimit(count: 1)) } == .exit(1))
  }

  @Test(
    "between two runs a terminal that closes ends all; a word to read the configuration anew has nobody to go to",
    arguments: [
      (false, true, SIGHUP, true), (true, true, SIGHUP, true), (true, false, SIGHUP, true),
      (false, false, SIGHUP, false),
      (true, false, SIGHUP, false), (true, true, SIGQUIT, false), (true, true, SIGWINCH, false),
    ] as [(Bool, Bool, Int32, Bool)])
  func terminalBetweenRuns(sharesTerminal: Bool, isFromTerminal: Bool, number: Int32, reloads: Bool) throws {
    host.sharesTerminal = sharesTerminal
    host.onStart = { host, number in host.after(1) { $0.end(.exited(number == 1 ? 5 : 0)) } }
    host.at(1.5) { $0.arrive(number, fromTerminal: isFromTerminal) }
    let end = try supervise {
      $0.policy = RestartPolicy(mode: .onFailure, firstDelay: 1, jitter: 0)
      // A shell hands a terminal's end on to its jobs.
      if number == SIGHUP, reloads, !isFromTerminal { $0.reloadSignal = SIGUSR1 }
    }
    let endsAll = number == SIGQUIT || number == SIGHUP && (isFromTerminal || sharesTerminal && !reloads)
    #expect(end == .exit(endsAll ? 128 + number : 0))
    #expect(host.deeds == (endsAll ? ["0 start"] : ["0 start", "2 start"]))
  }

  @Test(
    "between two runs a request to end ends all, and other signals have nobody to go to",
    arguments: [
      (SIGTERM, .exit(143)), (SIGINT, .interrupted), (SIGQUIT, .exit(131)), (SIGABRT, .exit(134)),
      (SIGALRM, .exit(142)),
    ] as [(Int32, SupervisorEnd)])
  func betweenRuns(number: Int32, end: SupervisorEnd) throws {
    host.onStart = { host, _ in host.after(1) { $0.end(.exited(5)) } }
    host.at(1.5) { $0.arrive(SIGUSR1) }
    host.at(1.6) { $0.arrive(number) }
    #expect(try supervise { $0.policy = RestartPolicy(mode: .always, firstDelay: 1, jitter: 0) } == end)
    #expect(host.deeds == ["0 start"])
  }

  @Test("between two runs Ctrl-Z suspends it as it does the rest of its job", arguments: [true, false])
  func suspendedBetweenRuns(sharesTerminal: Bool) throws {
    host.sharesTerminal = sharesTerminal
    host.onStart = { host, number in host.after(1) { $0.end(.exited(number == 1 ? 5 : 0)) } }
    host.at(1.5) { $0.arrive(SIGTSTP, fromTerminal: sharesTerminal) }
    #expect(try supervise { $0.policy = RestartPolicy(mode: .onFailure, firstDelay: 1, jitter: 0) } == .exit(0))
    #expect(host.deeds == ["0 start"] + (sharesTerminal ? ["1.5 suffers SIGTSTP"] : []) + ["2 start"])
  }

  // MARK: A service manager above

  /// As `supervise`, below a service manager.
  private func superviseBelowManager(
    watchdog: UInt64? = nil, _ change: (inout SupervisorOptions) -> Void = { _ in }
  ) throws -> SupervisorEnd {
    let name = try #require(host.managerName)
    let variables = ["NOTIFY_SOCKET=\(name)"] + (watchdog.map { ["WATCHDOG_USEC=\($0)"] } ?? [])
    return try supervise { options in
      options.environment = variables.map { Array($0.utf8) }
      options.policy = RestartPolicy(mode: .always, firstDelay: 1, jitter: 0)
      change(&options)
    }
  }

  @Test("that one run stops is not said of the service: only the last one's word is")
  func stoppingRun() throws {
    host.onStart = { host, _ in
      host.after(1) { $0.notify("READY=1\nSTATUS=up") }
      host.after(2) { $0.notify("STOPPING=1\nSTATUS=bye") }
      host.after(3) { $0.notify("STOPPING=1") }
      host.after(4) { $0.end(.exited(0)) }
    }
    host.onSignal = { if $1 != SIGCONT { $0.end(.exited(0)) } }
    // The second run has said that it stops when somebody asks it to.
    host.at(7.5) { $0.arrive(SIGTERM) }
    #expect(try superviseBelowManager() == .exit(0))
    #expect(
      host.heard == [
        "1 READY=1\nSTATUS=up", "2 STATUS=bye", "4 STATUS=", "6 READY=1\nSTATUS=up", "7 STATUS=bye", "7.5 STOPPING=1",
      ])
  }

  @Test(
    "a word that it stops goes on where nothing starts it again, and late where nobody knew that",
    arguments: [
      (RestartMode.no, StaleAction.ignore, 2), (.no, .restart, 3), (.onFailure, .ignore, 3),
    ])
  func stoppingForGood(mode: RestartMode, onStale: StaleAction, at time: Int) throws {
    host.at(2) { $0.notify("STOPPING=1") }
    host.at(3) { $0.end(.exited(0)) }
    #expect(try superviseBelowManager { ($0.policy.mode, $0.onStale) = (mode, onStale) } == .exit(0))
    #expect(host.heard == ["\(time) STOPPING=1"])
  }

  @Test("what it says while it is asked to end goes on at once")
  func stoppingWhenAsked() throws {
    host.onSignal = { host, number in
      if number == SIGTERM { host.after(1) { $0.notify("STOPPING=1") } }
      if number == SIGTERM { host.after(2) { $0.end(.exited(0)) } }
    }
    host.at(3) { $0.arrive(SIGTERM) }
    #expect(try superviseBelowManager() == .exit(0))
    #expect(host.heard == ["4 STOPPING=1"])
  }

  @Test("what the manager shows of a run is taken back at its end")
  func shownOfRun() throws {
    host.onStart = { host, number in
      host.after(1) { $0.notify(number < 3 ? "RELOADING=1\nSTATUS=reading" : "STATUS=") }
      host.after(2) { if number == 2 { $0.notify("READY=1") } }
      host.after(3) { $0.end(.exited(number < 4 ? 5 : 0)) }
    }
    #expect(
      try superviseBelowManager {
        $0.policy = RestartPolicy(mode: .onFailure, firstDelay: 1, longestDelay: 1, jitter: 0)
      } == .exit(0))
    #expect(
      host.heard.prefix(6) == [
        "1 RELOADING=1\nSTATUS=reading", "3 READY=1\nSTATUS=", "5 RELOADING=1\nSTATUS=reading", "6 READY=1",
        "7 STATUS=", "9 STATUS=",
      ])
    // The third run shows nothing any more.
    #expect(host.heard.dropFirst(6).first == "13 STATUS=")
  }

  @Test("a watchdog above is fed while no program can: from the end of a run until the next one feeds it")
  func watchdogBetweenRuns() throws {
    host.onStart = { host, number in
      if number == 1 {
        for time in 1...3 { host.after(Double(time)) { $0.notify("WATCHDOG=1") } }
        host.after(4) { $0.end(.exited(5)) }
      } else {
        for time in 8...9 { host.after(Double(time)) { $0.notify("WATCHDOG=1") } }
        // It hangs then, and nobody says otherwise for it.
        host.after(30) { $0.end(.exited(0)) }
      }
    }
    let end = try superviseBelowManager(watchdog: 4_000_000) {
      $0.policy = RestartPolicy(mode: .onFailure, firstDelay: 9, jitter: 0)
      $0.timeout = 1000
    }
    #expect(end == .exit(0))
    #expect(
      host.heard == [
        "1 WATCHDOG=1", "2 WATCHDOG=1", "3 WATCHDOG=1", "5 WATCHDOG=1", "7 WATCHDOG=1", "9 WATCHDOG=1", "11 WATCHDOG=1",
        "13 WATCHDOG=1", "15 WATCHDOG=1", "17 WATCHDOG=1", "19 WATCHDOG=1", "21 WATCHDOG=1", "22 WATCHDOG=1",
        // The last word may take longer than the watchdog waits.
        "43 STOPPING=1",
      ])
  }

  @Test("one that does not begin to feed it is not spoken for without end, and nobody is where there is no watchdog")
  func watchdogOfHangingStart() throws {
    host.onStart = { host, number in host.after(number == 1 ? 1 : 60) { $0.end(.exited(number == 1 ? 5 : 0)) } }
    let change: (inout SupervisorOptions) -> Void = {
      $0.policy = RestartPolicy(mode: .onFailure, firstDelay: 1, jitter: 0)
      $0.timeout = 10
    }
    #expect(try superviseBelowManager(watchdog: 4_000_000, change) == .exit(0))
    #expect(
      host.heard == [
        "2 WATCHDOG=1", "4 WATCHDOG=1", "6 WATCHDOG=1", "8 WATCHDOG=1", "10 WATCHDOG=1", "62 STOPPING=1",
      ])
  }

  @Test(
    "the time that one run has set for the watchdog holds until its end: the next one has the manager's own",
    arguments: [(4_000_000, "4000000"), (nil, "0")] as [(UInt64?, String)])
  func watchdogOfRun(given: UInt64?, restored: String) throws {
    host.onStart = { host, number in
      host.after(1) { $0.notify(number == 1 ? "WATCHDOG=1\nWATCHDOG_USEC=1000000" : "WATCHDOG=1") }
      host.after(1.4) { $0.end(.exited(number == 1 ? 5 : 0)) }
    }
    host.onLeftoverSignal = { host, number, pid in
      if number == SIGTERM { host.after(1) { $0.endLeftover(pid) } }
    }
    // So that the end of the run takes a moment.
    host.at(0.5) { $0.leave(inGroup: false) }
    let end = try superviseBelowManager(watchdog: given) {
      $0.policy = RestartPolicy(mode: .onFailure, firstDelay: 1.5, jitter: 0)
    }
    #expect(end == .exit(0))
    let words = host.heard.map { $0.drop { $0 != " " }.dropFirst() }
    #expect(
      words.prefix(4) == [
        "WATCHDOG=1\nWATCHDOG_USEC=1000000", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1\nWATCHDOG_USEC=\(restored)",
      ])
    let last = given == nil ? ["WATCHDOG=1"] : ["WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]
    #expect(words.dropFirst(4).map(String.init) == last)
  }

  @Test("a watchdog above is fed while a run stops of which the manager does not know that, as long as a stop may take")
  func watchdogOfStoppingRun() throws {
    host.onStart = { host, number in
      host.after(1) { $0.notify("WATCHDOG=1") }
      if number == 1 {
        host.after(2) { $0.notify("STOPPING=1") }
        // A second word does not begin the time anew, more time is asked for.
        host.after(5) { $0.notify("STOPPING=1") }
        host.after(8) { $0.notify("EXTEND_TIMEOUT_USEC=7000000") }
        host.after(30) { $0.end(.exited(5)) }
      } else {
        host.after(2) { $0.end(.exited(0)) }
      }
    }
    let end = try superviseBelowManager(watchdog: 4_000_000) {
      $0.policy = RestartPolicy(mode: .onFailure, firstDelay: 1, jitter: 0)
      ($0.stopTimeout, $0.timeout) = (10, 1000)
    }
    #expect(end == .exit(0))
    #expect(
      host.heard == [
        "1 WATCHDOG=1", "3 WATCHDOG=1", "5 WATCHDOG=1", "7 WATCHDOG=1", "8 EXTEND_TIMEOUT_USEC=7000000", "9 WATCHDOG=1",
        "11 WATCHDOG=1", "13 WATCHDOG=1", "30 WATCHDOG=1", "32 WATCHDOG=1", "33 STOPPING=1",
      ])
  }

  @Test(
    "a watchdog above is fed for as long as a start is allowed to take, which may be longer than was said",
    arguments: [nil, 10] as [Double?])
  func watchdogOfLongStart(startTimeout: Double?) throws {
    host.onStart = { host, number in
      if number == 1 { return host.after(1) { $0.end(.exited(5)) } }
      host.after(4) { $0.notify("EXTEND_TIMEOUT_USEC=13000000") }
      host.after(60) { $0.end(.exited(0)) }
    }
    let end = try superviseBelowManager(watchdog: 8_000_000) {
      $0.policy = RestartPolicy(mode: .onFailure, firstDelay: 1, jitter: 0)
      ($0.timeout, $0.startTimeout) = (startTimeout == nil ? 10 : 1000, startTimeout)
    }
    #expect(end == .exit(0))
    #expect(
      host.heard == [
        "4 WATCHDOG=1", "6 EXTEND_TIMEOUT_USEC=13000000", "8 WATCHDOG=1", "12 WATCHDOG=1", "16 WATCHDOG=1",
        "62 STOPPING=1",
      ])
  }

  @Test(
    "a run that switches the manager's watchdog off does so until its end", arguments: [4_000_000, nil] as [UInt64?])
  func watchdogOffForRun(given: UInt64?) throws {
    host.onStart = { host, number in
      host.after(1) { if number == 1 { $0.notify("WATCHDOG_USEC=0") } }
      host.after(9) { $0.end(.exited(number == 1 ? 5 : 0)) }
    }
    let end = try superviseBelowManager(watchdog: given) {
      $0.policy = RestartPolicy(mode: .onFailure, firstDelay: 1, jitter: 0)
      $0.timeout = 3
    }
    #expect(end == .exit(0))
    #expect(
      host.heard == ["1 WATCHDOG_USEC=0", "9 WATCHDOG=1\nWATCHDOG_USEC=\(given ?? 0)"]
        + (given == nil ? [] : ["11 WATCHDOG=1", "19 STOPPING=1"]))
  }

  // MARK: Beats

  @Test("beats at once, once an interval, and tells each change at once; the time of the last sign of life stays")
  func beats() throws {
    host.at(25) { $0.suspend() }
    host.at(40) { $0.end(.exited(0)) }
    #expect(try supervise { $0.interval = 10 } == .exit(0))
    let words = host.posted.map(\.beat.status)
    #expect(words == ["alive"] + Array(repeating: "alive", count: words.count - 3) + ["suspended", "stopped"])
    let suspension = host.posted[host.posted.count - 2]
    #expect(suspension.time == 25 && suspension.beat.time == host.posted[host.posted.count - 3].beat.time)
    #expect(host.posted.allSatisfy { $0.beat.name == "web" && $0.beat.pid == 101 })
    // Of 10 s, each up to a twentieth early, and the second one wherever the name's phase puts it.
    #expect((3...4).contains(host.posted.count - 2))
  }

  @Test("beats say what the program says of itself")
  func notifications() throws {
    for (time, text) in [(1.0, "RELOADING=1"), (11, "READY=1\nSTATUS=well"), (31, "STOPPING=1")] {
      host.at(time) { $0.notify(text) }
    }
    host.at(45) { $0.end(.exited(0)) }
    #expect(try supervise { $0.interval = 1000 } == .exit(0))
    let changes = host.posted.filter { [1, 11, 31].contains($0.time) }
    #expect(changes.map(\.beat.status) == ["reloading", "alive", "stopping"])
    #expect(changes.map { $0.beat.additionalData?["status_text"] } == [nil, "well", "well"])
  }

  @Test("the main process that the program names is one below it, or is left out")
  func mainProcess() throws {
    host.onLeftoverSignal = { if ![SIGUSR1, SIGCONT].contains($1) { $0.endLeftover($2) } }
    host.at(1) { $0.leave(inGroup: false) }
    host.at(2) { $0.notify("MAINPID=4711") }
    host.at(3) { $0.notify("MAINPID=900") }
    host.at(4) { $0.arrive(SIGUSR1) }
    host.at(5) { $0.arrive(SIGTERM) }
    #expect(try supervise() == .exit(128 + SIGTERM))
    #expect(host.said.contains("web: MAINPID=4711 is left out: no such process is below it"))
    #expect(host.posted.contains { $0.time == 3 && $0.beat.pid == 900 })
    // In another group it would not hear what all are told.
    #expect(
      host.deeds.prefix(4) == ["0 start", "4 SIGUSR1 to 900", "5 SIGTERM to group 101", "5 SIGTERM to 900"])
  }

  // MARK: A start that takes longer

  @Test("a start that a disk holds up keeps nobody: it is told, and all counts from its end")
  func lateStart() throws {
    host.startsLate = [1]
    host.at(20) { $0.finishStart() }
    host.at(10) { $0.arrive(SIGUSR1) }
    host.onSignal = { _, _ in }
    host.at(50) { $0.end(.exited(0)) }
    #expect(try supervise { ($0.interval, $0.timeout) = (10, 60) } == .exit(0))
    #expect(host.deeds == ["0 start", "20 SIGUSR1 to 101"])
    #expect(host.posted.prefix(2).map(\.beat.status) == ["starting", "alive"])
    #expect(host.posted.prefix(2).map(\.time) == [0, 20] && host.posted.count > 3)
    #expect(host.posted.last?.beat.additionalData?["uptime_seconds"]?.doubleValue == 30)
  }

  @Test(
    "one that is asked to end meanwhile is killed at once, and has ended by that",
    arguments: [(SIGTERM, .exit(143)), (SIGINT, .interrupted)] as [(Int32, SupervisorEnd)])
  func stopsAtStart(number: Int32, end: SupervisorEnd) throws {
    host.startsLate = [1]
    host.at(3) { $0.arrive(number) }
    #expect(try supervise { ($0.policy.mode, $0.stopTimeout) = (.always, 1000) } == end)
    #expect(host.deeds == ["0 start", "3 SIGKILL to group 101"])
    #expect(host.posted.map(\.beat.status) == ["starting", "stopped"])
  }

  @Test(
    "one that not even SIGKILL ends, as on a disk that hangs, does not keep the supervisor", arguments: [true, false])
  func immortalProgram(isStarting: Bool) throws {
    if isStarting { host.startsLate = [1] }
    host.onSignal = { _, _ in }
    host.at(3) { $0.arrive(SIGTERM) }
    #expect(try supervise { $0.stopTimeout = 4 } == .exit(128 + (isStarting ? SIGTERM : SIGKILL)))
    #expect(host.said.contains("web: what it left behind cannot be ended: 101"))
    // Killed at 3 or 7, given up 5 s later, and what is left of it once more.
    #expect((isStarting ? 13...13.2 : 17...17.2).contains(host.elapsed))
  }

  @Test("what the terminal sends while it starts suspends all of the job, or ends it once the program has it")
  func terminalAtStart() throws {
    host.sharesTerminal = true
    host.startsLate = [1]
    host.onSignal = { _, _ in }
    host.at(2) { $0.arrive(SIGTSTP, fromTerminal: true) }
    host.at(3) { $0.arrive(SIGQUIT, fromTerminal: true) }
    host.at(30) { $0.finishStart() }
    host.at(30.1) { $0.end(.signalled(SIGQUIT)) }
    #expect(try supervise { $0.policy.mode = .always } == .exit(128 + SIGQUIT))
    #expect(host.deeds == ["0 start", "2 suffers SIGTSTP"])
  }

  @Test("a start that fails late is one that failed", arguments: [1, 2])
  func lateFailure(number: Int) throws {
    host.startsLate = [number]
    host.onStart = { host, run in
      if run == number {
        return host.after(20) { $0.finishStart(StartFailure(stage: "", error: Errno(EIO), exitCode: 126)) }
      }
      host.after(1) { $0.end(.exited(run == 1 ? 5 : 0)) }
    }
    let end = try supervise { $0.policy = RestartPolicy(mode: .onFailure, firstDelay: 1, jitter: 0) }
    #expect(end == .exit(number == 1 ? 126 : 0))
    let start = number == 1 ? "cannot run serve: " : "web: cannot be started: "
    #expect(host.said.contains { $0.hasPrefix(start) && $0.contains("EIO") })
    #expect(host.posted.last?.beat.status == (number == 1 ? "failed" : "stopped"))
    #expect(host.deeds.count { $0.hasSuffix("start") } == (number == 1 ? 1 : 3))
  }

  @Test("one that takes longer than a start may is a hang", arguments: [StaleAction.ignore, .restart])
  func hangingStart(onStale: StaleAction) throws {
    host.startsLate = [1]
    host.at(100) { $0.end(.exited(0)) }
    let end = try supervise {
      ($0.timeout, $0.onStale) = (30, onStale)
      $0.policy = RestartPolicy(mode: .onFailure, firstDelay: 1, jitter: 0)
    }
    #expect(end == .exit(0))
    #expect(host.said.first?.hasPrefix("web: hangs: its start takes longer than 30s") == true)
    #expect(host.posted.prefix(2).map(\.beat.status) == ["starting", "hung"])
    #expect(host.deeds == ["0 start"] + (onStale == .ignore ? [] : ["30 SIGKILL to group 101", "31 start"]))
  }

  @Test("a command that is asked as a probe and cannot end is an answer, again and again, and keeps nobody")
  func immortalProbe() throws {
    host.onProbeCommand = { host in if host.elapsed < 1 { host.after(0.5) { $0.endProbe(.exited(0)) } } }
    host.onProbeSignal = { _ in }
    host.at(100) { $0.end(.exited(0)) }
    #expect(
      try supervise { ($0.interval, $0.timeout, $0.probe) = (10, 30, Probe("exec:true")) } == .exit(0))
    #expect(
      host.said == [
        "web: the probe exec:true fails: no answer within 5s",
        "web: hangs: the probe exec:true has no success any more: no answer within 5s",
      ])
    #expect(host.deeds.filter { $0.hasSuffix("probe") }.count == 2)
    #expect(host.posted.filter { $0.beat.status == "alive" }.allSatisfy { $0.time < 16 })
  }

  // MARK: Hanging

  @Test("beats only while the probe answers; a program that falls silent is told of once, and when it is back")
  func probe() throws {
    host.onProbe = { host in (25..<70).contains(host.elapsed) ? .fails("no") : .works }
    host.at(95) { $0.end(.exited(0)) }
    #expect(try supervise { ($0.interval, $0.timeout, $0.probe) = (10, 30, Self.anyProbe) } == .exit(0))
    #expect(!host.posted.contains { (35..<50).contains($0.time) && $0.beat.status == "alive" })
    #expect(
      host.posted.contains { $0.beat.status == "hung" }
        && host.posted.contains { $0.time >= 70 && $0.beat.status == "alive" })
    #expect(
      host.said.contains { $0.hasPrefix("web: hangs: the probe ") && $0.hasSuffix(" has no success any more: no") })
    #expect(host.said.count { $0.hasPrefix("web: hangs: ") } == 1 && host.said.count { $0 == "web: is back" } == 1)
    // It fails again and again for the same reason.
    #expect(host.said.count { $0.contains("the probe") && $0.hasSuffix(" fails: no") } == 1)
    #expect(host.said.count { $0.hasSuffix(" is answered") } == 1)
    #expect(host.deeds == ["0 start"])
  }

  @Test("a program that calls itself broken hangs at once, by its own word")
  func trigger() throws {
    host.at(7) { $0.notify("WATCHDOG=trigger") }
    host.at(20) { $0.end(.exited(0)) }
    #expect(try supervise { $0.timeout = 1000 } == .exit(0))
    #expect(host.said == ["web: hangs: it says so itself (WATCHDOG=trigger)"])
    #expect(host.posted.contains { $0.time == 7 && $0.beat.status == "hung" })
  }

  @Test("ends a program that hangs where that is wished, kills it if need be, and starts it again")
  func restartStale() throws {
    host.onProbe = { host in (25..<60).contains(host.elapsed) ? .fails("no") : .works }
    host.onSignal = { host, number in
      if number == SIGKILL { host.end(.signalled(SIGKILL)) }
    }
    host.onStart = { host, number in
      if number == 2 { host.after(10) { $0.end(.exited(0)) } }
    }
    let end = try supervise { options in
      (options.interval, options.timeout, options.probe) = (10, 30, Self.anyProbe)
      (options.onStale, options.stopTimeout) = (.restart, 5)
      options.policy = RestartPolicy(mode: .onFailure, firstDelay: 1, jitter: 0)
    }
    #expect(end == .exit(0))
    let deeds = host.deeds.map { $0.drop { $0 != " " }.dropFirst() }
    #expect(deeds == ["start", "SIGTERM to group 101", "SIGCONT to group 101", "SIGKILL to group 101", "start"])
  }

  @Test("one that is to stop anyway is not ended for hanging")
  func staleWhileStopping() throws {
    host.onProbe = { host in host.elapsed < 1 ? .works : .fails("no") }
    host.onSignal = { host, number in
      if number == SIGTERM { host.after(60) { $0.end(.exited(0)) } }
    }
    host.at(5) { $0.arrive(SIGTERM) }
    let end = try supervise { options in
      (options.interval, options.timeout, options.probe) = (10, 30, Self.anyProbe)
      (options.onStale, options.stopTimeout) = (.restart, 1000)
    }
    #expect(end == .exit(0))
    #expect(host.deeds == ["0 start", "5 SIGTERM to group 101", "5 SIGCONT to group 101"])
  }

  @Test("an answer of the probe to an earlier run says nothing of this one")
  func lateAnswer() throws {
    host.onStart = { host, number in
      if number == 1 { host.after(1) { $0.end(.exited(5)) } }
    }
    host.at(3) { $0.answerProbe(.works, run: 1) }
    host.at(10) { $0.answerProbe(.works, run: 2) }
    host.at(11) { $0.end(.exited(0)) }
    let end = try supervise {
      $0.policy = RestartPolicy(mode: .onFailure, firstDelay: 1, jitter: 0)
      $0.probe = Self.anyProbe
    }
    #expect(end == .exit(0))
    #expect(host.posted.filter { $0.beat.status == "alive" }.map(\.time) == [10])
  }

  @Test("a command that is asked as a probe and gives no answer in time has given none, whoever killed it")
  func lateCommand() throws {
    host.onProbeCommand = { host in if host.elapsed < 1 { host.after(0.5) { $0.endProbe(.exited(0)) } } }
    host.at(29) { $0.end(.exited(0)) }
    #expect(
      try supervise { ($0.interval, $0.timeout, $0.probe) = (10, 30, Probe("exec:sleep 9")) } == .exit(0))
    #expect(host.said == ["web: the probe exec:sleep 9 fails: no answer within 5s"])
  }

  @Test("a probe that runs when the program ends says nothing of it", arguments: [false, true])
  func probeAtTheEnd(isKilled: Bool) throws {
    host.onProbeCommand = { host in
      if host.elapsed < 1 { host.after(0.5) { $0.endProbe(.exited(0)) } }
    }
    host.at(12) { host in
      host.end(.exited(0))
      if !isKilled { host.endProbe(.exited(7)) }
    }
    #expect(
      try supervise { ($0.interval, $0.timeout, $0.probe) = (10, 30, Probe("exec:curl")) } == .exit(0))
    #expect(host.said == [])
  }

  private static let anyProbe = Probe("tcp://127.0.0.1:1")
}
