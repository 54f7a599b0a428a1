import HTTP
import Monitoring
import Testing

@testable import Exporter

/// Changes of state in the log.
@Suite struct TransitionLogTests {
  private func transition(_ name: String, _ from: Verdict?, _ to: Verdict) -> Transition {
    Transition(process: name, time: 1, from: from, to: to)
  }

  @Test("A change of state is a line; another reason for the same state is none")
  func lines() {
    let log = LogLines()
    TransitionLog(logger: log.logger()).tell([
      transition("a", Verdict(.alive, .beating), Verdict(.dead, .pidGone)),
      transition("b", Verdict(.dead, .pidGone), Verdict(.dead, .silent)),
      transition("new\n", nil, Verdict(.alive, .beating)),
    ])
    let lines = log.text.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0].hasSuffix("process=a state=dead reason=pid_gone before=alive"))
    #expect(lines[1].hasSuffix(#"process="new\n" state=alive reason=beating before=-"#))
  }

  @Test("Of many at once the first ones are named, and the others counted")
  func many() {
    for (count, lines, others) in [(20, 20, 0), (21, 21, 1), (10_000, 21, 9_980)] {
      let log = LogLines()
      TransitionLog(logger: log.logger()).tell(
        (0..<count).map { transition("p\($0)", Verdict(.alive, .beating), Verdict(.dead, .silent)) })
      #expect(log.text.split(separator: "\n").count == lines)
      #expect(log.count(of: "named=20 others=\(others)") == (others > 0 ? 1 : 0))
    }
  }

  @Test("A scraper tells of a change once, and once that a timeout is tight")
  func scraper() throws {
    let folder = try TemporaryFolder()
    let log = LogLines()
    var options = ExporterOptions()
    options.heartbeat.files = [folder.file("beats.json")]
    options.collectors.process = false
    try folder.write("beats.json", "{}")
    var scraper = Scraper(
      options: options, configuration: Configuration(), requests: RequestCounts(handler: "/metrics"), push: nil,
      logger: log.logger())
    func look(_ beat: Double?, at now: Double) throws {
      if let beat {
        try folder.write("beats.json", #"{"processes": {"a": {"last_heartbeat": \#(beat), "pad": "\#(beat)"}}}"#)
      }
      let selection = try CollectorSelection(query: [], enabled: [.heartbeat])
      _ = scraper.answer(selection, in: .plain, coding: .identity, at: now)
    }
    for beat in stride(from: 1000.0, through: 1250, by: 50) { try look(beat, at: beat + 1) }
    #expect(log.count(of: "the timeout of a process is tight") == 1)
    #expect(log.count(of: "process=a interval=50.0 timeout=60.0") == 1)
    for _ in 0..<3 { try look(nil, at: 1400) }
    #expect(log.count(of: "process=a state=dead reason=silent before=alive") == 1)
    try look(1450, at: 1451)
    #expect(log.count(of: "process=a state=alive reason=beating before=dead") == 1)
  }
}
