internal import JSON
internal import POSIX

/// A file that grows, with a JSON object a line: the last complete line counts, or the last one of each process.
enum LinesLayout {
  /// Reads lines of JSON; nil when the text has none.
  static func read(
    _ text: ArraySlice<UInt8>, _ facts: SourceFacts, _ settings: SourceSettings
  ) -> Result<SourceRecognition, SourceFailure>? {
    var records: [Record] = []
    var leftOut: [SourceRecognition.LeftOut] = []
    var (foreign, timed, looked) = (0, 0, 0)
    var untimed: SourceFailure?
    for line in TextLines.lastFirst(text) {
      looked += 1
      if records.count >= mostRecords || settings.each == nil && looked > mostLines { break }
      guard !line.bytes.allSatisfy(TextLines.isSpace) else { continue }
      guard line.bytes.first(where: { !TextLines.isSpace($0) }) == UInt8(ascii: "{") else {
        // What a program says when it fails has many lines; those of a log have times.
        if TimeScanner.first(in: line.bytes.prefix(longestTimed), near: facts.modified) != nil { timed += 1 }
        if records.isEmpty, line.isComplete, timed > mostForeignLines { return nil }
        foreign += 1
        if foreign <= mostForeignLines { leftOut.append(.init(line.place, "this is no JSON object")) }
        continue
      }
      do throws(JSONError) {
        guard case .object(let object) = try JSONValue(parsing: Array(line.bytes)) else { continue }
        let record = Record(object: object, line: line)
        records.append(record)
        guard settings.each == nil else { continue }
        // The last one that has a time counts.
        switch last(record, facts, settings, leftOut) {
        case .success(let lines): return .success(lines)
        case .failure(let failure): untimed = untimed ?? failure
        }
      } catch {
        // What is being written now waits; so does what `isTail` has cut.
        if !line.isComplete || line.isFirst && facts.isTail { continue }
        if leftOut.count < mostForeignLines { leftOut.append(.init(line.place, "this is no JSON: \(error)")) }
      }
    }
    if let untimed { return .failure(untimed) }
    guard !records.isEmpty, let each = settings.each else { return nil }
    return named(records, each, reading(of: records, facts, settings), leftOut)
  }

  private struct Record {
    let object: JSONObject
    let line: TextLines.Line
  }

  /// With `each`, so many lines are looked at.
  static let mostRecords = 20_000
  /// Without `each`, in so many lines from the end a time is looked for.
  private static let mostLines = 1_000
  /// In so many bytes of a line that is no JSON a time is looked for.
  private static let longestTimed = 1024
  /// Behind so many lines with times that are no JSON the file is a text; so many are said to be left out.
  private static let mostForeignLines = 3

  private static func reading(
    of records: [Record], _ facts: SourceFacts, _ settings: SourceSettings
  ) -> SourceReading {
    let times = ZoneVotes.times(in: records.map { .object($0.object) }, facts, settings)
    var reading = SourceReading(facts, settings, times: times)
    reading.isOfLines = true
    return reading
  }

  private static func last(
    _ record: Record, _ facts: SourceFacts, _ settings: SourceSettings, _ leftOut: [SourceRecognition.LeftOut]
  ) -> Result<SourceRecognition, SourceFailure> {
    let reading = reading(of: [record], facts, settings)
    return SingleLayout.read(record.object, reading).map { single in
      var lines = single
      lines.layout = .lines
      lines.leftOut = leftOut
      for place in lines.processes.indices {
        lines.processes[place].place = record.line.place + lines.processes[place].place
      }
      lines.zone = reading.hasWallTimes ? reading.zone.name : nil
      return lines
    }
  }

  private static func named(
    _ records: [Record], _ each: SourceSettings.KeyPath, _ reading: SourceReading,
    _ leftOut: [SourceRecognition.LeftOut]
  ) -> Result<SourceRecognition, SourceFailure> {
    var leftOut = leftOut
    var processes: [SourceProcess] = []
    var known: Set<ExactText> = []
    for record in records {
      guard let name = JSONValue.object(record.object).value(at: each).flatMap(SourceValue.name) else {
        leftOut.append(.init(record.line.place, "there is no \(each)"))
        continue
      }
      guard !known.contains(ExactText(name)) else { continue }
      let outcome = BeatSearch(reading: reading).search(record.object)
      guard let found = outcome.found else {
        leftOut.append(.init(record.line.place, outcome.nearest ?? "there is no time in it"))
        continue
      }
      known.insert(ExactText(name))
      var process = ProcessFields(reading: reading).process(name, record.object, found)
      process.place = record.line.place + found.place
      processes.append(process)
    }
    guard !processes.isEmpty else {
      return .failure(.noBeat("no line has a name under \(each) and a time; \(leftOut.first?.reason ?? "")"))
    }
    var recognition = SourceRecognition(.lines, processes.reversed(), leftOut: leftOut)
    recognition.zone = reading.hasWallTimes ? reading.zone.name : nil
    return .success(recognition)
  }
}
