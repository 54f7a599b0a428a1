internal import JSON

/// A heartbeat file's text together with where its entries stand, kept from one write to the next, so that a beat
/// costs the bytes that change and not a walk over all others.
struct HeartbeatText: RecognisableText {
  /// The file's bytes.
  private(set) var bytes: [UInt8]
  /// Whether beats can be put in by `set`; else the text lacks something that a file of our own has, or has it twice.
  let isRegular: Bool
  /// Why the text is somebody else's, which must not be written; nil when it is a heartbeat file's.
  private(set) var foreignReason: String?
  private var lastUpdated = 0..<0
  /// Where each entry's object stands, in the file's order.
  private var values: [Range<Int>] = []
  /// The time of each entry's last beat, later for a job; infinite when it has none.
  private var times: [Double] = []
  /// The place of each name.
  private var places: [[UInt8]: Int] = [:]
  /// The memory of the text before, to be used again.
  private var spare: [UInt8] = []

  /// Of a file that is not there.
  init() {
    bytes = []
    isRegular = false
  }

  /// Walks over a text that is not empty.
  init(scanning text: [UInt8]) throws(JSONError) {
    bytes = text
    let scanned: (HeartbeatDocument, [[UInt8]]) = try JSONError.catching(in: text) {
      (cursor) throws(JSONParseError) in
      let document = try HeartbeatDocument(scanning: cursor)
      return (document, document.entries.map { cursor.bytes($0.member.key) })
    }
    let (document, names) = scanned
    foreignReason = document.foreignReason
    values.reserveCapacity(names.count)
    times.reserveCapacity(names.count)
    places.reserveCapacity(names.count)
    for (place, entry) in document.entries.enumerated() {
      values.append(entry.member.value)
      times.append(entry.keptFrom ?? .infinity)
      places[names[place]] = place
    }
    let hasAll = document.lastUpdated != nil && document.processes != nil && !names.isEmpty
    let isOutside = document.processes.flatMap { processes in document.lastUpdated.map { !processes.overlaps($0) } }
    isRegular = hasAll && isOutside == true && places.count == names.count && !text.starts(with: [0xEF])
    lastUpdated = document.lastUpdated ?? 0..<0
  }

  /// How many different names there are.
  var count: Int { places.count }

  /// Whether the text has an entry of this name.
  func has(_ name: [UInt8]) -> Bool { places[name] != nil }

  /// Puts beats of different names in; false, and nothing done, when entries must be removed first.
  mutating func set(_ beats: [Beat], now: Double, removingBefore oldest: Double?) -> Bool {
    let known = beats.map { places[Array($0.name.utf8)] }
    if let oldest, times.contains(where: { $0 < oldest }) {
      let beaten = Set(known.compactMap { $0 })
      guard times.indices.allSatisfy({ times[$0] >= oldest || beaten.contains($0) }) else { return false }
    }
    var edits = [TextEdits.Edit(lastUpdated, Array(HeartbeatMerge.rounded(now).description.utf8))]
    var added: [UInt8] = []
    var addedValues: [Range<Int>] = []
    bytes.withUnsafeBufferPointer { text in
      var cursor = JSONCursor(text)
      cursor.maximumNesting = .max
      for (beat, place) in zip(beats, known) {
        if let place {
          let old = (try? cursor.members(of: values[place])) ?? []
          edits.append(TextEdits.Edit(values[place], HeartbeatMerge.entry(beat, now, over: old, cursor)))
        } else {
          added.append(UInt8(ascii: ","))
          JSONText.appendLineBreak(to: &added, depth: 2)
          JSONText.append(beat.name, to: &added)
          added += Array(": ".utf8)
          let start = added.count
          added += HeartbeatMerge.entry(beat, now, over: [], nil)
          addedValues.append(start..<added.count)
        }
      }
    }
    if !added.isEmpty, let end = values.last?.upperBound { edits.append(TextEdits.Edit(end..<end, added)) }
    apply(TextEdits(edits))
    // The added entries end where the last known one's text and what was added behind it end.
    if let end = values.last?.upperBound {
      values += addedValues.map { end + $0.lowerBound..<end + $0.upperBound }
    }
    for (beat, place) in zip(beats, known) {
      let time =
        HeartbeatMerge.rounded(beat.time ?? now) + (beat.jobEvents.isEmpty ? 0 : JobRecord.keptLonger)
      if let place {
        times[place] = time
      } else {
        places[Array(beat.name.utf8)] = times.count
        times.append(time)
      }
    }
    return true
  }

  /// Makes the edits, and moves what is known of the text along with it.
  private mutating func apply(_ edits: TextEdits) {
    if edits.keepsPlaces {
      for edit in edits.edits { bytes.replaceSubrange(edit.range, with: edit.replacement) }
      return
    }
    spare.removeAll(keepingCapacity: true)
    bytes.withUnsafeBufferPointer { edits.append($0, to: &spare) }
    swap(&bytes, &spare)
    var moves = TextEdits.Moves(edits)
    let isFirst = lastUpdated.lowerBound < values.first?.lowerBound ?? 0
    if isFirst { lastUpdated = moves.moved(lastUpdated) }
    for place in values.indices { values[place] = moves.moved(values[place]) }
    if !isFirst { lastUpdated = moves.moved(lastUpdated) }
  }
}
