import Heartbeat
import Testing
import YAML

@testable import Monitoring

@Suite("Names in configurations")
struct ForeignTextTests {
  private func configuration(_ text: String) throws -> Configuration {
    do throws(YAMLError) {
      guard let root = try YAMLParser.parse(Array(text.utf8)) else { return Configuration() }
      return try ConfigurationDecoder.configuration(root)
    } catch {
      throw Refused(problem: error.problem)
    }
  }

  private struct Refused: Error { let problem: String }

  @Test("two processes whose names look the same are two, each with settings of its own")
  func processes() throws {
    let found = try configuration("processes:\n  \"\u{E9}\": {timeout: 10s}\n  \"e\u{301}\": {timeout: 20s}\n")
    #expect(found.processes.count == 2)
    #expect(found["\u{E9}"]?.timeout == 10 && found["e\u{301}"]?.timeout == 20)
  }

  @Test("two sources whose paths look the same are two")
  func sources() throws {
    let found = try configuration("sources:\n  - path: /srv/\u{E9}.json\n  - path: /srv/e\u{301}.json\n")
    #expect(found.sources.count == 2)
  }

  @Test(
    "a key or a word of accents is refused, and costs its length", .timeLimit(.minutes(4)),
    arguments: [
      "K: 1", "processes: {K: 1}", "processes: {a: {K: 1}}", "processes: {a: {children: K}}",
      "sources: [{path: a, time: K}]",
    ])
  func accents(text: String) {
    let accents = String(repeating: "\u{344}", count: 50_000) + String(repeating: "\u{316}", count: 50_000)
    let parts = text.split(separator: "K", omittingEmptySubsequences: false)
    #expect(throws: Refused.self) { try configuration(parts.joined(separator: accents)) }
  }
}
