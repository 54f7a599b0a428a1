import Foundation
import Heartbeat
import Testing

@testable import Monitoring

@Suite("Schedules")
struct CronScheduleTests {
  /// A row of `Tests/Fixtures/schedules/croniter.tsv`, which its peer has made.
  struct Row: CustomTestStringConvertible {
    var zone: String
    var after: Double
    var text: String
    var due: [Double]

    var testDescription: String { "\(text) in \(zone) after \(after)" }

    static let all: [Row] = {
      let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../Fixtures/schedules/croniter.tsv")
      let lines = (try? String(contentsOf: file, encoding: .utf8))?.split(separator: "\n") ?? []
      return lines.filter { !$0.hasPrefix("#") }.map { line in
        let columns = line.split(separator: "\t").map(String.init)
        return Row(
          zone: columns[0], after: Double(columns[1]) ?? 0, text: columns[2],
          due: columns[3].split(separator: " ").compactMap { Double($0) })
      }
    }()
  }

  @Test("are due when croniter has them due, also where clocks are set")
  func likeCroniter() throws {
    #expect(Row.all.count == 1_500)
    for row in Row.all {
      let zone = try #require(ZoneRules.named(row.zone))
      let schedule = try CronSchedule(row.text)
      var (time, due) = (row.after, [Double]())
      while due.count < row.due.count, let next = schedule.next(after: time, in: zone) {
        due.append(next)
        time = next
      }
      #expect(due == row.due, "\(row.testDescription)")
    }
  }

  // Clocks of Zurich: 2025-03-30 02:00 becomes 03:00 (Unix 1743296400), 2025-10-26 03:00 becomes 02:00 (1761440400).
  @Test(
    "have rules of their own where clocks are set",
    arguments: [
      (
        "what is due at a skipped time is due at the change", "30 2 * * *", 1_743_290_000,
        [1_743_296_400, 1_743_381_000]
      ),
      ("by the clock a skipped time is left out", "30 * * * *", 1_743_294_700, [1_743_298_200]),
      ("what is due twice is due the first time", "30 2 * * *", 1_761_436_000, [1_761_438_600, 1_761_528_600]),
      ("by the clock it counts twice", "30 * * * *", 1_761_436_000, [1_761_438_600, 1_761_442_200, 1_761_445_800]),
      ("a step of hours goes by the clock", "30 */2 * * *", 1_761_436_000, [1_761_438_600, 1_761_442_200]),
    ])
  func clocks(what: String, text: String, after: Int, due: [Int]) throws {
    let zone = try #require(ZoneRules(posix: "CET-1CEST,M3.5.0,M10.5.0/3"))
    var time = Double(after)
    for expected in due {
      time = try #require(try CronSchedule(text).next(after: time, in: zone))
      #expect(time == Double(expected), "\(what)")
    }
  }

  // 2024-01-01 was a Monday.
  @Test(
    "days of the month and of the week: either, unless one of them begins with a star",
    arguments: [
      ("0 0 13 * 5", "2024-01-05"), ("0 0 */13 * 5", "2024-03-01"), ("0 0 13 * */5", "2024-09-13"),
      ("0 0 13 * *", "2024-01-13"), ("0 0 * * fri", "2024-01-05"), ("0 0 * * 7", "2024-01-07"),
      ("0 0 29 FEB *", "2024-02-29"), ("0 0 29 2 */3", "2032-02-29"), ("@yearly", "2025-01-01"),
    ])
  func days(text: String, day: String) throws {
    let next = try #require(try CronSchedule(text).next(after: 1_704_067_200, in: .utc))
    #expect(ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: next)).prefix(10) == day)
  }

  @Test(
    "that are odd are refused, with the place",
    arguments: [
      ("", "0 fields: expected five fields: minute, hour, day of the month, month, day of the week (character 1)"),
      (
        "0 3 * *",
        "4 fields: expected five fields: minute, hour, day of the month, month, day of the week (character 8)"
      ),
      (
        "0 0 3 * * *",
        "6 fields: expected five fields: minute, hour, day of the month, month, day of the week (character 11)"
      ),
      ("60 * * * *", "minute 60: expected 0 to 59 (character 1)"),
      ("0 24 * * *", "hour 24: expected 0 to 23 (character 3)"),
      ("0 3 0 * *", "day of the month 0: expected 1 to 31 (character 5)"),
      ("0 3 * 13 *", "month 13: expected 1 to 12 (or jan to dec) (character 7)"),
      ("0 3 * * 8", "day of the week 8: expected 0 to 7 (or sun to sat) (character 9)"),
      ("0 3 * * mon-fry", "day of the week \"fry\": expected 0 to 7 (or sun to sat) (character 13)"),
      ("0 3 * * fri-mon", "day of the week: the range ends before it begins (character 13)"),
      ("0 3 * * mon,", "day of the week: expected 0 to 7 (or sun to sat) (character 13)"),
      ("5/15 * * * *", "minute: a step needs a range: expected 5-59/... (character 2)"),
      ("*/0 * * * *", "minute: expected a step from 1 to 59 (character 3)"),
      ("*/ * * * *", "minute: expected a step from 1 to 59 (character 3)"),
      ("1-2-3 * * * *", "minute: \"-3\" is not understood: expected a comma or the end of the field (character 4)"),
      ("0 3 L * *", "day of the month \"l\": expected 1 to 31 (character 5)"),
      ("0 3 ? * *", "day of the month: expected 1 to 31 (character 5)"),
      (
        "0 3 * * 5#2",
        "day of the week: \"#2\" is not understood: expected a comma or the end of the field (character 10)"
      ),
      ("0 3 * * \u{1b}[31m", "day of the week: expected 0 to 7 (or sun to sat) (character 9)"),
      ("ä 3 * * 9", "minute: expected 0 to 59 (character 1)"),
      ("0 3 30,31 2 *", "none of the months has such a day: it would never come (character 5)"),
      ("0 3 31 4,6,9,11 *", "none of the months has such a day: it would never come (character 5)"),
      ("99999999999999999999 * * * *", "minute 99999999999999999999: expected 0 to 59 (character 1)"),
      ("@reboot", "expected one of @annually, @daily, @hourly, @midnight, @monthly, @weekly, @yearly (character 1)"),
      ("@daily 5", "something behind \"@daily\": expected nothing else (character 8)"),
      (String(repeating: " ", count: 1_025), "expected 1024 bytes at most (character 1)"),
    ])
  func odd(text: String, problem: String) {
    do throws(CronSchedule.Invalid) {
      _ = try CronSchedule(text)
      Issue.record("it was taken: \(text)")
    } catch {
      #expect(error.description == problem)
    }
  }

  @Test(
    "have no next time beyond all calendars",
    arguments: [.nan, .infinity, -.infinity, 1e300, -1e300, 253_402_300_800.0])
  func noTime(time: Double) throws {
    #expect(try CronSchedule("0 3 * * *").next(after: time, in: .utc) == nil)
  }
}
