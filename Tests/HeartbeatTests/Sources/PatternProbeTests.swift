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

  func close(_ some: [String]) { closed.withLock { $0.formUnion(some) } }

  var probe: PatternProbe {
    PatternProbe { [paths, closed] known, ask in
      var there: [String] = []
      for path in known + paths.filter({ !known.contains($0) }) where ask(path) {
        closed.wait { $0.contains(path) ? nil : () }
        there.append(path)
      }
      return (true, there)
    }
  }
}

@Suite("Where files of a pattern hang")
struct PatternProbeTests {
  private func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<3_000 {
      if condition() { return true }
      usleep(10_000)
    }
    return condition()
  }

  private func set(_ paths: [String]) -> Set<ExactText> { Set(paths.map { ExactText($0) }) }

  @Test("what hangs is left, and the others are answered", arguments: [[], ["b"], ["a", "d"], ["a", "b", "c", "d"]])
  func some(_ closed: [String]) {
    let places = Places(["a", "b", "c", "d"], closed: Set(closed))
    let probe = places.probe
    func isFound(_ closed: [String]) -> Bool {
      let answer = probe.answer(within: 0.2, wasGood: true)
      return answer.hanging == set(closed) && answer.answered == nil && answer.isComplete == closed.isEmpty
    }
    #expect(eventually { isFound(closed) })
    for path in closed { places.open(path) }
    #expect(eventually { isFound([]) })
  }

  @Test("what lies below a folder that hangs is not asked")
  func below() {
    let probe = Places(["srv", "srv/a", "srvother"], closed: ["srv", "srv/a"]).probe
    #expect(eventually { probe.answer(within: 0.2, wasGood: true).hanging == set(["srv"]) })
    for (path, hanging, hangs) in [
      ("/srv/a", "/srv", true), ("/srv", "/srv", true), ("/srvother", "/srv", false), ("/a", "/", true),
      ("/caf\u{E9}", "/cafe\u{301}", false),
    ] {
      #expect(PatternProbe.hangs(path, set([hanging])) == hangs, "\(path)")
    }
  }

  @Test("with too many that hang, what was there before is asked all the same, and nobody else")
  func many() {
    let names = (0..<30).map { "p\($0)" }
    let new = Places(names.map { "new-" + $0 } + ["x", "y"], closed: [])
    new.close(names.map { "new-" + $0 })
    let other = new.probe
    #expect(eventually { other.answer(within: 0.1, wasGood: false).hanging.count == PatternProbe.mostHanging })
    let answer = other.answer(within: 1, wasGood: false)
    #expect(answer.answered == [] && !answer.asks("x") && !answer.hangs("x"), "it was never there")
    for name in names { new.open("new-" + name) }
    #expect(eventually { other.answer(within: 0.2, wasGood: false).isComplete })
    new.close(names.map { "new-" + $0 })
    #expect(eventually { other.answer(within: 0.1, wasGood: false).hanging.count == PatternProbe.mostThreads })
    #expect(!other.answer(within: 0.1, wasGood: false).asks("x"), "too many of those that were there hang")
    for name in names { new.open("new-" + name) }
    #expect(eventually { other.answer(within: 0.2, wasGood: false).isComplete })
  }

  @Test("what answered before is asked first, so that new places that hang cost it nothing")
  func first() {
    let places = Places((0..<20).map { "h\($0)" } + ["x"], closed: [])
    let isThere = Lock(false)
    let probe = PatternProbe { [paths = places.paths, closed = places.closed] known, ask in
      let found = isThere.withLock { $0 } ? paths : ["x"]
      var there: [String] = []
      for path in known + found.filter({ !known.contains($0) }) where ask(path) {
        closed.wait { $0.contains(path) ? nil : () }
        there.append(path)
      }
      return (true, there)
    }
    #expect(eventually { probe.answer(within: 1, wasGood: false).isComplete })
    places.close((0..<20).map { "h\($0)" })
    isThere.withLock { $0 = true }
    for _ in 1...10 {
      let answer = probe.answer(within: 1, wasGood: false)
      #expect(answer.asks("x") && !answer.asks("h19"))
    }
    #expect(eventually { probe.answer(within: 0.2, wasGood: false).hanging.count == PatternProbe.mostHanging })
    for place in places.paths { places.open(place) }
    #expect(eventually { probe.answer(within: 0.2, wasGood: false).isComplete })
  }

  @Test("a walk that is slow and goes on is none that hangs, is not begun anew, and counts when it is done")
  func slow() {
    let begun = Lock(0)
    let mayEnd = ConditionLock(false)
    let probe = PatternProbe { _, ask in
      begun.withLock { $0 += 1 }
      guard ask("folder") else { return (true, []) }
      // More than three looks long.
      while mayEnd.wait(timeout: 0.005, until: { $0 ? true : nil }) == nil { ask.goOn() }
      return (true, ["folder"])
    }
    for _ in 0..<3 {
      let answer = probe.answer(within: 0.4, wasGood: true)
      #expect(answer.hanging.isEmpty && !answer.isComplete && !answer.asks("folder"))
    }
    mayEnd.withLock { $0 = true }
    #expect(eventually { probe.answer(within: 0.4, wasGood: true).isComplete })
    #expect(begun.withLock { $0 } == 1)
  }

  @Test(
    "a walk that ends between two looks counts at the next one, whatever the files were like",
    arguments: [true, false])
  func between(isLocal: Bool) {
    let begun = Lock(0)
    let (mayEnd, hasEnded) = (ConditionLock(false), ConditionLock(false))
    let probe = PatternProbe { _, ask in
      begun.withLock { $0 += 1 }
      guard ask("folder") else { return (isLocal, []) }
      while mayEnd.wait(timeout: 0.005, until: { $0 ? true : nil }) == nil { ask.goOn() }
      defer { hasEnded.withLock { $0 = true } }
      return (isLocal, ["folder"])
    }
    #expect(!probe.answer(within: 0.2, wasGood: false).isComplete)
    mayEnd.withLock { $0 = true }
    #expect(hasEnded.wait(timeout: 60) { $0 ? true : nil } ?? false)
    #expect(eventually { probe.answer(within: 0.2, wasGood: false).isComplete })
    #expect(begun.withLock { $0 } == 1)
    // Its answer counts once.
    #expect(eventually { probe.answer(within: 0.2, wasGood: false).isComplete })
    #expect(begun.withLock { $0 } >= 2)
  }
}
