internal import JSON

/// A file that grows, with a JSON object a line: the last complete line counts, or the last one of each process.
enum LinesLayout {
  /// Reads lines of JSON; nil when the text has none.
  static func read(
    _ text: ArraySlice<UInt8>, _ facts: SourceFacts, _ settings: SourceSettings
  ) -> Result<SourceRecognition, SourceFailure>? {
    var records: [Record] = []
    var leftOut: [SourceRecognition.LeftOut] = []
    for line in TextLines.lastFirst(text) {
      if records.count >= mostRecords || records.count >= 1 && settings.each == nil && settings.layout != .list {
        break
      }
      guard !line.bytes.allSatisfy(TextLines.isSpace) else { continue }
      guard line.bytes.first(where: { !TextLines.isSpace($0) }) == UInt8(ascii: "{") else {
        if records.isEmpty, line.isComplete, leftOut.count >= mostForeignLines { return nil }
        leftOut.append(.init(line.place, "this is no JSON object"))
        continue
      }
      do throws(JSONError) {
        guard case .object(let object) = try JSONValue(parsing: Array(line.bytes)) else { continue }
        records.append(Record(object: object, line: line))
      } catch {
        // What is being written now waits; so does what `isTail` has cut.
        if !line.isComplete || line.isFirst && facts.isTail { continue }
        leftOut.append(.init(line.place, "this is no JSON: \(error)"))
      }
    }
    guard !records.isEmpty else { return nil }
    let times = records.flatMap { SourceValue.times(in: .object($0.object), near: facts.modified) }
    let reading = SourceReading(facts, settings, times: times)
    if let each = settings.each { return named(records, each, reading, leftOut) }
    return last(records, reading, leftOut)
  }

  private struct Record {
    let object: JSONObject
    let line: TextLines.Line
  }

  /// With `each`, so many lines are looked at.
  static let mostRecords = 20_000
  /// Behind so many lines that are no JSON the file is a text.
  private static let mostForeignLines = 3

  private static func last(
    _ records: [Record], _ reading: SourceReading, _ leftOut: [SourceRecognition.LeftOut]
  ) -> Result<SourceRecognition, SourceFailure> {
    let record = records[0]
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
    var known: Set<String> = []
    for record in records {
      guard let name = JSONValue.object(record.object).value(at: each).flatMap(SourceValue.name) else {
        leftOut.append(.init(record.line.place, "there is no \(each)"))
        continue
      }
      guard !known.contains(name) else { continue }
      let outcome = BeatSearch(reading: reading).search(record.object)
      guard let found = outcome.found else {
        leftOut.append(.init(record.line.place, outcome.nearest ?? "there is no time in it"))
        continue
      }
      known.insert(name)
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
