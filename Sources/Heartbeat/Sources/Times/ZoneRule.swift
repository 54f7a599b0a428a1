internal import POSIX

/// A time zone as POSIX writes it: `CET-1CEST,M3.5.0,M10.5.0/3` (`tzset(3)`).
struct ZoneRule: Hashable, Sendable {
  /// Seconds east of Greenwich in winter.
  var standard: Double
  /// Summer time, if there is any.
  private var summer: Summer?

  private struct Summer: Hashable {
    var offset: Double
    var begin: Change
    var end: Change
  }

  /// When clocks are set.
  private struct Change: Hashable {
    enum Day: Hashable {
      /// The nth weekday of a month; the fifth is the last.
      case weekday(month: Int, week: Int, day: Int)
      /// 1 to 365; 29 February does not count.
      case withoutLeapDay(Int)
      /// 0 to 365.
      case ofYear(Int)
    }
    var day: Day
    /// Seconds from midnight.
    var time = 7200.0

    /// Seconds from 1970 to what the clocks show then.
    func wall(year: Int) -> Double {
      let number: Int
      switch day {
      case .ofYear(let day): number = CivilDay.number(year: year, month: 1, day: 1) + day
      case .withoutLeapDay(let day):
        let leapDay = CivilDay.isLeap(year) && day >= 60 ? 1 : 0
        number = CivilDay.number(year: year, month: 1, day: 1) + day - 1 + leapDay
      case .weekday(let month, let week, let day):
        let first = CivilDay.number(year: year, month: month, day: 1)
        let next =
          month == 12
          ? CivilDay.number(year: year + 1, month: 1, day: 1) : CivilDay.number(year: year, month: month + 1, day: 1)
        var found = first + (day - CivilDay.weekday(ofDay: first) + 7) % 7 + (week - 1) * 7
        while found >= next { found -= 7 }
        number = found
      }
      return Double(number) * 86_400 + time
    }
  }

  /// Seconds east at a moment.
  func offset(at time: Double) -> Double {
    guard let summer, time.magnitude < 1e11 else { return standard }
    let year = CivilDay.year(of: time + standard)
    let begin = summer.begin.wall(year: year) - standard
    let end = summer.end.wall(year: year) - summer.offset
    let isSummer = begin < end ? time >= begin && time < end : time >= begin || time < end
    return isSummer ? summer.offset : standard
  }

  /// nil when the text is no such rule.
  init?(_ text: String) {
    var reader = Reader(text: Array(text.utf8))
    guard reader.name(), let standard = reader.offset() else { return nil }
    self.standard = -standard
    guard !reader.isAtEnd else { return }
    guard reader.name() else { return nil }
    let offset = reader.startsOffset ? reader.offset().map { -$0 } : self.standard + 3600
    guard let offset else { return nil }
    // Without dates those of the United States hold.
    guard !reader.isAtEnd else {
      summer = Summer(
        offset: offset, begin: Change(day: .weekday(month: 3, week: 2, day: 0)),
        end: Change(day: .weekday(month: 11, week: 1, day: 0)))
      return
    }
    guard let begin = reader.change(), let end = reader.change(), reader.isAtEnd else { return nil }
    summer = Summer(offset: offset, begin: begin, end: end)
  }

  private struct Reader {
    let text: [UInt8]
    var position = 0

    var isAtEnd: Bool { position >= text.count }
    private var byte: UInt8 { isAtEnd ? 0 : text[position] }

    private mutating func pass(_ wanted: Character) -> Bool {
      guard !isAtEnd, byte == wanted.asciiValue else { return false }
      position += 1
      return true
    }

    var startsOffset: Bool { byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") || byte &- UInt8(ascii: "0") < 10 }

    mutating func name() -> Bool {
      let start = position
      if pass("<") {
        while !isAtEnd, byte != UInt8(ascii: ">") { position += 1 }
        return pass(">")
      }
      while (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) { position += 1 }
      return position - start >= 3
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int? {
      let start = position
      var value = 0
      while byte &- UInt8(ascii: "0") < 10, position - start < 4 {
        value = value * 10 + Int(widening: byte &- UInt8(ascii: "0"))
        position += 1
      }
      return position > start && range.contains(value) ? value : nil
    }

    mutating func offset() -> Double? {
      let isNegative = byte == UInt8(ascii: "-")
      if byte == UInt8(ascii: "+") || isNegative { position += 1 }
      guard let hours = number(0...167) else { return nil }
      var seconds = Double(hours) * 3600
      if pass(":") {
        guard let minutes = number(0...59) else { return nil }
        seconds += Double(minutes) * 60
        if pass(":") {
          guard let rest = number(0...59) else { return nil }
          seconds += Double(rest)
        }
      }
      return isNegative ? -seconds : seconds
    }

    mutating func change() -> Change? {
      guard pass(",") else { return nil }
      var change: Change
      if pass("M") {
        guard let month = number(1...12), pass("."), let week = number(1...5), pass("."), let day = number(0...6) else {
          return nil
        }
        change = Change(day: .weekday(month: month, week: week, day: day))
      } else if pass("J") {
        guard let day = number(1...365) else { return nil }
        change = Change(day: .withoutLeapDay(day))
      } else {
        guard let day = number(0...365) else { return nil }
        change = Change(day: .ofYear(day))
      }
      if pass("/") {
        guard let time = offset() else { return nil }
        change.time = time
      }
      return change
    }
  }
}
