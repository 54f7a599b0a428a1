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
    for line in TextLines.lastFirst(text).prefix(mostLines) {
      guard !(line.isFirst && facts.isTail), let time = time(in: line.bytes, facts) else { continue }
      let next = Found(time: time.time, line: line, startWord: time.startWord, isAmongOthers: false)
      if let known = found {
        found?.isAmongOthers = true
        if !isWritten { break }
        if next.startWord == nil, isYounger(next.time, known.time, facts) {
          found = Found(time: next.time, line: line, isAmongOthers: true)
        }
      } else if time.startWord != nil {
        start = start ?? next
      } else if time.isUnlikely {
        if unlikely == nil { unlikely = next } else { unlikely?.isAmongOthers = true }
      } else if !line.isComplete, waiting == nil {
        waiting = next
      } else {
        found = next
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

  /// The first time of a line that does not stand behind a word such as `started`, and is no number that may be another one.
  private static func time(
    in line: ArraySlice<UInt8>, _ facts: SourceFacts
  ) -> (time: WrittenTime, startWord: String?, isUnlikely: Bool)? {
    var rest = withoutColours(line.prefix(longestLine))
    var refused: (WrittenTime, String)?
    var unlikely: WrittenTime?
    while let found = TimeScanner.first(in: rest, near: facts.modified) {
      let isUnlikely =
        TimeScanner.isNumber(rest[found.range])
        && (facts.modified - found.time.seconds).magnitude > SourceFacts.likelyNumbers
      if let word = startWord(rest[..<found.range.lowerBound]) {
        if refused == nil { refused = (found.time, word) }
      } else if isUnlikely {
        unlikely = unlikely ?? found.time
      } else {
        return (found.time, nil, false)
      }
      rest = rest[found.range.upperBound...]
    }
    return unlikely.map { ($0, nil, true) } ?? refused.map { ($0.0, $0.1, false) }
  }

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
