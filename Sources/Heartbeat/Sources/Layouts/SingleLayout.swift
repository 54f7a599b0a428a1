internal import JSON

/// One object with a beat: one process.
enum SingleLayout {
  /// - Parameter top: what `BeatSearch.top(_:)` says of the object, where that is known.
  static func read(
    _ object: JSONObject, _ reading: SourceReading, top: BeatSearch.Outcome? = nil
  ) -> Result<SourceRecognition, SourceFailure> {
    let outcome = BeatSearch(reading: reading).search(object, top: top)
    guard let found = outcome.found ?? alone(object, reading) else {
      return .failure(
        .noBeat(
          outcome.nearest ?? list(in: object, reading) ?? noTime))
    }
    // Under a word that may be that of any time, what its name says of a start counts.
    if let rank = found.rank, ![.beat, .update, .run].contains(rank), let mark = SourceName.markOfStart(reading.facts) {
      return .failure(SourceName.startMark(mark))
    }
    return .success(
      SourceRecognition(.single, [ProcessFields(reading: reading).process(reading.name(object), object, found)]))
  }

  static let noTime = "there is no time in it; `time: mtime` makes the file's own time the beat"

  /// A list that has times and was taken for none of processes, as a sentence; nil when there is none.
  private static func list(in object: JSONObject, _ reading: SourceReading) -> String? {
    for case (let key, .array(let items)) in object.members.lazy.map({ ($0.key, $0.value) }) {
      for case .object(let item) in items where BeatSearch(reading: reading).top(item).found != nil {
        return
          "by its name or its entries the list `\(KeyWords.shown(key))` is none of processes; `time: mtime` makes the file's own time the beat"
      }
    }
    return nil
  }

  /// Of an object with nothing but times under words for times, the youngest.
  private static func alone(_ object: JSONObject, _ reading: SourceReading) -> BeatSearch.Found? {
    guard reading.settings.time == nil else { return nil }
    var youngest: BeatSearch.Found?
    for member in object.members {
      guard MapLayout.speaksOfTime(member.key), BeatKey(member.key) == .other,
        case .time(let time) = SourceValue.time(member.value, near: reading.facts.modified),
        case let moment = reading.moment(time), !reading.isAhead(moment)
      else { return nil }
      if moment > youngest?.time ?? 0 { youngest = BeatSearch.Found(keys: [member.key], rank: .other, time: moment) }
    }
    return youngest
  }
}
