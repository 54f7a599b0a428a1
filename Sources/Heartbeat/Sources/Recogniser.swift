internal import JSON

/// Decides what a file is that is not in our layout, and reads it.
///
/// What comes of it follows from the arguments alone.
public enum Recogniser {
  /// Recognises a content of a file.
  ///
  /// - Parameters:
  ///   - bytes: the content, or the end of it if the facts say so.
  ///   - facts: what is known of the file beside.
  ///   - settings: what the configuration says of it.
  public static func recognise(
    _ bytes: [UInt8], _ facts: SourceFacts, _ settings: SourceSettings
  ) -> Result<SourceRecognition, SourceFailure> {
    let content = facts.isTail || bytes.first == 0 ? TextEncoding.behindHole(bytes) : bytes
    // What stands behind a hole is whole.
    var facts = facts
    facts.isTail = facts.isTail && content.count == bytes.count
    let text = TextEncoding.utf8(content)
    guard settings.time != .modified, settings.layout != .touched else {
      return .success(touched(text, facts, settings))
    }
    let isJSON = isJSON(facts)
    guard let text, !text.allSatisfy(TextLines.isSpace) else {
      // Nothing, or no text.
      if isJSON { return .failure(text == nil ? .notJSON(offset: 0, expected: "UTF-8") : .empty) }
      return touchedUnlessMark(facts, settings)
    }
    switch json(text, facts, settings) {
    case .value(let value): return recognise(value, text, facts, settings)
    case .decided(let outcome): return outcome
    case .none(let offset, let expected):
      if settings.layout == .lines || settings.each != nil && settings.layout != .text,
        let lines = LinesLayout.read(text[...], facts, settings)
      {
        return lines
      }
      if settings.each != nil { return .failure(.noBeat(eachOfNoJSON)) }
      return plain(text, facts, settings, isJSON ? .notJSON(offset: offset, expected: expected) : nil)
    }
  }

  /// Whether its name says that there is JSON in it.
  private static func isJSON(_ facts: SourceFacts) -> Bool { ["json", "jsonl", "ndjson"].contains(facts.suffix) }

  private static let eachOfNoJSON = "it has no lines that are JSON objects, of which `each` of its source takes a key"

  private enum JSON {
    case value(JSONValue)
    case decided(Result<SourceRecognition, SourceFailure>)
    case none(offset: Int, expected: String)
  }

  private static func json(_ text: [UInt8], _ facts: SourceFacts, _ settings: SourceSettings) -> JSON {
    guard let first = text.first(where: { !TextLines.isSpace($0) }), settings.layout != .text else {
      return .none(offset: 0, expected: "a value")
    }
    let looksSo = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    if !facts.isTail {
      do throws(JSONError) {
        let value = try JSONValue(parsing: text)
        if settings.layout == .lines || settings.each != nil, case .object = value,
          let lines = LinesLayout.read(text[...], facts, settings)
        {
          return .decided(lines)
        }
        return .value(value)
      } catch {
        let expected = error.reason.hasPrefix("expected ") ? String(error.reason.dropFirst(9)) : error.reason
        guard looksSo else { return .none(offset: error.offset, expected: expected) }
        let line = text.prefix { $0 != 0x0A }
        // Text may begin as JSON does, by what its source or its first line says; so does INI.
        let mayBeText = settings.layout == .lines || TextLabel.begins(text[...], near: facts.modified)
        if mayBeText || first == UInt8(ascii: "[") && KeyValueText.parse(text[...]) != nil {
          return .none(offset: error.offset, expected: expected)
        }
        if first == UInt8(ascii: "[") {
          return .decided(
            .failure(error.offset >= text.count ? .torn : .notJSON(offset: error.offset, expected: expected)))
        }
        // Behind a first line that is whole, further ones make it a file that grows.
        if line.count < text.count, case .object? = try? JSONValue(parsing: Array(line)),
          let lines = LinesLayout.read(text[...], facts, settings)
        {
          return .decided(lines)
        }
        // What begins as JSON and is none is no text: a time in it may be anything's.
        return .decided(
          .failure(error.offset >= text.count ? .torn : .notJSON(offset: error.offset, expected: expected)))
      }
    }
    if let lines = LinesLayout.read(text[...], facts, settings) { return .decided(lines) }
    return .none(offset: 0, expected: "a line of JSON")
  }

  // MARK: - JSON

  private static func recognise(
    _ value: JSONValue, _ text: [UInt8], _ facts: SourceFacts, _ settings: SourceSettings
  ) -> Result<SourceRecognition, SourceFailure> {
    let reading = SourceReading(facts, settings, times: ZoneVotes.times(in: [value], facts, settings))
    var outcome: Result<SourceRecognition, SourceFailure>
    switch value {
    case .object(let object):
      let top = BeatSearch(reading: reading).top(object)
      let many =
        settings.layout == .single
        ? nil
        : ListLayout.read(object, reading, hasOwn: top.found != nil)
          ?? MapLayout.read(object, reading, hasOwn: top.found != nil)
      outcome = many.map { .success($0) } ?? SingleLayout.read(object, reading, top: top)
    case .array(let items):
      outcome =
        ListLayout.read(items, reading).map { .success($0) }
        ?? .failure(.noBeat("it is a list of which no item has a beat"))
    case .null, .bool, .integer, .number, .string:
      return plain(text, facts, settings, isJSON(facts) ? .noBeat(SingleLayout.noTime) : nil)
    }
    if case .success(var recognition) = outcome {
      recognition.zone = reading.hasWallTimes ? reading.zone.name : nil
      if let wanted = settings.layout, wanted != recognition.layout, [.map, .list, .lines].contains(wanted) {
        return .failure(
          .noBeat("it is no \(wanted.rawValue), as its source says, but a \(recognition.layout.rawValue)"))
      }
      outcome = .success(recognition)
    }
    return outcome
  }

  // MARK: - Text

  /// - Parameter untimed: what is wrong with it when there is no time in it.
  private static func plain(
    _ text: [UInt8], _ facts: SourceFacts, _ settings: SourceSettings, _ untimed: SourceFailure?
  ) -> Result<SourceRecognition, SourceFailure> {
    if let mark = SourceName.markOfStart(facts) { return .failure(SourceName.startMark(mark)) }
    let outcome = TextLayout.read(text[...], facts, settings)
    guard case .failure = outcome else { return outcome }
    if let untimed { return .failure(untimed) }
    guard TextLayout.find(text[...], facts) == nil, isConstant(text, facts) else { return outcome }
    return touchedUnlessMark(facts, settings)
  }

  private static func touchedUnlessMark(
    _ facts: SourceFacts, _ settings: SourceSettings
  ) -> Result<SourceRecognition, SourceFailure> {
    if let mark = SourceName.markOfStart(facts) { return .failure(SourceName.startMark(mark)) }
    return .success(TouchedLayout.read(SourceReading(facts, settings, times: [])))
  }

  private static func touched(_ text: [UInt8]?, _ facts: SourceFacts, _ settings: SourceSettings) -> SourceRecognition {
    let object = text.flatMap { text in (try? JSONValue(parsing: text))?.objectValue ?? KeyValueText.parse(text[...]) }
    return TouchedLayout.read(SourceReading(facts, settings, times: []), object, rule: "configured: time: mtime")
  }

  /// A longer text is an instruction or a configuration, in bytes.
  private static let longestConstant = 512
  /// So are more lines.
  private static let mostConstantLines = 4
  /// And files of these kinds.
  private static let written: Set<String> = [
    "md", "markdown", "rst", "adoc", "py", "js", "ts", "mjs", "cjs", "sh", "bash", "rb", "pl", "php", "go", "rs", "c",
    "h", "cpp", "java", "lua", "swift",
    "html", "htm", "css", "xml", "svg", "conf", "cfg", "ini", "toml", "yaml", "yml", "env", "properties", "sql", "csv",
    "tsv", "service", "timer",
  ]

  /// Whether a text without a time is there to be touched: short, and neither program nor configuration.
  private static func isConstant(_ text: [UInt8], _ facts: SourceFacts) -> Bool {
    !facts.isTail && text.count <= longestConstant && !written.contains(facts.suffix) && !text.starts(with: "#!".utf8)
      && text.split(separator: 0x0A).count <= mostConstantLines && (KeyValueText.parse(text[...])?.count ?? 0) < 2
  }
}
