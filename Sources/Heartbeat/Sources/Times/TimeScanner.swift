internal import POSIX

/// Finds times in texts: ISO 8601, dates of mail and of `date(1)`, of logs, day first or month first, and numbers.
///
/// A date without a time of day is no time, nor is a time of day without a date.
struct TimeScanner {
  let text: ArraySlice<UInt8>
  /// Unix time that decides what a text leaves open: the year of a log line.
  let near: Double
  var position: Int

  private init(_ text: ArraySlice<UInt8>, near: Double, at position: Int) {
    self.text = text
    self.near = near
    self.position = position
  }

  /// The time that a text is, with nothing but quotes, brackets and white space around it.
  ///
  /// - Parameter near: Unix time that decides what the text leaves open.
  static func whole(_ text: ArraySlice<UInt8>, near: Double) -> WrittenTime? {
    guard text.count <= longestTime else { return nil }
    let around: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D, 0x22, 0x27, 0x5B, 0x5D, 0x28, 0x29]
    var text = text
    while let first = text.first, around.contains(first) { text.removeFirst() }
    while let last = text.last, around.contains(last) { text.removeLast() }
    guard !text.isEmpty else { return nil }
    var scanner = TimeScanner(text, near: near, at: text.startIndex)
    guard let time = scanner.time() else { return nil }
    scanner.passMonotonicClock()
    return scanner.position == text.endIndex || scanner.isZoneName ? time : nil
  }

  /// A longer text is no time, in bytes.
  static let longestTime = 80

  /// A time in a line, and where it stands.
  struct Found {
    let time: WrittenTime
    let range: Range<Int>
  }

  /// The first time in a line.
  static func first(in line: ArraySlice<UInt8>, near: Double) -> Found? {
    var start = line.startIndex
    var before: UInt8 = 0x20
    while start < line.endIndex {
      let byte = line[start]
      if isAlphanumeric(byte), !isAlphanumeric(before), before != UInt8(ascii: ".") {
        var scanner = TimeScanner(line, near: near, at: start)
        if let time = scanner.time() { return Found(time: time, range: start..<scanner.position) }
      }
      before = byte
      start += 1
    }
    return nil
  }

  /// Whether a text is a number without a sign and nothing else.
  static func isNumber(_ text: some Collection<UInt8>) -> Bool {
    guard let first = text.first, isDigit(first), text.count <= longestTime else { return false }
    return text.allSatisfy { isDigit($0) || ".eE+".utf8.contains($0) } && plain(text) != nil
  }

  private static func plain(_ digits: some Collection<UInt8>) -> WrittenTime? {
    guard digits.count <= 40 else { return nil }
    return Double(String(decoding: digits, as: UTF8.self)).flatMap { WrittenTime(number: $0) }
  }

  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    isDigit(byte) || isLetter(byte) || byte >= 0x80 || byte == UInt8(ascii: "_")
  }
  static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
  static func isLetter(_ byte: UInt8) -> Bool {
    byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
  }

  /// Passes a time that begins here.
  private mutating func time() -> WrittenTime? {
    if TimeScanner.isDigit(byte()) { return beginningWithDigit() }
    let word = word()
    guard !word.isEmpty else { return nil }
    if TimeWords.isDay(word) {
      passAll(".,")
      passAll(" ")
      if TimeScanner.isDigit(byte()) { return dayFirst() }
      return monthFirst(self.word())
    }
    return monthFirst(word)
  }

  private mutating func beginningWithDigit() -> WrittenTime? {
    let start = position
    if let time = exponential() { return time }
    switch countOfDigits {
    case 9...: if let time = plainNumber() ?? compact() { return time }
    case 8: if let time = compact() { return time }
    case 4: if let time = yearFirst() { return time }
    case 1, 2: if let time = dayFirst() { return time }
    default: break
    }
    position = start
    return nil
  }

  /// `1791003365`, `1791003365.25`, `1791003365250`: Unix times.
  private mutating func plainNumber() -> WrittenTime? {
    let start = position
    position += countOfDigits
    var end = position
    if byte() == UInt8(ascii: "."), TimeScanner.isDigit(byte(1)) {
      position += 1
      position += countOfDigits
      end = position
    }
    let isAlone = position >= text.endIndex || !TimeScanner.isAlphanumeric(byte()) || [0x6D, 0x73].contains(byte())
    guard isAlone, let time = Self.plain(text[start..<end]) else {
      position = start
      return nil
    }
    return time
  }

  /// `1.7910033e+09`, as programs in C and Go print large numbers. Without a point it may be a part of an id.
  private mutating func exponential() -> WrittenTime? {
    let start = position
    position += countOfDigits
    guard pass("."), countOfDigits > 0 else {
      position = start
      return nil
    }
    position += countOfDigits
    let hasExponent = pass("eE")
    if hasExponent { _ = pass("+") }
    let digits = countOfDigits
    position += digits
    let isAlone = position >= text.endIndex || !TimeScanner.isAlphanumeric(byte())
    guard hasExponent, (1...2).contains(digits), isAlone, let time = Self.plain(text[start..<position]) else {
      position = start
      return nil
    }
    return time
  }

  /// `20261125T184510Z`, `20261125_184510`, `20261125184510`.
  private mutating func compact() -> WrittenTime? {
    let start = position
    if let year = digits(4), let month = digits(2), let day = digits(2),
      let date = CivilDay.seconds(year: year, month: month, day: day)
    {
      _ = pass("Tt_- ")
      if countOfDigits == 6, let hour = digits(2), let minute = digits(2), let second = digits(2) {
        if let time = finished(date, nil, hour, minute, Double(second) + fraction()) { return time }
      } else if let time = timeOfDay(date, nil) {
        return time
      }
    }
    position = start
    return nil
  }

  /// `2026-11-25T18:45:10.5+01:00` and its relatives with a space, slashes or dots.
  private mutating func yearFirst() -> WrittenTime? {
    guard let year = number(4...4), pass("-/."), let month = number(1...2), pass("-/."), let day = number(1...2),
      let date = CivilDay.seconds(year: year, month: month, day: day)
    else { return nil }
    let behindDate = position
    _ = pass("Tt _,-|")
    passToTime()
    guard position > behindDate else { return nil }
    return timeOfDay(date, nil)
  }

  /// `25/11/2026 18:45:10`, `25 Nov 2026 18:45:10 +0100`, `25/Nov/2026:18:45:10 +0000`.
  private mutating func dayFirst() -> WrittenTime? {
    guard let first = number(1...2), pass("/.- ") else { return nil }
    passAll(" ")
    if TimeScanner.isLetter(byte()) {
      guard let month = TimeWords.month(word()) else { return nil }
      passAll(".,/- ")
      let isJoined = text[position - 1] == UInt8(ascii: "/") || text[position - 1] == UInt8(ascii: "-")
      // `Do 26. Nov 18:45:10 CET 2026` has its year at the end.
      if countOfDigits <= 2, byte(countOfDigits) == UInt8(ascii: ":"), !isJoined { return timeThenYear(month, first) }
      guard let year = number(4...4) ?? number(2...2).map({ 2000 + $0 }),
        let date = CivilDay.seconds(year: year, month: month, day: first)
      else { return nil }
      passAll(":, T-")
      passWord("at")
      return timeOfDay(date, nil)
    }
    guard let second = number(1...2), pass("/.-"), let year = number(4...4) ?? number(2...2).map({ 2000 + $0 }) else {
      return nil
    }
    let behindDate = position
    _ = pass(" ,T_|")
    passToTime()
    guard position > behindDate else { return nil }
    let dayFirst = CivilDay.seconds(year: year, month: second, day: first)
    let monthFirst = CivilDay.seconds(year: year, month: first, day: second)
    guard let date = dayFirst ?? monthFirst else { return nil }
    return timeOfDay(date, dayFirst != nil && monthFirst != date ? monthFirst : nil)
  }

  /// `Nov 25 18:45:10 2026`, `Nov 25, 2026 18:45`, `Nov 25 18:45:10` of a log.
  private mutating func monthFirst(_ word: String) -> WrittenTime? {
    guard let month = TimeWords.month(word) else { return nil }
    passAll(". ")
    guard let day = number(1...2) else { return nil }
    passAll(", ")
    if countOfDigits == 4, let year = number(4...4) {
      guard let date = CivilDay.seconds(year: year, month: month, day: day) else { return nil }
      passAll(", ")
      passWord("at")
      return timeOfDay(date, nil)
    }
    return timeThenYear(month, day)
  }

  /// `18:45:10 UTC 2026`, and the same without a year.
  private mutating func timeThenYear(_ month: Int, _ day: Int) -> WrittenTime? {
    let year = CivilDay.year(of: near)
    guard let hour = number(1...2), pass(":"), let minute = number(2...2) else { return nil }
    let second = pass(":") ? Double(number(2...2) ?? 99) + fraction() : 0
    guard let clock = clock(hour, minute, second) else { return nil }
    let behindClock = position
    var zone = zone()
    let behindZone = position
    passAll(" ")
    if countOfDigits == 4, let written = number(4...4) {
      guard let date = CivilDay.seconds(year: written, month: month, day: day) else { return nil }
      return made(date, nil, clock, zone ?? self.zone())
    }
    position = behindZone
    if isProgram, !text[behindClock..<behindZone].contains(where: TimeScanner.isDigit) {
      // What stands between the time and the program is the host, whatever it is called.
      (zone, position) = (nil, behindClock)
    }
    // The year in which it lies nearest: at the turn of a year a line may be of the one before.
    let dates = [year - 1, year, year + 1].compactMap { CivilDay.seconds(year: $0, month: month, day: day) }
    guard let date = dates.min(by: { ($0 + clock - near).magnitude < ($1 + clock - near).magnitude }) else {
      return nil
    }
    return made(date, nil, clock, zone)
  }

  /// Whether a program's name as syslog writes it follows: ` bot[12]:`, ` bot:`.
  private var isProgram: Bool {
    var rest = text[position...].drop { $0 == 0x20 }
    let name = rest.prefix { TimeScanner.isAlphanumeric($0) || "-./@".utf8.contains($0) }
    rest = rest[name.endIndex...]
    guard !name.isEmpty, name.startIndex > position, let next = rest.first else { return false }
    if next == UInt8(ascii: ":") { return true }
    return next == UInt8(ascii: "[") && rest.dropFirst().drop(while: TimeScanner.isDigit).starts(with: "]:".utf8)
  }

  /// What may stand between a date and a time of day: `2026-11-25 at 18:45:10`, `2026-11-25 | 18:45:10`.
  private mutating func passToTime() {
    passSpaces()
    if pass("|") { passSpaces() }
    passWord("at")
  }

  private mutating func passWord(_ wanted: String) {
    let start = position
    if word() == wanted { passAll(" ") } else { position = start }
  }
}
