import Testing

@testable import HeartbeatTool

@Suite("What simulated processes go through")
struct ScenarioTests {
  @Test(
    "one that is silent now and then is so from its moment on, up to the end, in each period",
    arguments: [
      (0.0, false), (9.99, false), (10, true), (14.99, true), (15, false), (29.99, false), (30, false), (40, true),
      (45, false),
    ])
  func silence(elapsed: Double, isSilent: Bool) {
    let behaviour = Behaviour.silent(from: 10, for: 5, every: 30)
    #expect(behaviour.action(after: elapsed) == (isSilent ? .keepSilent : .beat(ahead: 0)))
  }

  @Test(
    "each scenario in timeouts: who is silent is so for longer than one, and comes back",
    arguments: [
      (.demo, 0, .silent(from: 60, for: 54, every: 180)), (.demo, 1, .steady), (.demo, 3, .steady),
      (.healthy, 0, .steady), (.hang, 0, .silent(from: 30, for: 90, every: 180)), (.hang, 1, .steady),
      (.hang, 3, .silent(from: 30, for: 90, every: 180)), (.flapping, 0, .silent(from: 15, for: 45, every: 60)),
      (.flapping, 2, .steady), (.crash, 3, .crashing(after: 30)), (.crash, 4, .steady),
      (.clockSkew, 0, .skewed(by: 30)), (.clockSkew, 1, .skewed(by: -15)),
    ] as [(Scenario, Int, Behaviour)])
  func scenarios(scenario: Scenario, index: Int, expected: Behaviour) {
    #expect(scenario.behaviour(of: index, timeout: 30) == expected)
  }

  @Test("one that crashes does so at its moment, and one with a wrong clock beats by it")
  func others() {
    #expect(Behaviour.crashing(after: 10).action(after: 9.99) == .beat(ahead: 0))
    #expect(Behaviour.crashing(after: 10).action(after: 10) == .crash)
    #expect(Behaviour.skewed(by: -30).action(after: 1) == .beat(ahead: -30))
  }
}
