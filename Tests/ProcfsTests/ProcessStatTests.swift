import Testing

@testable import Procfs

@Suite("/proc/PID/stat")
struct ProcessStatTests {
  static func line(name: String = "python", state: String = "S", rss: String = "24000") -> String {
    "51121 (\(name)) \(state) 51120 51121 51121 0 -1 4194304 1200 300 14 3 8312 1203 150 50 20 0 4 0 11720000 "
      + "1283457024 \(rss) 18446744073709551615 0 0 0 0\n"
  }

  @Test("every field has its meaning and its unit")
  func fields() throws {
    let stat = try #require(parse(Self.line()) { ProcessStat(parsing: $0) })
    #expect(stat.pid == 51121)
    #expect(stat.state == UInt8(ascii: "S"))
    #expect(stat.parent == 51120)
    #expect(stat.majorFaults == 14)
    #expect(stat.childMajorFaults == 3)
    #expect(stat.ticks == 9515)
    #expect(stat.childTicks == 200)
    #expect(stat.threads == 4)
    #expect(stat.startTicks == 11_720_000)
    #expect(stat.virtualBytes == 1_283_457_024)
    #expect(stat.residentBytes == 24000 * KernelUnits.pageSize)
    #expect(stat.cpuSeconds == 9515 / KernelUnits.ticksPerSecond)
    #expect(!stat.isZombie)
    #expect(stat.startTime(bootTime: 1000) == 1000 + 11_720_000 / KernelUnits.ticksPerSecond)
  }

  @Test(
    "a name is what it likes to be",
    arguments: [") R 1 (", "a b c", "", ")", "(", "((", "1 (x) Z 1 1", "tab\there", "line\nfeed", "größe"])
  func names(name: String) {
    #expect(
      parse(Self.line(name: name)) { ProcessStat(parsing: $0) } == parse(Self.line()) { ProcessStat(parsing: $0) })
  }

  @Test("the letters of the dead", arguments: [("Z", true), ("X", true), ("x", true), ("S", false), ("D", false)])
  func zombies(state: String, expected: Bool) {
    let line = Self.line(state: state)
    // With four threads it is only the main one that has ended.
    #expect(parse(line) { ProcessStat(parsing: $0)?.isZombie } == false)
    #expect(parse(line.replacing(" 20 0 4 0 ", with: " 20 0 1 0 ")) { ProcessStat(parsing: $0)?.isZombie } == expected)
  }

  @Test("cut anywhere, it is nil, since a number may be cut too, and nothing traps")
  func truncated() {
    let line = Self.line()
    for beginning in beginnings(of: line) {
      let stat = parse(beginning) { ProcessStat(parsing: $0) }
      #expect((stat != nil) == (beginning == line), "\(beginning)")
    }
  }

  @Test(
    "what is not well-formed is nil",
    arguments: [
      "", "\n", "()", ")(", "1 (a", "1 a) S", "x (a) S 1", "-1 (a) S 1", "1 2 (a) S 1",
      line().replacing("51120", with: "99999999999"), line().replacing("11720000", with: "-1"),
      line().replacing("11720000", with: "18446744073709551616"), line(state: "SS"),
      line().replacing("51121 (", with: "0 ("),
    ])
  func malformed(text: String) {
    #expect(parse(text) { ProcessStat(parsing: $0) } == nil)
  }

  @Test("sizes beyond 64 bits stop at the largest number, below zero at zero")
  func absurd() {
    #expect(parse(Self.line(rss: "18446744073709551615")) { ProcessStat(parsing: $0) }?.residentBytes == .max)
    #expect(parse(Self.line(rss: "-3")) { ProcessStat(parsing: $0) }?.residentBytes == 0)
    let busy = Self.line().replacing("8312 1203", with: "18446744073709551615 1203")
    #expect(parse(busy) { ProcessStat(parsing: $0) }?.ticks == .max)
  }
}
