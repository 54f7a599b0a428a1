/// A text with a time in it: keys and values, else the first time in the last line that has one.
enum TextLayout {
  static func read(
    _ text: ArraySlice<UInt8>, _ facts: SourceFacts, _ settings: SourceSettings
  ) -> Result<SourceRecognition, SourceFailure> {
    var nearest: String?
    if !facts.isTail, let object = KeyValueText.parse(text) {
      let reading = SourceReading(facts, settings, times: SourceValue.times(in: .object(object), near: facts.modified))
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
      name: reading.name(), time: moment, place: found.line.place, rule: "the first time in the last line that has one")
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

  /// The time that counts. A line without its end waits, unless no line above has a time.
  static func find(_ text: ArraySlice<UInt8>, _ facts: SourceFacts) -> Found? {
    var waiting: Found?
    var start: Found?
    var found: Found?
    for line in TextLines.lastFirst(text).prefix(mostLines) {
      guard !(line.isFirst && facts.isTail), let time = time(in: line.bytes, facts) else { continue }
      let next = Found(time: time.time, line: line, startWord: time.startWord, isAmongOthers: false)
      if found != nil {
        found?.isAmongOthers = true
        break
      }
      if time.startWord != nil {
        start = start ?? next
      } else if !line.isComplete, waiting == nil {
        waiting = next
      } else {
        found = next
      }
    }
    return found ?? waiting ?? start
  }

  /// The first time of a line that does not stand behind a word such as `started`.
  private static func time(
    in line: ArraySlice<UInt8>, _ facts: SourceFacts
  ) -> (time: WrittenTime, startWord: String?)? {
    var rest = line.prefix(longestLine)
    var refused: (WrittenTime, String)?
    while let found = TimeScanner.first(in: rest, near: facts.modified) {
      let words = KeyWords.split(String(decoding: rest[..<found.range.lowerBound].suffix(40), as: UTF8.self))
      guard let word = words.suffix(2).first(where: startWords.contains) else { return (found.time, nil) }
      if refused == nil { refused = (found.time, word) }
      rest = rest[found.range.upperBound...]
    }
    return refused.map { ($0.0, $0.1) }
  }

  private static let startWords: Set<String> = [
    "start", "started", "begin", "began", "boot", "booted", "created", "since", "launched", "expires", "expiry", "next",
    "until", "deadline",
    "due", "scheduled",
  ]
  /// Of a longer line the beginning is looked at, in bytes.
  private static let longestLine = 16 << 10
}
