internal import JSON

/// A file whose time of change is the beat.
enum TouchedLayout {
  /// - Parameter data: what the file says beside.
  static func read(_ reading: SourceReading, _ data: JSONObject? = nil, rule: String = "there is no time in it")
    -> SourceRecognition
  {
    let beat = BeatSearch.Found(keys: [], rank: nil, time: reading.facts.modified)
    var process = ProcessFields(reading: reading).process(reading.name(data), data ?? [:], beat)
    process.place = "the file's own time"
    process.rule = rule
    return SourceRecognition(.touched, [process])
  }
}
