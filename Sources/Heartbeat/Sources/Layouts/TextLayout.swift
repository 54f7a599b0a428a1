/// A text with a time in it: keys and values, else the first time in the last line that has one.
enum TextLayout {
  static func read(
    _ text: ArraySlice<UInt8>, _ facts: SourceFacts, _ settings: SourceSettings
  ) -> Result<SourceRecognition, SourceFailure> {
    var nearest: String?
    if !facts.isTail, let object = KeyValueText.parse(text) {
      let reading = SourceReading(facts, settings, times: ZoneVotes.times(in: [.object(object)], facts, settings))
      switch SingleLayout.read(object, reading) {
      case .success(var single):
        single.layout = .text
        single.zone = reading.hasWallTimes ? reading.zone.name : nil
        return .success(single)
      case .failure(let failure):
        if case .key = settings.time { return .failure(failure) }
        // `cycle=3  2026-11-25 18:45:10 UTC` has its time beside a value; one that is a value was refused for its key.
        let isValue = object.members.contains { member in
          if case .time = SourceValue.time(member.value, near: facts.modified) { return true }
          return false
        }
        if isValue || object.count > 1 && find(text, facts) == nil { return .failure(failure) }
        if case .noBeat(let sentence) = failure { nearest = sentence }
      }
    }
    guard let found = find(text, facts) else { return .failure(.noBeat(nearest ?? "there is no time in it")) }
    if let word = found.startWord {
      return .failure(
        .noBeat(
          "its only time stands behind the word \"\(word)\" and is that of a start; `time: mtime` takes the file's own")
      )
    }
    let reading = SourceReading(facts, settings, times: [found.time])
    let moment = reading.moment(found.time)
    guard !reading.isFarAhead(moment) else { return .failure(.noBeat("its time is one to come")) }
    let process = SourceProcess(
      name: reading.name(), time: moment, place: found.line.place,
      rule: isWritten(facts) && found.isAmongOthers
        ? "the youngest time of its lines" : "the first time in the last line that has one")
    var recognition = SourceRecognition(found.isAmongOthers ? .lines : .text, [process])
    recognition.zone = reading.hasWallTimes ? reading.zone.name : nil
    return .success(recognition)
  }

  struct Found {
    var time: WrittenTime
    var line: TextLines.Line
    /// A word in front of it by which it is the time of a start.
    var startWord: String?
    /// Lines above it have times too.
    var isAmongOthers: Bool
    /// What stands in front of the time, without digits.
    var lead: [UInt8]
    /// Whether that is nothing but brackets, or the level of a line.
    var beginsLine: Bool
  }

  /// In so many lines from the end a time is looked for.
  private static let mostLines = 1_000
  /// Files of these kinds are written whole: what stands last in them says nothing.
  private static let written: Set<String> = ["yaml", "yml", "ini", "toml", "cfg", "conf"]

  private static func isWritten(_ facts: SourceFacts) -> Bool { written.contains(facts.suffix) && !facts.isTail }

  /// The time that counts. A line without its end waits, unless no line above has a time.
  static func find(_ text: ArraySlice<UInt8>, _ facts: SourceFacts) -> Found? {
    let isWritten = isWritten(facts)
    var waiting: Found?
    var start: Found?
    var unlikely: Found?
    var found: Found?
    // Times of the last lines that may be others than the writer's: to come, or behind words.
    var toCome: Found?
    var loose: Found?
    for line in TextLines.lastFirst(text).prefix(mostLines) {
      guard !(line.isFirst && facts.isTail), let time = time(in: line.bytes, facts) else { continue }
      let next = Found(
        time: time.time, line: line, startWord: time.startWord, isAmongOthers: false, lead: time.lead,
        beginsLine: time.beginsLine)
      if let known = found {
        found?.isAmongOthers = true
        if !isWritten { break }
        if next.startWord == nil, isYounger(next.time, known.time, facts) {
          found = next
          found?.isAmongOthers = true
        }
      } else if time.startWord != nil {
        start = start ?? next
      } else if time.isUnlikely {
        if unlikely == nil { unlikely = next } else { unlikely?.isAmongOthers = true }
      } else if !line.isComplete, waiting == nil {
        waiting = next
      } else if !isWritten, loose == nil, !next.beginsLine, isToCome(next.time, facts) {
        if toCome == nil { toCome = next } else { toCome?.isAmongOthers = true }
      } else if !isWritten, !next.beginsLine {
        if loose == nil { loose = next } else { loose?.isAmongOthers = true }
      } else {
        found = next
      }
    }
    if let last = loose {
      // Below a line that begins with its time, an older one is that of what the line is about.
      if let known = found, !saysBeat(last.lead), isOlder(last.time, known.time, facts) {
        found?.isAmongOthers = true
      } else {
        loose?.isAmongOthers = last.isAmongOthers || found != nil
        found = loose
      }
    }
    if let coming = toCome {
      // Said in the same words as one that is past, it is of a clock that is ahead.
      if let known = found ?? waiting, known.lead != coming.lead {
        found?.isAmongOthers = true
      } else {
        toCome?.isAmongOthers = coming.isAmongOthers || found != nil
        found = toCome
      }
    }
    return found ?? waiting ?? unlikely ?? start
  }

  /// Whether of two times in a file the first one is the younger that is no time to come, in whichever zone.
  private static func isYounger(_ one: WrittenTime, _ other: WrittenTime, _ facts: SourceFacts) -> Bool {
    func isAhead(_ time: WrittenTime) -> Bool {
      time.moment(in: facts.zone, nearest: facts.modified) > facts.modified + SourceFacts.tolerance
    }
    return isAhead(one) != isAhead(other) ? isAhead(other) : one.seconds > other.seconds
  }

  /// Whether a time lies behind the file's last change in whichever zone.
  private static func isToCome(_ time: WrittenTime, _ facts: SourceFacts) -> Bool {
    [facts.zone, .utc].allSatisfy {
      time.moment(in: $0, nearest: facts.modified) > facts.modified + SourceFacts.tolerance
    }
  }

  /// Whether of two times in a file the first one is the older in whichever zone the other one is read.
  private static func isOlder(_ one: WrittenTime, _ other: WrittenTime, _ facts: SourceFacts) -> Bool {
    if !one.hasZone, !other.hasZone { return one.seconds < other.seconds }
    func moments(_ time: WrittenTime) -> [Double] {
      [facts.zone, .utc].map { time.moment(in: $0, nearest: facts.modified) }
    }
    let known = moments(other)
    let past = known.filter { $0 <= facts.modified + SourceFacts.clocksDiffer }
    return (moments(one).max() ?? 0) < (past.max() ?? known.min() ?? 0)
  }

  /// The first time of a line that does not stand behind a word such as `started`, and is no number that may be another one.
  private static func time(
    in line: ArraySlice<UInt8>, _ facts: SourceFacts
  ) -> InLine? {
    let whole = withoutColours(line.prefix(longestLine))
    var rest = whole
    var refused: InLine?
    var unlikely: InLine?
    var toCome: InLine?
    while let found = TimeScanner.first(in: rest, near: facts.modified) {
      let isUnlikely =
        TimeScanner.isNumber(rest[found.range])
        && (facts.modified - found.time.seconds).magnitude > SourceFacts.likelyNumbers
      let lead = whole[..<found.range.lowerBound]
      let time = InLine(
        time: found.time, isUnlikely: isUnlikely, lead: lead.filter { !TimeScanner.isDigit($0) },
        beginsLine: beginsLine(lead))
      if isOfFileName(whole, found.range) {
        // It says what is in the file.
      } else if let word = startWord(rest[..<found.range.lowerBound]) {
        var other = time
        other.startWord = word
        refused = refused ?? other
      } else if isUnlikely {
        unlikely = unlikely ?? time
      } else if !time.beginsLine, isToCome(found.time, facts) {
        toCome = toCome ?? time
      } else {
        return time
      }
      rest = rest[found.range.upperBound...]
    }
    return toCome ?? unlikely ?? refused
  }

  private struct InLine {
    var time: WrittenTime
    var startWord: String?
    var isUnlikely: Bool
    var lead: [UInt8]
    var beginsLine: Bool
  }

  /// Whether what stands in front of a time is nothing but brackets, or a word in capitals such as the level of the line. What is
  /// indented goes on with the line above.
  private static func beginsLine(_ lead: ArraySlice<UInt8>) -> Bool {
    guard lead.count <= longestLabel, lead.first.map({ $0 != 0x20 && $0 != 0x09 }) ?? true else { return false }
    let words = lead.split { !TimeScanner.isAlphanumeric($0) }
    return words.count <= 1 && words.allSatisfy { $0.allSatisfy { (0x41...0x5A).contains($0) } }
  }

  /// Whether what stands in front of a time is the name of a beat: `last heartbeat: `.
  private static func saysBeat(_ lead: [UInt8]) -> Bool {
    if case .rank(.beat) = BeatKey(String(decoding: lead.suffix(longestLead), as: UTF8.self)) { return true }
    return false
  }

  /// So much in front of a time may be the level of the line, in bytes.
  private static let longestLabel = 16

  /// Whether a time is a part of a file's name: `db-20261128-030000.sql.gz`, `/var/backups/20261128-030000/`.
  private static func isOfFileName(_ line: ArraySlice<UInt8>, _ range: Range<Int>) -> Bool {
    guard !line[range].contains(0x20) else { return false }
    let behind = line[range.upperBound...]
    let suffix = behind.dropFirst().prefix { (0x61...0x7A).contains($0) }
    if behind.first == UInt8(ascii: "."), (1...longestSuffix).contains(suffix.count) { return true }
    let front = line[..<range.lowerBound]
    let word = front[
      (front.lastIndex { $0 == 0x20 || $0 == 0x09 || "\"'=(".utf8.contains($0) }.map { $0 + 1 } ?? front.startIndex)...]
    return word.starts(with: "/".utf8) || word.starts(with: "./".utf8) || word.starts(with: "~/".utf8)
  }

  /// Of a file's name the part behind a dot is as long as this, in bytes.
  private static let longestSuffix = 8

  /// A line as a terminal shows it: sequences such as `ESC [32m` are no text.
  private static func withoutColours(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard line.contains(0x1B) else { return line }
    var plain: [UInt8] = []
    var rest = line
    while let byte = rest.popFirst() {
      guard byte == 0x1B, rest.first == UInt8(ascii: "[") else {
        plain.append(byte)
        continue
      }
      let parameters = rest.dropFirst().prefix { (0x20...0x3F).contains($0) }
      rest = rest[parameters.endIndex...].dropFirst()
    }
    return plain[...]
  }

  /// The word in front of a time by which that is another one than a beat: of the last two, but for those that only join them to it.
  private static func startWord(_ line: ArraySlice<UInt8>) -> String? {
    var text = line.suffix(longestLead)
    if text.last == UInt8(ascii: "=") {
      // A key says what it is the time of, whatever stands in front of that.
      text = text[(text.lastIndex(of: 0x20) ?? text.startIndex)...]
    }
    let words = KeyWords.split(String(decoding: text, as: UTF8.self)).filter { !joining.contains($0) }.suffix(2)
    if let word = words.first(where: KeyWords.others.contains) { return word }
    // By itself it is the level of the line.
    guard let last = words.last, KeyWords.troubles.contains(last), words.first == "last" else { return nil }
    return last
  }

  /// So much in front of a time is looked at, in bytes.
  private static let longestLead = 60
  private static let joining: Set<String> = [
    "at", "is", "was", "on", "in", "the", "a", "to", "for", "of", "by", "time", "date", "ts", "timestamp", "utc", "it",
    "port", "with", "up",
  ]
  /// Of a longer line the beginning is looked at, in bytes.
  private static let longestLine = 16 << 10
}
