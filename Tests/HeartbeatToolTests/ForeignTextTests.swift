import Testing

@testable import HeartbeatTool

/// What a server or a program may say, in any spelling and of any length.
@Suite("Texts from outside")
struct ForeignTextTests {
  /// Accents without a letter between them, 60 kB: as long as a line of metrics may be, whose words were compared with dozens.
  private static let accents =
    String(repeating: "\u{344}", count: 15_000) + String(repeating: "\u{316}", count: 15_000)

  @Test("metrics of accents are read, and cost their length", .timeLimit(.minutes(4)))
  func metrics() {
    let lines = [
      "\(Self.accents) 1", "heartbeat_state{\(Self.accents)=\"1\"} 1",
      "heartbeat_state{process=\"\(Self.accents)\",state=\"\(Self.accents)\",reason=\"x\"} 1",
      "heartbeat_age_seconds{process=\"\u{E9}\"} 1", "heartbeat_age_seconds{process=\"e\u{301}\"} 2",
      "heartbeat_state{process=\"\u{E9}\",state=\"alive\",reason=\"beating\"} 1",
      "heartbeat_state{process=\"e\u{301}\",state=\"alive\",reason=\"beating\"} 1",
      "system_cpu_seconds_total{mode=\"\(Self.accents)\"} 1",
    ]
    let text = Array((0..<20).flatMap { _ in lines }.joined(separator: "\n").utf8)
    let programs = ScrapedHost(text).programs(now: 10)
    #expect(programs.first { $0.name.utf8.elementsEqual("\u{E9}".utf8) }?.age == 1)
    #expect(programs.first { $0.name.utf8.elementsEqual("e\u{301}".utf8) }?.age == 2)
    var cpu = CPUUsage()
    _ = ScrapedHost(text).system(cpu: &cpu)
    #expect(AlertWay.sent(in: text).isEmpty)
  }

  @Test("a message of accents says nothing")
  func notify() {
    #expect(NotifyMessage("\(Self.accents)=1\nREADY=\(Self.accents)".utf8) == NotifyMessage([]))
    #expect(NotifyMessage("READY=1".utf8).isReady && !NotifyMessage("READY=1\u{301}".utf8).isReady)
  }

  @Test("a cell of a table is cut, however few characters it has")
  func cell() {
    #expect(TextTable.Cell("a" + Self.accents).text.unicodeScalars.count == 512)
  }
}
