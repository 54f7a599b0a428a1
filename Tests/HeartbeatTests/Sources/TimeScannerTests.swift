import Foundation
import Testing

@testable import Heartbeat

@Suite("Times in texts")
struct TimeScannerTests {
  /// 14 July 2026, 09:26:53 UTC.
  static let moment = 1_784_021_213.0

  @Test(
    "every spelling of one moment gives it",
    arguments: [
      "1784021213", "1784021213.0", "1784021213000", "1784021213000000", "1784021213000000000",
      "2026-07-14T09:26:53Z", "2026-07-14t09:26:53z", "2026-07-14 09:26:53Z", "2026-07-14 09:26:53 UTC",
      "2026-07-14 09:26:53 GMT",
      "2026-07-14T09:26:53.000Z", "2026-07-14T09:26:53,000000000+00:00", "2026-07-14T11:26:53+02:00",
      "2026-07-14T11:26:53+0200",
      "2026-07-14T11:26:53+02", "2026-07-14 05:26:53 -0400", "2026-07-14 13:26:53 GMT+4", "2026-07-14 05:26:53 EDT",
      "2026-07-14T11:26:53+02:00[Europe/Zurich]", "20260714T092653Z", "2026/07/14 09:26:53 UTC", "2026-07-14_09:26:53Z",
      "Tue, 14 Jul 2026 09:26:53 +0000", "Tue, 14 Jul 2026 09:26:53 GMT", "14 Jul 2026 09:26:53 UTC",
      "Tue Jul 14 09:26:53 UTC 2026", "Tue Jul 14 11:26:53 CEST 2026",
      "Tue Jul 14 2026 11:26:53 GMT+0200 (Central European Summer Time)",
      "14/Jul/2026:09:26:53 +0000", "Tue 14 Jul 2026 09:26:53 AM UTC", "Tue Jul 14 09:26:53 AM UTC 2026",
      "\"2026-07-14T09:26:53Z\"",
      "[2026-07-14T09:26:53Z]", "July 14, 2026 at 9:26:53 AM UTC", "1.784021213e9", "1.784021213e+09", "1.784021213E9",
      "2026-07-14T05:26:53\u{2212}04:00", "2026-07-14 at 09:26:53 UTC", "2026-07-14 | 09:26:53 UTC",
      "14. Jul 09:26:53 UTC 2026", "14 Jul 09:26:53 UTC 2026", "14 Jul 26 09:26:53 UTC",
      "2026-07-14 11:26:53 +0200 CEST m=+0.01", "2026-07-14T11:26:53+02:00 Europe/Zurich",
    ])
  func absolute(_ text: String) {
    let time = TimeScanner.whole(Array(text.utf8)[...], near: Self.moment)
    #expect(time == WrittenTime(seconds: Self.moment, hasZone: true), "\(text)")
  }

  @Test(
    "without a zone it is what a clock on a wall shows",
    arguments: [
      "2026-07-14T09:26:53", "2026-07-14 09:26:53", "2026-07-14 09:26:53,000", "20260714_092653", "20260714092653",
      "2026/07/14 09:26:53",
      "14.07.2026 09:26:53", "14/07/2026, 09:26:53", "07/14/2026, 9:26:53 AM", "Jul 14 09:26:53",
      "Tue Jul 14 09:26:53 2026",
      "2026-07-14 09:26:53 CST", "2026-07-14, 9:26:53 a.m.", "14/07/2026, 9:26:53 a.\u{A0}m.",
      "7/14/2026, 9:26:53\u{202F}AM", "7/14/2026, 9:26:53\u{A0}AM", "2026-07-14 at 9:26:53", "14/07/2026 | 09:26:53",
      "14/07/2026\u{A0}09:26:53", "2026-07-14\u{202F}09:26:53", "14. Jul 09:26:53",
    ])
  func wall(_ text: String) {
    #expect(
      TimeScanner.whole(Array(text.utf8)[...], near: Self.moment) == WrittenTime(seconds: Self.moment, hasZone: false),
      "\(text)")
  }

  @Test(
    "the afternoon is twelve hours later, however it is written",
    arguments: [
      "2026-07-14, 9:26:53 p.m.", "14/07/2026, 9:26:53 p.m.", "7/14/2026, 9:26:53\u{202F}PM",
      "7/14/2026, 9:26:53\u{A0}pm",
      "14/07/2026, 9:26:53 p. m.", "2026-07-14 09:26:53PM",
    ])
  func afternoon(_ text: String) {
    let later = WrittenTime(seconds: Self.moment + 43_200, hasZone: false)
    #expect(TimeScanner.whole(Array(text.utf8)[...], near: Self.moment) == later)
    #expect(TimeScanner.first(in: Array("beat \(text) ok".utf8)[...], near: Self.moment)?.time == later)
  }

  @Test("a zone's name is read where its file is there, and what has a zone that is not known is no time")
  func zoneNames() {
    func time(_ text: String) -> WrittenTime? { TimeScanner.first(in: Array(text.utf8)[...], near: Self.moment)?.time }
    let zurich = ZoneRules.named("Europe/Zurich") == nil ? nil : WrittenTime(seconds: Self.moment, hasZone: true)
    #expect(time("2026-07-14 11:26:53 Europe/Zurich ok") == zurich)
    #expect(time("2026-07-14 11:26:53[Europe/Zurich]") == zurich)
    #expect(time("2026-07-14 11:26:53 Europe/Nowhere") == nil)
    #expect(TimeScanner.whole(Array("2026-07-14 11:26:53 Europe/Nowhere".utf8)[...], near: Self.moment) == nil)
    // A path of a source is no zone.
    #expect(time("2026-07-14 09:26:53 src/main.py:12") == WrittenTime(seconds: Self.moment, hasZone: false))
  }

  @Test(
    "a value behind a time is not its zone",
    arguments: [
      " -12.5", " +15.0", " -1530.25 USD", " +1230.50", " -12 dBm", " +15 C", " -12", " -5%", " +0100m", " +1530",
      " -0107",
      " (-12 dB)", "-00:05:00", " -03.5", " +05 C", " -12,5",
    ])
  func valueBehind(_ value: String) {
    let found = TimeScanner.first(in: Array("2026-07-14 09:26:53\(value)".utf8)[...], near: Self.moment)
    #expect(found?.time == WrittenTime(seconds: Self.moment, hasZone: false))
  }

  @Test(
    "a word behind a time, or a host, is not its zone",
    arguments: [
      "2026-07-14 09:26:53 west worker ok", "2026-07-14 09:26:53 met all", "2026-07-14 09:26:53 est. 5 min",
      "2026-07-14 09:26:53 West ok", "2026-07-14 09:26:53 MET all targets", "2026-07-14 09:26:53 CAT found",
      "Jul 14 09:26:53 west bot[12]: ok", "Jul 14 09:26:53 WEST bot: ok", "Jul 14 09:26:53 EST a-b/c[7]: ok",
      "2026-07-14 09:26:53 z=12.5", "2026-07-14 09:26:53 EST_1 ok",
    ])
  func wordBehind(_ text: String) {
    let found = TimeScanner.first(in: Array(text.utf8)[...], near: Self.moment)
    #expect(found?.time == WrittenTime(seconds: Self.moment, hasZone: false))
  }

  @Test(
    "a zone's name in capitals is read",
    arguments: [
      "2026-07-14 04:26:53 EST ok", "2026-07-14 11:26:53 SAST ok", "2026-07-14 16:26:53 WIB ok",
      "2026-07-14 18:26:53 JST",
      "2026-07-14 09:26:53 utc ok", "2026-07-14 09:26:53 gmt ok", "2026-07-14 09:26:53 z",
      "[2026-07-14 10:26:53 MET] ok",
      "Tue Jul 14 10:26:53 WEST 2026", "Jul 14 11:26:53 CEST: ok", "Jul 14 11:26:53.000 CEST ok",
      "Tue Jul 14 11:26:53 CAT 2026", "2026-07-14 10:26:53 (MET) ok",
    ])
  func zoneBehind(_ text: String) {
    let found = TimeScanner.first(in: Array(text.utf8)[...], near: Self.moment)
    #expect(found?.time == WrittenTime(seconds: Self.moment, hasZone: true))
  }

  @Test(
    "an offset that stands apart is the zone",
    arguments: [
      "2026-07-14 06:26:53 -03", "2026-07-14 06:26:53.000 -03 [12] LOG:  ok", "[2026-07-14 06:26:53 -03] ok",
      "Tue Jul 14 06:26:53 -03 2026", "Tue Jul 14 20:26:53 +11 2026", "2026-07-14 15:11:53 +0545 ok",
      "2026-07-14 11:26:53 (+0200) ok", "2026-07-14 11:26:53 +02:00 ok", "2026-07-14 11:26:53 +0200, ok",
      "2026-07-14 11:26:53+02 ok", "2026-07-14 11:26:53,123+02:00 ok", "2026-07-14 05:26:53,123-04:00 ok",
    ])
  func offsetApart(_ text: String) {
    let found = TimeScanner.first(in: Array(text.utf8)[...], near: Self.moment)
    #expect(found?.time.hasZone == true)
    #expect(found.map { $0.time.seconds.rounded(.down) } == Self.moment)
  }

  @Test(
    "a comma between two times is none of decimals",
    arguments: [
      "2026-07-14 09:26:53", "2026/07/14 09:26:53", "14.07.2026 09:26", "1/1/2026 09:26", "2026-07-14T09:26:53Z",
    ])
  func columns(_ second: String) {
    let found = TimeScanner.first(in: Array("2026-07-14 09:26:53,\(second),ok".utf8)[...], near: Self.moment)
    #expect(found?.time == WrittenTime(seconds: Self.moment, hasZone: false))
  }

  @Test("logrotate writes all numbers without a zero in front")
  func withoutZeros() {
    func time(_ text: String) -> WrittenTime? { TimeScanner.whole(Array(text.utf8)[...], near: Self.moment) }
    #expect(time("2026-7-14-9:6:3") == WrittenTime(seconds: Self.moment - 20 * 60 - 50, hasZone: false))
    #expect(time("2026-7-14-9:6") == nil)
    #expect(time("2026-7-14 9.6.3") == nil)
  }

  @Test("a day and a month that may be each other have two readings")
  func ambiguous() {
    let time = TimeScanner.whole(Array("03/04/2026 12:00".utf8)[...], near: Self.moment)
    #expect(time == WrittenTime(seconds: 1_775_217_600, alternative: 1_772_625_600, hasZone: false))
  }

  @Test(
    "what is no time is none",
    arguments: [
      "", "2026-07-14", "09:26:53", "2026-02-30T09:26:53Z", "2026-13-01T00:00:00Z", "2026-07-14T25:00:00Z",
      "2026-07-14T09:61:00Z", "17840212",
      "178402121", "4711", "1.2.3", "v2026.7.14", "99999999999999999999", "1784021213 is a time",
      "up since 2026-07-14T09:26:53Z", "-1784021213",
      "639196180130000000", "2e9", "1.784021213e9f", "1.5e2", "2026-07-1409:26:53", "14/07/202609:26:53", "January",
      "May 2026", "2026-W29-2T09:00", "10.20.30.40",
    ])
  func none(_ text: String) {
    #expect(TimeScanner.whole(Array(text.utf8)[...], near: Self.moment) == nil, "\(text)")
  }

  @Test(
    "the first time of a line is found in its words",
    arguments: [
      ("ok 1784021213", 3..<13), ("cycle=12 2026-07-14T09:26:53Z n=3", 9..<29),
      ("v2.10.1784 [2026-07-14 09:26:53 UTC] up", 12..<35),
      ("beat=1784021213;", 5..<15),
    ])
  func inLine(_ text: String, _ range: Range<Int>) {
    let found = TimeScanner.first(in: Array(text.utf8)[...], near: Self.moment)
    #expect(found?.time.seconds == Self.moment)
    #expect(found?.range == range)
  }

  @Test("a log line without a year is of the year in which it lies nearest")
  func turnOfTheYear() {
    let newYear = 1_767_225_700.0
    let time = TimeScanner.whole(Array("Dec 31 23:59:58".utf8)[...], near: newYear)
    #expect(time?.seconds == 1_767_225_598)
  }
}

@Suite("Time zones")
struct ZoneRulesTests {
  @Test("while clocks are set back there are two moments, and one while they go on")
  func setBack() throws {
    let zurich = try #require(ZoneRules(posix: "CET-1CEST,M3.5.0,M10.5.0/3"))
    // 25 October 2026, 02:30 on the wall.
    #expect(zurich.moments(wall: 1_792_895_400) == [1_792_888_200, 1_792_891_800])
    #expect(zurich.moments(wall: 1_792_899_000) == [1_792_895_400])
  }

  @Test("of the two the one nearer to the file's own time counts")
  func nearer() throws {
    let zurich = try #require(ZoneRules(posix: "CET-1CEST,M3.5.0,M10.5.0/3"))
    let time = WrittenTime(seconds: 1_792_895_400, hasZone: false)
    #expect(time.moment(in: zurich, nearest: 1_792_888_210) == 1_792_888_200)
    #expect(time.moment(in: zurich, nearest: 1_792_891_810) == 1_792_891_800)
  }

  @Test("what clocks skip is taken as they went before")
  func skipped() throws {
    let zurich = try #require(ZoneRules(posix: "CET-1CEST,M3.5.0,M10.5.0/3"))
    // 29 March 2026, 02:30.
    #expect(zurich.moments(wall: 1_774_751_400) == [1_774_747_800])
  }

  @Test(
    "rules of POSIX give their offsets",
    arguments: [
      ("UTC0", 0.0), ("EST5EDT,M3.2.0,M11.1.0", -14_400), ("EST5EDT", -14_400), ("<+0330>-3:30", 12_600),
      ("ACST-9:30ACDT,M10.1.0,M4.1.0/3", 34_200),
      ("AAA3BBB,J60/0,J300", -7200), ("AAA3BBB,59/0,299", -7200), ("NZST-12NZDT,M9.5.0,M4.1.0/3", 43_200),
    ])
  func rules(_ text: String, _ offset: Double) {
    #expect(ZoneRules(posix: text)?.offset(at: TimeScannerTests.moment) == offset)
  }

  @Test(
    "what is no rule is none",
    arguments: ["", "A5", "EST", "EST5EDT,", "EST5EDT,M13.1.0,M1.1.0", "EST999", "<x5", "EST5EDT,M3.2.0"])
  func noRules(_ text: String) {
    #expect(ZoneRules(posix: text) == nil)
  }

  @Test("a file of a zone is read, and cut short at any byte it is none or has no rule for later")
  func files() throws {
    // Version 2, one change, by RFC 8536: TST is 1 h east, from 1970-01-12 on 2 h, and the rule goes on.
    func part(_ size: Int) -> [UInt8] {
      var bytes: [UInt8] = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
      for count in [0, 0, 0, 1, 2, 4] { bytes += [0, 0, 0, UInt8(count)] }
      bytes += [UInt8](repeating: 0, count: size - 4) + [0, 15, 66, 64] + [1]
      return bytes + [0, 0, 14, 16, 0, 0] + [0, 0, 28, 32, 1, 0] + Array("TST\0".utf8)
    }
    let whole = part(4) + part(8) + Array("\nTST-3\n".utf8)
    let zone = try #require(ZoneRules(file: whole, name: "Test"))
    #expect([0, 999_999, 1_000_000, 2e9].map { zone.offset(at: $0) } == [3600, 3600, 10_800, 10_800])
    for length in 0..<whole.count - 7 {
      #expect(ZoneRules(file: Array(whole[..<length]), name: "Test") == nil)
    }
    // No file of a zone is as large as the largest that is read.
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("zone-\(UUID())")
    defer { try? FileManager.default.removeItem(at: file) }
    for (size, isRead) in [(262_144, true), (262_145, false)] {
      try Data(whole + [UInt8](repeating: 0, count: size - whole.count)).write(to: file)
      #expect((ZoneRules.read(file.path, name: "Test")?.offset(at: 2e9) == 10_800) == isRead, "\(size) bytes")
    }
  }
}
