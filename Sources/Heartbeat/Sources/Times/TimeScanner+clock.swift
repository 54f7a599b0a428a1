internal import POSIX

/// Times of day, and the zones behind them.
extension TimeScanner {
  mutating func timeOfDay(_ date: Double, _ alternative: Double?) -> WrittenTime? {
    guard let hour = number(1...2), let separator = [":", "h", "."].first(where: { $0.utf8.first == byte() }),
      pass(separator), case let digits = countOfDigits, let minute = number(1...2)
    else { return nil }
    var second: Double?
    if separator != "h", byte() == separator.utf8.first, TimeScanner.isDigit(byte(1)) {
      position += 1
      guard let whole = number(1...2) else { return nil }
      second = Double(whole) + fraction()
    }
    // `9:5:3`, as logrotate writes; `9.5` is a number.
    guard digits == 2 || separator == ":" && second != nil else { return nil }
    return finished(date, alternative, hour, minute, second ?? 0)
  }

  mutating func finished(
    _ date: Double, _ alternative: Double?, _ hour: Int, _ minute: Int, _ second: Double
  ) -> WrittenTime? {
    guard let clock = clock(hour, minute, second) else { return nil }
    return made(date, alternative, clock, zone())
  }

  /// A named zone is read where its file is there. What has another one is no time: it would be a wrong one.
  mutating func made(
    _ date: Double, _ alternative: Double?, _ clock: Double, _ zone: Double?
  ) -> WrittenTime? {
    if zone == nil, let name = nameOfZone() {
      guard let rules = ZoneRules.named(name) else { return nil }
      let wall = WrittenTime(seconds: date + clock, alternative: alternative.map { $0 + clock }, hasZone: false)
      return WrittenTime(seconds: wall.moment(in: rules, nearest: near), hasZone: true)
    }
    return WrittenTime(
      seconds: date + clock - (zone ?? 0), alternative: alternative.map { $0 + clock - (zone ?? 0) },
      hasZone: zone != nil)
  }

  /// Passes ` Europe/Zurich` and `[Europe/Zurich]`.
  private mutating func nameOfZone() -> String? {
    let start = position
    passAll(" ")
    let hasBracket = pass("[")
    let begin = position
    while position < text.endIndex, TimeScanner.isAlphanumeric(byte()) || "/-+".utf8.contains(byte()) { position += 1 }
    let name = String(decoding: text[begin..<position], as: UTF8.self)
    guard let slash = name.firstIndex(of: "/"), TimeWords.regions.contains(String(name[..<slash])) else {
      position = start
      return nil
    }
    if hasBracket { _ = pass("]") }
    return name
  }

  /// Passes ` m=+0.012` and ` CET m=+0.012`, which Go writes behind a time.
  mutating func passMonotonicClock() {
    let start = position
    passAll(" ")
    if !passText("m=") {
      _ = word()
      passAll(" ")
      guard passText("m=") else {
        position = start
        return
      }
    }
    _ = pass("+-")
    position += countOfDigits
    _ = fraction()
  }

  /// Any number of decimals behind a point or comma.
  mutating func fraction() -> Double {
    guard byte() == UInt8(ascii: ".") || byte() == UInt8(ascii: ","), TimeScanner.isDigit(byte(1)), !isCommaOfColumns
    else { return 0 }
    position += 1
    let start = position
    position += countOfDigits
    return Double("0." + String(decoding: text[start..<min(position, start + 18)], as: UTF8.self)) ?? 0
  }

  /// Whether a comma stands between two times, and not in front of decimals: `,2026-11-27`, `,27/11/2026`. The month of the
  /// second one would else be a zone.
  private var isCommaOfColumns: Bool {
    guard byte() == UInt8(ascii: ",") else { return false }
    var ahead = 1
    while TimeScanner.isDigit(byte(ahead)) { ahead += 1 }
    let separator = byte(ahead)
    guard "-/.".utf8.contains(separator), TimeScanner.isDigit(byte(ahead + 1)) else { return false }
    ahead += TimeScanner.isDigit(byte(ahead + 2)) ? 3 : 2
    return byte(ahead) == separator
  }

  /// Seconds since midnight, with AM or PM if that follows.
  mutating func clock(_ hour: Int, _ minute: Int, _ second: Double) -> Double? {
    var hour = hour
    switch halfOfDay() {
    case "a" where hour == 12: hour = 0
    case "p" where hour < 12: hour += 12
    default: break
    }
    // 60 is a leap second.
    guard hour <= 24, minute < 60, second < 61 else { return nil }
    return Double(hour * 3600 + minute * 60) + second
  }

  /// `a` or `p` of AM, `pm`, `p.m.` and `p. m.`; empty where none follows.
  private mutating func halfOfDay() -> String {
    let start = position
    passSpaces()
    var half = word()
    if half == "am" || half == "pm" { return String(half.prefix(1)) }
    if half == "a" || half == "p", pass(".") {
      passSpaces()
      let isWhole = word() == "m"
      if isWhole {
        _ = pass(".")
        return half
      }
    }
    (position, half) = (start, "")
    return half
  }

  /// The zone in seconds east of Greenwich; nil when none is named.
  mutating func zone() -> Double? {
    let start = position
    var hasGap = pass(" ")
    passAll(" ")
    if pass("(") { hasGap = true }
    let begin = position
    if let offset = offset(isLoose: false), !hasGap || isOffset(begin..<position, offset) { return offset }
    position = begin
    let word = word()
    let written = text[begin..<position]
    guard let known = TimeWords.zones[word] else {
      position = start
      return nil
    }
    let isGreenwich = ["z", "utc", "gmt"].contains(word)
    if known == 0, word != "z", let offset = offset(isLoose: true) { return offset }
    guard isGreenwich || hasGap && written.allSatisfy({ $0 < UInt8(ascii: "a") }), endsWord(isApart: hasGap),
      !isGreenwich && TimeWords.words.contains(word) ? endsTime : true
    else {
      position = start
      return nil
    }
    _ = pass(")")
    return known
  }

  /// Whether a zone's name is not the beginning of something else: ` z=5`, ` EST5EDT`, ` MET_1`.
  private func endsWord(isApart: Bool) -> Bool {
    let next = byte()
    return !isApart || !TimeScanner.isAlphanumeric(next) && !"=/-".utf8.contains(next)
  }

  /// Whether nothing follows that a word in capitals may belong to: the end, a bracket, a year, ` [12]`.
  private var endsTime: Bool {
    let next = byte()
    if position >= text.endIndex || "])\"',;|:".utf8.contains(next) { return true }
    guard next == UInt8(ascii: " ") else { return false }
    if byte(1) == UInt8(ascii: "[") { return true }
    return (1...4).allSatisfy { TimeScanner.isDigit(byte($0)) } && !TimeScanner.isAlphanumeric(byte(5))
  }

  /// Whether digits with a sign that stand apart from a time are its zone, and not a value behind it: ` -12.5`, ` +15 C`, ` +1530`.
  ///
  /// Of two digits only those are that `strftime`'s `%Z` writes, where what follows them ends a time: ` -03`, ` -03 2026`, ` +05 [12]`.
  private func isOffset(_ range: Range<Int>, _ offset: Double) -> Bool {
    let next = byte()
    if TimeScanner.isAlphanumeric(next) || next == UInt8(ascii: "%") { return false }
    guard range.count <= 3 else {
      return (-43_200...50_400).contains(offset) && offset.truncatingRemainder(dividingBy: 900) == 0
    }
    if next == UInt8(ascii: ","), TimeScanner.isDigit(byte(1)) { return false }
    let hasZero = text[range.lowerBound + 1] == UInt8(ascii: "0")
    return endsTime && (hasZero || next == UInt8(ascii: " "))
  }

  /// `+01:00`, `-0800`, `+01`, and `+4` behind GMT; none where decimals or seconds follow.
  private mutating func offset(isLoose: Bool) -> Double? {
    let start = position
    let isMinus = passText("\u{2212}")
    let isWest = isMinus || byte() == UInt8(ascii: "-")
    guard isMinus || pass("+-") else { return nil }
    let count = countOfDigits
    var hours: Int?
    var minutes: Int? = 0
    switch count {
    case 4: (hours, minutes) = (digits(2), digits(2))
    case let count where count == 2 || count == 1 && isLoose:
      hours = digits(count)
      if byte() == UInt8(ascii: ":"), TimeScanner.isDigit(byte(1)) {
        position += 1
        minutes = number(2...2)
      }
    default: break
    }
    let goesOn = ".:".utf8.contains(byte()) && TimeScanner.isDigit(byte(1))
    guard let hours, let minutes, hours <= 18, minutes < 60, !goesOn else {
      position = start
      return nil
    }
    let seconds = Double(hours * 3600 + minutes * 60)
    return isWest ? -seconds : seconds
  }

  /// Whether what follows is the name of a zone for people: `[Europe/Zurich]`, ` (Central European Time)`, ` CST`.
  var isZoneName: Bool {
    var rest = text[position...]
    while rest.first == 0x20 { rest.removeFirst() }
    guard let first = rest.first else { return true }
    if first == UInt8(ascii: "[") || first == UInt8(ascii: "(") { return true }
    let region = String(decoding: rest.prefix { $0 != UInt8(ascii: "/") }, as: UTF8.self)
    if TimeWords.regions.contains(region) { return rest.allSatisfy { $0 != 0x20 } }
    return rest.count <= 5 && rest.allSatisfy { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") }
  }
}
