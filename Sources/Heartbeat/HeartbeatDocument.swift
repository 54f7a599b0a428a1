internal import JSON

/// Where the parts of a heartbeat file's text stand: what a writer must know to change some of its bytes and keep all
/// others.
struct HeartbeatDocument {
  /// One member of `processes`.
  struct Entry {
    var member: JSONCursor.RawMember
    /// The Unix time of the last beat; nil when the entry has none.
    var lastHeartbeat: Double?
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

  /// Walks over the whole text; anything that is not a heartbeat file's shape throws.
  init(scanning cursor: JSONCursor) throws(JSONParseError) {
    var cursor = cursor
    cursor.begin()
    start = cursor.position + 1
    var document = self
    try cursor.object { (cursor, key) throws(JSONParseError) in
      document.isEmpty = false
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
    // A file whose `processes` is null has none yet.
    if cursor.peek == UInt8(ascii: "n") { return try cursor.word("null") }
    guard cursor.peek == UInt8(ascii: "{") else {
      throw .wrongShape(offset: cursor.position, expected: "an object as \"processes\"")
    }
    var entries: [Entry] = []
    try cursor.object { (cursor, key) throws(JSONParseError) in
      let start = cursor.position
      var time: Double?
      if cursor.peek == UInt8(ascii: "{") {
        try cursor.object { (cursor, key) throws(JSONParseError) in
          if cursor.isSame(key, Heartbeat.Key.lastHeartbeat), cursor.startsNumber {
            time = try cursor.number()
          } else {
            try cursor.skipValue()
          }
        }
      } else {
        try cursor.skipValue()
      }
      let member = JSONCursor.RawMember(key: key, value: start..<cursor.position)
      entries.append(Entry(member: member, lastHeartbeat: time))
    }
    self.entries = entries
  }
}
