import Glibc
import POSIX
import Testing

@testable import Heartbeat

/// Paths of which some do not answer before the test lets them.
private final class Places: Sendable {
  let closed: ConditionLock<Set<String>>
  let paths: [String]

  init(_ paths: [String], closed: Set<String>) {
    self.paths = paths
    self.closed = ConditionLock(closed)
  }

  func open(_ path: String) { closed.withLock { _ = $0.remove(path) } }

  var probe: PatternProbe {
    PatternProbe { [paths, closed] ask in
      for path in paths where ask(path) { closed.wait { $0.contains(path) ? nil : () } }
      return true
    }
  }
}

@Suite("Where files of a pattern hang")
struct PatternProbeTests {
  private func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<3_000 where !condition() { usleep(10_000) }
    return condition()
  }

  @Test("what hangs is left, and the others are answered", arguments: [[], ["b"], ["a", "d"], ["a", "b", "c", "d"]])
  func some(_ closed: [String]) {
    let places = Places(["a", "b", "c", "d"], closed: Set(closed))
    let probe = places.probe
    #expect(eventually { probe.hanging(within: 0.2, wasGood: true) == Set(closed) })
    for path in closed { places.open(path) }
    #expect(eventually { probe.hanging(within: 0.2, wasGood: true) == [] })
  }

  @Test("what lies below a folder that hangs is not asked")
  func below() {
    let probe = Places(["srv", "srv/a", "srvother"], closed: ["srv", "srv/a"]).probe
    #expect(eventually { probe.hanging(within: 0.2, wasGood: true) == ["srv"] })
    #expect(PatternProbe.hangs("/srv/a", ["/srv"]) && PatternProbe.hangs("/srv", ["/srv"]))
    #expect(!PatternProbe.hangs("/srvother", ["/srv"]) && PatternProbe.hangs("/a", ["/"]))
  }

  @Test("with too many that hang nothing is asked, until some answer")
  func many() {
    let names = (0..<20).map { "p\($0)" }
    let places = Places(names, closed: Set(names))
    let probe = places.probe
    #expect(eventually { probe.hanging(within: 0.1, wasGood: true) == nil })
    for _ in 1...30 { _ = probe.hanging(within: 0.02, wasGood: true) }
    #expect(probe.hanging(within: 0.02, wasGood: true) == nil)
    for name in names { places.open(name) }
    #expect(eventually { probe.hanging(within: 0.2, wasGood: true) == [] })
  }
}
