import Testing

@testable import HeartbeatTool

@Suite("Restart policy")
struct RestartPolicyTests {
  @Test(
    "restarts what the mode says, and nothing else",
    arguments: [
      (RestartMode.no, ChildStatus.exited(1), false, RestartDecision.end),
      (.no, .signalled(9), false, .end),
      (.no, .signalled(15), true, .restart(after: 1)),
      (.onFailure, .exited(0), false, .end),
      (.onFailure, .exited(0), true, .restart(after: 1)),
      (.onFailure, .exited(3), false, .restart(after: 1)),
      (.onFailure, .signalled(11), false, .restart(after: 1)),
      (.always, .exited(0), false, .restart(after: 1)),
    ])
  func mode(mode: RestartMode, status: ChildStatus, stale: Bool, expected: RestartDecision) {
    var state = RestartState(RestartPolicy(mode: mode))
    let decision = state.ended(status, after: 5, wasStale: stale)
    #expect(decision == expected)
  }

  @Test("waits twice as long each time, up to the cap, then gives up")
  func backOff() {
    var state = RestartState(
      RestartPolicy(mode: .always, firstDelay: 1, longestDelay: 10, limit: RestartLimit(count: 6)))
    let decisions = (0..<7).map { _ in state.ended(.exited(1), after: 0) }
    #expect(decisions == [1, 2, 4, 8, 10, 10].map { .restart(after: $0) } + [.giveUp])
    #expect(state.restarts == 6)
  }

  @Test("a stable run starts the count afresh")
  func stableRun() {
    var state = RestartState(RestartPolicy(mode: .onFailure, stableAfter: 60, limit: RestartLimit(count: 2)))
    let decisions = [59.0, 59, 60].map { state.ended(.exited(1), after: $0) }
    #expect(decisions == [.restart(after: 1), .restart(after: 2), .restart(after: 1)])
    #expect(state.restarts == 3)
  }

  @Test("a limit within a time counts the restarts of that time alone")
  func rate() {
    var state = RestartState(
      RestartPolicy(mode: .always, firstDelay: 1, longestDelay: 1, limit: RestartLimit(count: 2, window: 100)))
    let decisions = [0.0, 50, 99, 101, 102].map { now in state.ended(.exited(1), after: 0, at: now) }
    #expect(
      decisions == [.restart(after: 1), .restart(after: 1), .giveUp, .restart(after: 1), .giveUp])
    #expect(state.exhausted == "after 2 restarts within 1m 40s")
  }

  @Test(
    "what counts as a success is no reason to restart on failure, but a hang is",
    arguments: [
      (ChildStatus.exited(0), false, RestartDecision.end), (.exited(3), false, .end), (.signalled(15), false, .end),
      (.exited(15), false, .restart(after: 1)), (.signalled(3), false, .restart(after: 1)),
      (.exited(3), true, .restart(after: 1)),
    ])
  func success(status: ChildStatus, stale: Bool, expected: RestartDecision) {
    let success = SuccessCodes(statuses: [0, 3], signals: [15])
    var state = RestartState(RestartPolicy(mode: .onFailure, success: success))
    let decision = state.ended(status, after: 5, wasStale: stale)
    #expect(decision == expected)
  }

  @Test("the jitter comes on top of the longest wait too", arguments: [(0.0, 10.0), (0.5, 12), (1, 14)])
  func jitter(random: Double, expected: Double) {
    var state = RestartState(RestartPolicy(mode: .always, firstDelay: 10, longestDelay: 10, jitter: 4))
    let decision = state.ended(.exited(1), after: 0, random: random)
    #expect(decision == .restart(after: expected))
  }

  @Test("no limit means no end")
  func unlimited() {
    var state = RestartState(RestartPolicy(mode: .always, limit: nil))
    let decisions = (0..<1000).map { _ in state.ended(.exited(1), after: 0) }
    #expect(!decisions.contains(.giveUp))
  }
}
