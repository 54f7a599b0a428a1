import Testing

@testable import HTTP

@Suite struct DeadlinesTests {
  private let second: UInt64 = 1_000_000_000

  private func make() -> Deadlines {
    var timeouts = Timeouts()
    timeouts.idle = 100
    timeouts.header = 10
    timeouts.body = 20
    timeouts.write = 30
    timeouts.linger = 1
    return Deadlines(timeouts)
  }

  @Test("Slots expire in the order of their deadlines, not before them")
  func order() {
    var deadlines = make()
    #expect(deadlines.next == nil)
    deadlines.set(0, .idle, now: 0)
    deadlines.set(5, .idle, now: 1 * second)
    deadlines.set(3, .header, now: 50 * second)
    #expect(deadlines.next == 60 * second)
    #expect(deadlines.expired(now: 59 * second) == nil)
    #expect(deadlines.expired(now: 60 * second)?.slot == 3)
    deadlines.set(3, nil, now: 60 * second)
    #expect(deadlines.next == 100 * second)
    #expect(deadlines.longest(.idle) == 0)
    deadlines.set(0, .idle, now: 60 * second)
    #expect(deadlines.longest(.idle) == 5)
    #expect(deadlines.next == 101 * second)
  }

  @Test("Thousands of random changes agree with a plain list")
  func random() {
    var deadlines = make()
    var model: [Int: (Deadlines.Kind, UInt64)] = [:]
    let durations: [Deadlines.Kind: UInt64] = [
      .idle: 100, .answer: 100, .header: 10, .body: 20, .write: 30, .linger: 1,
    ]
    var now: UInt64 = 0
    for _ in 0..<20_000 {
      now += UInt64.random(in: 0...3) * second
      let slot = Int.random(in: 0..<40)
      if let kind = Deadlines.Kind(rawValue: Int.random(in: 0...6)) {
        deadlines.set(slot, kind, now: now)
        model[slot] = (kind, now + (durations[kind] ?? 0) * second)
      } else {
        deadlines.set(slot, nil, now: now)
        model[slot] = nil
      }
      #expect(deadlines.next == model.values.map { $0.1 }.min())
      while let (slot, kind) = deadlines.expired(now: now) {
        #expect(model[slot]?.0 == kind)
        #expect(model[slot]?.1 ?? .max <= now)
        deadlines.set(slot, nil, now: now)
        model[slot] = nil
      }
      #expect(!model.values.contains { $0.1 <= now })
    }
  }

  @Test("Absurd durations do not trap")
  func absurd() {
    var timeouts = Timeouts()
    timeouts.idle = .infinity
    timeouts.header = .nan
    timeouts.body = -1
    var deadlines = Deadlines(timeouts)
    deadlines.set(0, .idle, now: 5)
    #expect(deadlines.expired(now: 1_000_000_000_000) == nil)
    deadlines.set(0, .header, now: 5)
    #expect(deadlines.expired(now: 5)?.kind == .header)
  }
}
