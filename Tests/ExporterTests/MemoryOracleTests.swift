import Foundation
import Heartbeat
import Testing

@testable import Exporter

/// `HEARTBEAT_ORACLE_SEED` runs one seed again, with the steps of `HEARTBEAT_ORACLE_STEPS`; without them a thousand steps are
/// run with seeds of the day.
@Suite("What is remembered from one answer to the next")
struct MemoryOracleTests {
  private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

  @Test("never shows, and may be forgotten at any moment", arguments: [false, true])
  func oracle(isLive: Bool) throws {
    let folder = Folder()
    let probe = FileProbe(path: Oracle.file(in: folder))
    let asked = Self.number("HEARTBEAT_ORACLE_SEED")
    let first = asked ?? Int.random(in: 0..<1_000_000_000)
    let steps = Self.number("HEARTBEAT_ORACLE_STEPS") ?? 40
    let usual = asked == nil ? (isLive ? 3 : 25) : 1
    let sequences = Self.number("HEARTBEAT_ORACLE_SEQUENCES") ?? usual
    // A trap would say nothing of the seed.
    print("memory oracle: HEARTBEAT_ORACLE_SEED=\(first) HEARTBEAT_ORACLE_SEQUENCES=\(sequences)")
    for seed in first..<first + sequences {
      var oracle = Oracle(Choices(seed: UInt64(seed)), in: folder, probe: probe, isLive: isLive)
      let finding = oracle.run(steps: steps)
      try #require(finding == nil, "HEARTBEAT_ORACLE_SEED=\(seed), \(isLive ? "live" : "made") /proc")
    }
  }
}
