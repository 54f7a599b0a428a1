public import Heartbeat
internal import POSIX

extension CronSchedule {
  /// Times behind this one, the end of the year 9999, have no next one.
  private static let latest = 253_402_300_800.0
  /// So many months are looked through: the weekdays of 29 February come again after 28 years, over a century's turn after 40.
  private static let mostMonths = 12 * 41
  private static let daySeconds = 86_400.0

  /// The first moment behind another one at which it is due; nil when there is none.
  ///
  /// Where clocks are set forward, what is due at a skipped time is due when they have been set; where they are set back, what is
  /// due at a time that comes twice is due the first time. A schedule whose hour begins with `*` goes by what the clocks show: a
  /// skipped time is left out, and one that comes twice counts twice.
  ///
  /// - Parameter time: Unix time in seconds.
  public func next(after time: Double, in zone: ZoneRules) -> Double? {
    guard time.isFinite, time.magnitude < CronSchedule.latest else { return nil }
    // Clocks that were set back may still be at the day before.
    let firstDay = Int(clamping: ((time + zone.offset(at: time)) / CronSchedule.daySeconds).rounded(.down)) - 1
    var year = CivilDay.year(of: Double(firstDay) * CronSchedule.daySeconds)
    var month = 1
    while month < 12, CivilDay.number(year: year, month: month + 1, day: 1) <= firstDay { month += 1 }
    for _ in 0..<CronSchedule.mostMonths {
      let first = CivilDay.number(year: year, month: month, day: 1)
      let (nextYear, nextMonth) = month == 12 ? (year + 1, 1) : (year, month + 1)
      if months.contains(month) {
        let end = CivilDay.number(year: nextYear, month: nextMonth, day: 1)
        for day in max(first, firstDay)..<max(first, firstDay, end)
        where isDue(dayOfMonth: day - first + 1, weekday: CivilDay.weekday(ofDay: day)) {
          if let moment = moment(onDay: day, after: time, in: zone) { return moment }
        }
      }
      (year, month) = (nextYear, nextMonth)
    }
    return nil
  }

  private func isDue(dayOfMonth: Int, weekday: Int) -> Bool {
    let (inMonth, inWeek) = (days.contains(dayOfMonth), weekdays.contains(weekday))
    return needsBothDays ? inMonth && inWeek : inMonth || inWeek
  }

  /// The first moment of a day, as the clocks have it.
  ///
  /// - Parameter day: in days since 1 January 1970.
  private func moment(onDay day: Int, after time: Double, in zone: ZoneRules) -> Double? {
    let midnight = Double(day) * CronSchedule.daySeconds
    let offset = zone.offset(at: midnight - 2 * CronSchedule.daySeconds)
    guard offset == zone.offset(at: midnight + 3 * CronSchedule.daySeconds) else {
      return momentNearChange(midnight, after: time, in: zone)
    }
    let minute = Int(clamping: ((time + offset - midnight) / 60).rounded(.down)) + 1
    guard minute < 24 * 60 else { return nil }
    let (hour, rest) = (max(0, minute) / 60, max(0, minute) % 60)
    if hours.contains(hour), let minute = minutes.first(from: rest) {
      return midnight - offset + Double(hour * 60 + minute) * 60
    }
    guard let hour = hours.first(from: hour + 1), let minute = minutes.first(from: 0) else { return nil }
    return midnight - offset + Double(hour * 60 + minute) * 60
  }

  /// The same where clocks are set within some days.
  private func momentNearChange(_ midnight: Double, after time: Double, in zone: ZoneRules) -> Double? {
    var found: Double?
    for hour in hours.all {
      for minute in minutes.all {
        for moment in moments(wall: midnight + Double(hour * 60 + minute) * 60, in: zone)
        where moment > time && moment < found ?? .infinity {
          found = moment
        }
      }
    }
    return found
  }

  private func moments(wall: Double, in zone: ZoneRules) -> [Double] {
    let shown = zone.moments(wall: wall)
    guard let first = shown.first else { return [] }
    if first + zone.offset(at: first) == wall { return hasAnyHour ? shown : [first] }
    return hasAnyHour ? [] : [zone.change(skipping: wall)]
  }
}
