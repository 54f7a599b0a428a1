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

  private enum Shape {
    case missing, null, object, other
  }

  /// Right behind the text's opening brace.
  var start = 0
  /// Whether the text's object has any member.
  var isEmpty = true
  /// The value of `last_updated`.
  var lastUpdated: Range<Int>?
  /// The value of `pruned`.
  var pruned: Range<Int>?
  /// The value of `processes`.
  var processes: Range<Int>?
  var entries: [Entry] = []
  /// How many members the text's object has.
  private var members = 0
  /// What stands as `processes`: of several the last counts.
  private var shape = Shape.missing
  /// Whether an entry has a member `last_heartbeat`, of whatever kind.
  private var hasBeats = false

  /// Walks over the whole text; anything that is not a heartbeat file's shape throws.
  init(scanning cursor: JSONCursor) throws(JSONParseError) {
    var cursor = cursor
    cursor.maximumNesting = .max
    cursor.begin()
    start = cursor.position + 1
    var document = self
    try cursor.object { (cursor, key) throws(JSONParseError) in
      document.isEmpty = false
      document.members += 1
      let start = cursor.position
      if cursor.isSame(key, "processes") {
        try document.scanProcesses(&cursor)
        document.processes = start..<cursor.position
      } else {
        try cursor.skipValue()
        if cursor.isSame(key, "last_updated") { document.lastUpdated = start..<cursor.position }
        if cursor.isSame(key, "pruned") { document.pruned = start..<cursor.position }
      }
    }
    try cursor.expectEnd()
    self = document
  }

  private mutating func scanProcesses(_ cursor: inout JSONCursor) throws(JSONParseError) {
    entries = []
    hasBeats = false
    // A file whose `processes` is null has none yet.
    shape = cursor.peek == UInt8(ascii: "n") ? .null : cursor.peek == UInt8(ascii: "{") ? .object : .other
    guard shape == .object else { return try cursor.skipValue() }
    var hasBeats = false
    var entries: [Entry] = []
    try cursor.object { (cursor, key) throws(JSONParseError) in
      let start = cursor.position
      var time: Double?
      var isJob = false
      if cursor.peek == UInt8(ascii: "{") {
        try cursor.object { (cursor, key) throws(JSONParseError) in
          guard cursor.isSame(key, HeartbeatEntry.Key.lastHeartbeat) else {
            if cursor.isSame(key, HeartbeatEntry.Key.job) { isJob = cursor.peek == UInt8(ascii: "{") }
            return try cursor.skipValue()
          }
          hasBeats = true
          time = nil
          if cursor.startsNumber { time = try cursor.number() } else { try cursor.skipValue() }
        }
      } else {
        try cursor.skipValue()
      }
      let member = JSONCursor.RawMember(key: key, value: start..<cursor.position)
      entries.append(Entry(member: member, keptFrom: time.map { isJob ? $0 + JobRecord.keptLonger : $0 }))
    }
    self.entries = entries
    self.hasBeats = hasBeats
  }
}

extension HeartbeatDocument: RecognisableText {
  /// Why this is somebody else's JSON; nil when it is a heartbeat file. docs/file-format.md has the table.
  var foreignReason: String? {
    switch shape {
    case .other: return "\"processes\" is no object"
    case .missing, .null:
      let hasNothingElse = members == (shape == .null ? 1 : 0)
      return hasNothingElse || lastUpdated != nil ? nil : "it has no \"processes\""
    case .object:
      let isOurs = lastUpdated != nil || entries.isEmpty || hasBeats
      return isOurs ? nil : "nothing under \"processes\" has a \"last_heartbeat\""
    }
  }
}
