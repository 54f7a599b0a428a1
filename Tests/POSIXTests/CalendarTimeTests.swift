import Glibc
import Testing

@testable import POSIX

@Suite("Calendar times")
struct CalendarTimeTests {
  @Test(
    "are UTC by RFC 3339, and the nearest that a calendar has",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (1_703_123_456.789, "2023-12-21T01:50:56.789Z"),
      (951_782_400, "2000-02-29T00:00:00.000Z"), (-0.001, "1969-12-31T23:59:59.999Z"),
      (Double.nan, "1970-01-01T00:00:00.000Z"), (-.infinity, "0000-01-01T00:00:00.000Z"),
      (.infinity, "9999-12-31T23:59:59.000Z"), (1e300, "9999-12-31T23:59:59.000Z"),
    ])
  func rfc3339(time: Double, expected: String) {
    #expect(CalendarTime.rfc3339(time) == expected)
  }

  @Test(
    "are shown by clocks that are ahead of UTC or behind it",
    arguments: [(0.0, "20231231T233005"), (3600, "20240101T003005"), (-34_200, "20231231T140005")])
  func offset(_ seconds: Double, _ expected: String) {
    #expect(CalendarTime(1_704_065_405, in: .offset(seconds)).compact == expected)
  }

  @Test("have the days of the week, and the words of strftime")
  func words() {
    let time = CalendarTime(784_111_777)
    #expect((time.weekday, time.day, time.month, time.year) == (0, 6, 10, 1994))
    #expect(time.text("%Y-%j %H") == "1994-310 08")
  }

  @Test("are those of the C library, on every day of 400 years and at their ends")
  func everyDay() {
    var wrong: [Int] = []
    let days = Array(-200_000...100_000) + [-719_528, 2_932_896]
    for seconds in days.flatMap({ [$0 * 86_400, $0 * 86_400 + 86_399] }) {
      var (time, parts) = (time_t(seconds), tm())
      gmtime_r(&time, &parts)
      let shown = CalendarTime(Double(seconds))
      let day =
        [shown.year, shown.month, shown.day, shown.weekday] == [
          Int(parts.tm_year) + 1900, Int(parts.tm_mon), Int(parts.tm_mday), Int(parts.tm_wday),
        ]
      if !day { wrong.append(seconds) }
      guard seconds % 999 == 0 || parts.tm_mday == 1 else { continue }
      var buffer = [CChar](repeating: 0, count: 64)
      let count = strftime(&buffer, buffer.count, "%j %H:%M:%S", &parts)
      let expected = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if shown.text("%j %H:%M:%S") != expected { wrong.append(seconds) }
    }
    #expect(wrong.isEmpty)
  }
}
