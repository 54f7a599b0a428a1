internal import JSON

/// Where the parts of a heartbeat file's text stand: what a writer must know to change some of its bytes and keep all
/// others.
struct HeartbeatDocument {
  /// One member of `processes`.
  struct Entry {
    var member: JSONCursor.RawMember
    /// The Unix time of the last beat, for the clean-up: a job's entry is kept longer. nil when the entry has none.
    var keptFrom: Double?
  }

  /// Right behind the text's opening brace.
  var start = 0
  /// Whether the text's object has any member.
  var isEmpty = true
  /// The value of `last_updated`.
  var lastUpdated: Range<Int>?
  /// The value of `pruned`.
  var pruned: Range<Int>?
  /// The value of `silences`.
  var silences: Range<Int>?
  /// The value of `processes`.
  var processes: Range<Int>?
  var entries: [Entry] = []
  /// What of it tells whose the file is.
  private(set) var signs = HeartbeatSigns()

  /// Walks over the whole text; anything that is not a heartbeat file's shape throws.
  init(scanning cursor: JSONCursor) throws(JSONParseError) {
    var cursor = cursor
    cursor.maximumNesting = .max
    cursor.begin()
    start = cursor.position + 1
    var document = self
    try cursor.object { (cursor, key) throws(JSONParseError) in
      document.isEmpty = false
      let start = cursor.position
      document.signs.note(HeartbeatSigns.rootKeys.first { cursor.isSame(key, $0) }, HeartbeatSigns.Kind(cursor.peek))
      if cursor.isSame(key, "processes") {
        try document.scanProcesses(&cursor)
        document.processes = start..<cursor.position
      } else {
        try cursor.skipValue()
        if cursor.isSame(key, "last_updated") { document.lastUpdated = start..<cursor.position }
        if cursor.isSame(key, "pruned") { document.pruned = start..<cursor.position }
        if cursor.isSame(key, "silences") { document.silences = start..<cursor.position }
      }
    }
    try cursor.expectEnd()
    self = document
  }

  private mutating func scanProcesses(_ cursor: inout JSONCursor) throws(JSONParseError) {
    entries = []
    guard signs.processes == .object else { return try cursor.skipValue() }
    var signs = signs
    var entries: [Entry] = []
    try cursor.object { (cursor, key) throws(JSONParseError) in
      let start = cursor.position
      var time: Double?
      var kind = HeartbeatSigns.Kind.missing
      var isJob = false
      if cursor.peek == UInt8(ascii: "{") {
        try cursor.object { (cursor, key) throws(JSONParseError) in
          guard cursor.isSame(key, HeartbeatEntry.Key.lastHeartbeat) else {
            if cursor.isSame(key, HeartbeatEntry.Key.job) { isJob = cursor.peek == UInt8(ascii: "{") }
            return try cursor.skipValue()
          }
          kind = HeartbeatSigns.Kind(cursor.peek)
          time = nil
          if cursor.startsNumber { time = try cursor.number() } else { try cursor.skipValue() }
        }
      } else {
        try cursor.skipValue()
      }
      signs.noteEntry(hasTime: kind.isTime)
      let member = JSONCursor.RawMember(key: key, value: start..<cursor.position)
      entries.append(Entry(member: member, keptFrom: time.map { isJob ? $0 + JobRecord.keptLonger : $0 }))
    }
    self.entries = entries
    self.signs = signs
  }
}

extension HeartbeatDocument: RecognisableText {
  var foreignReason: String? { signs.foreignReason }
}

extension HeartbeatDocument {
  /// The text with another value of a member of the root object.
  ///
  /// - Parameter place: where its value stands; nil when there is none yet.
  func setting(_ key: String, at place: Range<Int>?, to value: JSONValue, in text: [UInt8]) -> [UInt8] {
    let value = value.serialised(pretty: true, depth: 1)
    if let place { return changed(text, at: place, to: value) }
    var member: [UInt8] = []
    JSONText.appendLineBreak(to: &member, depth: 1)
    JSONText.append(key, to: &member)
    member += Array(": ".utf8) + value
    // Behind the processes: what it says is about them.
    if let place = processes {
      return changed(text, at: place.upperBound..<place.upperBound, to: [UInt8(ascii: ",")] + member)
    }
    if isEmpty {
      JSONText.appendLineBreak(to: &member, depth: 0)
    } else {
      member.append(UInt8(ascii: ","))
    }
    return changed(text, at: start..<start, to: member)
  }

  private func changed(_ text: [UInt8], at place: Range<Int>, to new: [UInt8]) -> [UInt8] {
    var changed: [UInt8] = []
    text.withUnsafeBufferPointer { TextEdits([TextEdits.Edit(place, new)]).append($0, to: &changed) }
    return changed
  }
}
