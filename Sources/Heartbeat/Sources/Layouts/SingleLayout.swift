internal import JSON

/// One object with a beat: one process.
enum SingleLayout {
  /// - Parameter top: what `BeatSearch.top(_:)` says of the object, where that is known.
  static func read(
    _ object: JSONObject, _ reading: SourceReading, top: BeatSearch.Outcome? = nil
  ) -> Result<SourceRecognition, SourceFailure> {
    let outcome = BeatSearch(reading: reading).search(object, top: top)
    guard let found = outcome.found else {
      return .failure(
        .noBeat(
          outcome.nearest ?? "there is no time in it; `time: mtime` makes the file's own time the beat"))
    }
    return .success(
      SourceRecognition(.single, [ProcessFields(reading: reading).process(reading.name(object), object, found)]))
  }
}
