internal import Flags
internal import Glibc
internal import Heartbeat
internal import Monitoring
internal import POSIX

/// `heartbeat job next`: when a schedule is due.
enum ScheduleShow {
  private static let zone = Flag<String>.value(
    "time-zone", .string.named("ZONE"), default: "local",
    help: "The time zone of the schedule, such as Europe/Zurich, utc or local.")
  private static let count = Flag<Int>.value(
    "count", .integer(1...1_000), default: 5, help: "Number of times to show.")
  private static let after = Flag<Int?>.optional(
    "after", .integer(0...latest).named("SECONDS"), help: "Unix time after which to look. Default: now.")

  /// The end of the year 9999.
  private static let latest = 253_402_300_799
  /// The most bytes of schedules that are read from standard input.
  private static let longestInput = 4 << 20

  static let flags: [any FlagDefinition] = [zone, count, after]

  /// Shows the next times of a schedule, one a line; of `-` those of each line of standard input, in one line.
  static func run(_ text: String, _ values: FlagValues) throws(FlagError) -> Int32 {
    guard let rules = ZoneRules.named(values[zone]) else {
      throw .badValue(
        source: "--time-zone", value: values[zone],
        expected: "a time zone such as Europe/Zurich, utc or local, of those in /usr/share/zoneinfo (Debian's tzdata)")
    }
    let start = values[after].map { Double($0) } ?? Clock.realtime
    guard text == "-" else {
      guard let schedule = read(text) else { return 2 }
      for time in times(schedule, rules, start, values[count]) { Console.print(time) }
      return 0
    }
    var bytes: [UInt8] = []
    do throws(Errno) {
      try StandardInput.read(into: &bytes, limit: longestInput)
    } catch {
      Console.error("standard input: \(error)")
      return 1
    }
    var status: Int32 = 0
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let schedule = read(String(line))
      if schedule == nil { status = 2 }
      Console.print(schedule.map { times($0, rules, start, values[count]).joined(separator: " ") } ?? "-")
    }
    return status
  }

  private static func read(_ text: String) -> CronSchedule? {
    do throws(CronSchedule.Invalid) {
      return try CronSchedule(text)
    } catch {
      Console.error("\(quoted(text)): \(error)")
      return nil
    }
  }

  private static func times(_ schedule: CronSchedule, _ zone: ZoneRules, _ start: Double, _ count: Int) -> [String] {
    var times: [String] = []
    var time = start
    while times.count < count, let next = schedule.next(after: time, in: zone) {
      times.append(written(next, offset: zone.offset(at: next)))
      time = next
    }
    return times
  }

  /// As RFC 3339 has it: `2026-03-29T03:00:00+02:00`.
  private static func written(_ time: Double, offset: Double) -> String {
    let shown = CalendarTime(time, in: .offset(offset))
    let east = Int(clamping: offset.magnitude / 60)
    let zone = "\(offset < 0 ? "-" : "+")\(CalendarTime.padded(east / 60)):\(CalendarTime.padded(east % 60))"
    return "\(shown.date)T\(shown.clock)\(zone)"
  }
}
