internal import JSON
internal import POSIX

/// A heartbeat file's next text: some entries set, some removed, every other byte as it was.
struct HeartbeatMerge: RecognisableText {
  /// The file's new bytes.
  private(set) var bytes: [UInt8] = []
  /// The names of the removed entries.
  private(set) var removed: [String] = []
  /// Why the text is somebody else's, which must not be written; nil when it is a heartbeat file's.
  private(set) var foreignReason: String?

  /// Merges beats into a text.
  ///
  /// - Parameters:
  ///   - text: the file's bytes; none for a new file.
  ///   - beats: what to set; of several with one name the last wins.
  ///   - now: Unix time in seconds, the new `last_updated`.
  ///   - forgotten: names of entries to remove, whatever their time.
  ///   - oldest: entries whose last beat is before this are removed; nil removes none. An entry without a time stays.
  init(
    _ beats: [Beat], into text: [UInt8], now: Double, forgetting forgotten: [String] = [],
    removingBefore oldest: Double?
  ) throws(JSONError) {
    let text = text.isEmpty ? Array("{}\n".utf8) : text
    self = try JSONError.catching(in: text) { (cursor) throws(JSONParseError) in
      var merge = HeartbeatMerge()
      try merge.run(beats, cursor, now, forgotten, oldest)
      return merge
    }
  }

  private init() {}

  private mutating func run(
    _ beats: [Beat], _ cursor: JSONCursor, _ now: Double, _ forgotten: [String], _ oldest: Double?
  ) throws(JSONParseError) {
    let document = try HeartbeatDocument(scanning: cursor)
    foreignReason = document.foreignReason
    var cursor = cursor
    cursor.maximumNesting = .max
    var edits: [TextEdits.Edit] = []
    let stamp = Array(HeartbeatMerge.rounded(now).description.utf8)
    if let place = document.lastUpdated { edits.append(TextEdits.Edit(place, stamp)) }

    var entries: [UInt8] = []
    if let place = document.processes, !document.entries.isEmpty {
      edits += entryEdits(beats, document, cursor, now, forgotten, oldest, end: place.upperBound)
    } else {
      appendNew(beats[...], now, to: &entries, separated: false)
      if !entries.isEmpty { JSONText.appendLineBreak(to: &entries, depth: 1) }
      entries = [UInt8(ascii: "{")] + entries + [UInt8(ascii: "}")]
      if let place = document.processes { edits.append(TextEdits.Edit(place, entries)) }
    }

    var head: [UInt8] = []
    if document.lastUpdated == nil {
      JSONText.appendLineBreak(to: &head, depth: 1)
      head += Array("\"last_updated\": ".utf8) + stamp
    }
    if document.processes == nil {
      if !head.isEmpty { head.append(UInt8(ascii: ",")) }
      JSONText.appendLineBreak(to: &head, depth: 1)
      head += Array("\"processes\": ".utf8) + entries
    }
    if !head.isEmpty {
      if document.isEmpty {
        JSONText.appendLineBreak(to: &head, depth: 0)
      } else {
        head.append(UInt8(ascii: ","))
      }
      edits.append(TextEdits.Edit(document.start..<document.start, head))
    }
    let changes = TextEdits(edits)
    bytes.reserveCapacity(cursor.text.count + changes.growth)
    // Without the byte order mark that some editors write: other readers of JSON refuse it, as RFC 8259 lets them.
    changes.append(cursor.text, from: cursor.text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0, to: &bytes)
  }

  /// The changes within a `processes` object that has entries.
  private mutating func entryEdits(
    _ beats: [Beat], _ document: HeartbeatDocument, _ cursor: JSONCursor, _ now: Double, _ forgotten: [String],
    _ oldest: Double?, end: Int
  ) -> [TextEdits.Edit] {
    // Of two entries with one name the last counts, here as for every reader.
    var places: [Int: Int] = [:]
    var entryOf: [Int?] = Array(repeating: nil, count: beats.count)
    let names = NameIndex(beats.map(\.name))
    for (number, entry) in document.entries.enumerated() {
      if let index = names.index(of: entry.member.key, cursor) {
        if let former = entryOf[index] { places[former] = nil }
        places[number] = index
        entryOf[index] = number
      }
    }
    let gone = NameIndex(forgotten)
    var edits: [TextEdits.Edit] = []
    var kept = false
    var previousEnd: Int?
    for (number, entry) in document.entries.enumerated() {
      let place = entry.member.range
      defer { previousEnd = place.upperBound }
      if let index = places[number] {
        let old = try? cursor.members(of: entry.member.value)
        let new = HeartbeatMerge.entry(beats[index], now, over: old ?? [], cursor)
        edits.append(TextEdits.Edit(entry.member.value, new))
      } else if isOld(entry, oldest) || gone.index(of: entry.member.key, cursor) != nil {
        removed.append(cursor.string(entry.member.key))
        // Behind a kept entry the comma before this one goes, else the comma behind it.
        if kept, let previousEnd {
          edits.append(TextEdits.Edit(previousEnd..<place.upperBound, []))
        } else if number + 1 < document.entries.count {
          edits.append(TextEdits.Edit(place.lowerBound..<document.entries[number + 1].member.range.lowerBound, []))
        } else {
          edits.append(TextEdits.Edit(place, []))
        }
        continue
      }
      kept = true
    }
    let new = beats.indices.filter { entryOf[$0] == nil }.map { beats[$0] }
    var added: [UInt8] = []
    appendNew(new[...], now, to: &added, separated: kept)
    if !added.isEmpty {
      let place = previousEnd ?? end - 1
      edits.append(TextEdits.Edit(place..<place, added))
    }
    return edits
  }

  private func isOld(_ entry: HeartbeatDocument.Entry, _ oldest: Double?) -> Bool {
    guard let oldest, let time = entry.keptFrom else { return false }
    return time < oldest
  }

  /// Appends the entries that the file does not have yet.
  private func appendNew(
    _ beats: ArraySlice<Beat>, _ now: Double, to bytes: inout [UInt8], separated: Bool
  ) {
    var separated = separated
    for beat in beats {
      if separated { bytes.append(UInt8(ascii: ",")) }
      separated = true
      JSONText.appendLineBreak(to: &bytes, depth: 2)
      JSONText.append(beat.name, to: &bytes)
      bytes += Array(": ".utf8)
      bytes += HeartbeatMerge.entry(beat, now, over: [], nil)
    }
  }

  /// One entry's object: the known members first, in their usual order, then the old one's others as they stood.
  ///
  /// An old member beside the known ones whose key the new data has too goes: its newer value is in
  /// `additional_data`, and one key must not have two values.
  ///
  /// - Parameter depth: levels of the text around it. At 0, where all of the text is this entry's, old members stand as
  ///   new ones do; else each keeps its white space too.
  static func entry(
    _ beat: Beat, _ now: Double, over old: [JSONCursor.RawMember], _ cursor: JSONCursor?, depth: Int = 2
  ) -> [UInt8] {
    let time = rounded(beat.time ?? now)
    var members: [(String, [UInt8])] = [
      (HeartbeatEntry.Key.lastHeartbeat, JSONValue.number(time).serialised()),
      (HeartbeatEntry.Key.formatted, JSONValue.string(LocalTime.formatted(time)).serialised()),
    ]
    if let pid = beat.pid {
      members.append((HeartbeatEntry.Key.pid, JSONValue.integer(Int64(widening: pid)).serialised()))
    }
    members.append((HeartbeatEntry.Key.status, JSONValue.string(beat.status).serialised()))
    if let interval = beat.interval?.inSeconds, interval > 0, interval <= Beat.longestInterval {
      members.append((HeartbeatEntry.Key.interval, JSONValue.number(interval).serialised()))
    }
    if let host = beat.host { members.append((HeartbeatEntry.Key.host, JSONValue.string(host).serialised())) }
    if !beat.jobEvents.isEmpty {
      members.append((HeartbeatEntry.Key.job, job(beat, now, over: old, cursor, depth + 1)))
    }
    if let data = beat.additionalData, beat.mergesData, let cursor,
      let place = old.last(where: { cursor.isSame($0.key, HeartbeatEntry.Key.additionalData) })?.value,
      let kept = try? cursor.members(of: place)
    {
      members.append((HeartbeatEntry.Key.additionalData, merged(data, into: kept, cursor, depth + 1)))
    } else if let data = beat.additionalData {
      let text = JSONValue.object(data).serialised(pretty: true, depth: depth + 1)
      members.append((HeartbeatEntry.Key.additionalData, text))
    } else if old.isEmpty {
      members.append((HeartbeatEntry.Key.additionalData, Array("{}".utf8)))
    }
    var bytes: [UInt8] = [UInt8(ascii: "{")]
    for (key, value) in members {
      if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
      JSONText.appendLineBreak(to: &bytes, depth: depth + 1)
      JSONText.append(key, to: &bytes)
      bytes += Array(": ".utf8)
      bytes += value
    }
    if let cursor {
      for member in old {
        let key = cursor.string(member.key)
        let exact = ExactText(key)
        switch exact {
        case ExactText(HeartbeatEntry.Key.additionalData): if beat.additionalData != nil { continue }
        // What it says of a job's runs stays until a run begins or ends.
        case ExactText(HeartbeatEntry.Key.job): if !beat.jobEvents.isEmpty { continue }
        default: if HeartbeatEntry.Key.known.contains(exact) || beat.additionalData?[key] != nil { continue }
        }
        bytes.append(UInt8(ascii: ","))
        JSONText.appendLineBreak(to: &bytes, depth: depth + 1)
        if depth > 0 {
          bytes += cursor.text[member.range]
        } else {
          bytes += cursor.text[member.range.lowerBound..<member.key.range.upperBound + 1]
          bytes += Array(": ".utf8)
          bytes += cursor.text[member.value]
        }
      }
    }
    JSONText.appendLineBreak(to: &bytes, depth: depth)
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }

  /// What is told of a job's runs behind what happened to it.
  private static func job(
    _ beat: Beat, _ now: Double, over old: [JSONCursor.RawMember], _ cursor: JSONCursor?, _ depth: Int
  ) -> [UInt8] {
    var object = JSONObject()
    if let cursor, let place = old.last(where: { cursor.isSame($0.key, HeartbeatEntry.Key.job) })?.value,
      case .object(let told)? = try? JSONValue(parsing: Array(cursor.text[place]))
    {
      object = told
    }
    for event in beat.jobEvents { object = event.applied(to: object, at: beat.time ?? now) }
    return JSONValue.object(object).serialised(pretty: true, depth: depth)
  }

  /// An object with new members, and those of an old one that have other keys, as they stood.
  private static func merged(
    _ data: JSONObject, into old: [JSONCursor.RawMember], _ cursor: JSONCursor, _ depth: Int
  ) -> [UInt8] {
    var members: [[UInt8]] = []
    for member in old where data[cursor.string(member.key)] == nil { members.append(Array(cursor.text[member.range])) }
    for member in data.members {
      var text: [UInt8] = []
      JSONText.append(member.key, to: &text)
      text += Array(": ".utf8)
      text += member.value.serialised(pretty: true, depth: depth + 1)
      members.append(text)
    }
    guard !members.isEmpty else { return Array("{}".utf8) }
    var bytes: [UInt8] = [UInt8(ascii: "{")]
    for (index, member) in members.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      JSONText.appendLineBreak(to: &bytes, depth: depth + 1)
      bytes += member
    }
    JSONText.appendLineBreak(to: &bytes, depth: depth)
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }

  /// Whole microseconds: what the clock gives and a `Double` of today's Unix time can still tell apart.
  static func rounded(_ time: Double) -> Double {
    time.isFinite ? (time * 1e6).rounded() / 1e6 : 0
  }
}

/// Which of some names a key of the file is, of several that are the same the last: by looking at each when they are few, else by a hash
/// table.
private struct NameIndex {
  private let names: [String]
  private var indices: [[UInt8]: Int] = [:]

  init(_ names: [String]) {
    self.names = names
    guard names.count > 4 else { return }
    // By bytes: two texts that are equal as `String` may still be two names.
    for (index, name) in names.enumerated() { indices[Array(name.utf8)] = index }
  }

  func index(of key: JSONCursor.RawString, _ cursor: JSONCursor) -> Int? {
    if names.count <= 4 { return names.lastIndex { cursor.isSame(key, $0) } }
    return indices[cursor.bytes(key)]
  }
}
