@testable import HTTP
import POSIX
import Testing

@testable import HeartbeatTool

@Suite("Hosts that are watched")
struct WatcherTests {
  /// A host whose exporter answers as soon as the gate is open.
  private func watcher(_ name: String, _ gate: ConditionLock<Bool>) throws -> Watcher {
    let server = try #require(ServerURL("http://\(name)"))
    return try Watcher(name, interval: 60) {
      RemoteSource(server) { (_, _) in
        gate.wait { $0 ? () : nil }
        return HTTPClient.Answer(status: 200, body: Array(#"{"heartbeats": []}"#.utf8))
      }
    }
  }

  @Test("one that has not answered yet is said to be so, beside those that have, until it does")
  func noAnswerYet() throws {
    let gate = ConditionLock(false)
    let watchers = [try watcher("a:1", gate), try watcher("b:2", ConditionLock(true)), try watcher("c:3", gate)]
    _ = watchers[1].view(within: 60)
    let begin = Clock.monotonicNanoseconds
    let views = watchers.views(within: 0.2)
    // For all together, not for each.
    #expect(Clock.monotonicNanoseconds - begin < 390_000_000)
    #expect(views.map(\.unanswered) == [["a:1: no answer yet"], [], ["c:3: no answer yet"]])
    #expect(watchers.map(\.isPending) == [true, false, true])
    gate.withLock { $0 = true }
    #expect(watchers.views(within: 60).map(\.unanswered) == [[], [], []])
    #expect(watchers.map(\.isPending) == [false, false, false])
  }
}
