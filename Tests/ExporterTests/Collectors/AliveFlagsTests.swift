import Testing

@testable import Exporter
@testable import Monitoring

@Suite("Which processes are alive, and for how long that is known")
struct AliveFlagsTests {
  private func process(_ last: Double?, timeout: Double = 60) -> MonitoredProcess {
    var process = MonitoredProcess(
      name: 0..<0, labels: 0..<0, configured: nil, timeout: timeout, children: false, isNew: false,
      seen: Moment(time: 0, uptime: 0))
    process.lastHeartbeat = last
    return process
  }

  @Test("each has the flag of its own age")
  func flags() {
    let flags = AliveFlags(
      [process(990), process(900), process(nil), process(1006), process(900, timeout: 200)], at: 1000)
    #expect(flags.flags == [.one, .zero, .zero, .zero, .one])
  }

  @Test("nothing known holds at no time; no process with a beat holds for ever")
  func bounds() {
    let times = [-Double.greatestFiniteMagnitude, 0, 1000, .greatestFiniteMagnitude]
    #expect(!times.contains { AliveFlags().hold(at: $0) })
    #expect(times.allSatisfy { AliveFlags([process(nil)], at: 1000).hold(at: $0) })
    #expect(times.allSatisfy { AliveFlags([], at: 1000).hold(at: $0) })
  }

  @Test("they hold up to the first change of any process, and not beyond it")
  func change() {
    // The first dies at 1010, the second at 1030; the third came to life at 995.
    let flags = AliveFlags([process(950), process(970), process(1000)], at: 1000)
    #expect([996, 1000, 1009.9].allSatisfy { flags.hold(at: $0) })
    #expect(![994.9, 1010, 1010.1, 1031].contains { flags.hold(at: $0) })
  }

  @Test("where they hold, they are what looking anew gives, at every moment and in either direction of the clock")
  func never() {
    let processes = [
      process(1000), process(1007), process(1000.3, timeout: 2), process(nil), process(990, timeout: 11.5), process(0),
      process(1002.000_001, timeout: 0.001), process(1e12), process(-1e12),
    ]
    let times = stride(from: 990.0, through: 1075, by: 0.25).flatMap { [$0 - 1e-6, $0, $0 + 1e-6] }
    for start in times where start.truncatingRemainder(dividingBy: 5) == 0 {
      let flags = AliveFlags(processes, at: start)
      for now in times where flags.hold(at: now) {
        #expect(flags.flags == AliveFlags(processes, at: now).flags, "known at \(start), asked at \(now)")
      }
    }
  }
}
