/// Reads a heartbeat file's JSON straight into the flat arrays of a snapshot.
struct SnapshotParser {
  var cursor: JSONCursor
  var snapshot = HeartbeatSnapshot()
  var paths: KeyPathTree
  /// Unescaped strings; they come to lie behind the file's bytes.
  private var decoded: [UInt8] = []
  private var names = NameTable()
  private let maximumEntries: Int
  /// For each path the place in `numbers` where its number stood last, so that a repeated key replaces it.
  var lastNumber: [Int32] = []
  /// Numbers that a later value of the same key took back, to be removed at the end of the entry.
  var hasRemovedNumbers = false

  init(_ text: UnsafeBufferPointer<UInt8>, stringKeys: Set<String>, maximumEntries: Int) {
    cursor = JSONCursor(text)
    paths = KeyPathTree(wanted: stringKeys)
    self.maximumEntries = maximumEntries
  }

  /// Reads the whole text; what it gives still lacks the file's own bytes.
  mutating func parse() throws(HeartbeatParseError) -> (snapshot: HeartbeatSnapshot, decoded: [UInt8]) {
    if cursor.text.starts(with: [0xEF, 0xBB, 0xBF]) { cursor.position = 3 }
    cursor.skipWhiteSpace()
    guard cursor.position < cursor.text.count else { throw .empty }
    let start = cursor.position
    guard cursor.peek == UInt8(ascii: "{") else {
      try cursor.skipValue()
      try expectEnd()
      throw .wrongShape(offset: start, expected: "an object with \"processes\"")
    }
    try document()
    try expectEnd()
    // A shape that is wrong in a text that is torn as well is told as torn: that is what heals by itself.
    if let wrongShape { throw wrongShape }
    snapshot.keyPaths = paths.keyPaths
    return (snapshot, decoded)
  }

  private func expectEnd() throws(HeartbeatParseError) {
    var cursor = cursor
    cursor.skipWhiteSpace()
    guard cursor.position == cursor.text.count else {
      throw .notJSON(offset: cursor.position, expected: "the end of the file")
    }
  }

  private var wrongShape: HeartbeatParseError?

  private mutating func document() throws(HeartbeatParseError) {
    var hasProcesses = false
    try object { parser, key throws(HeartbeatParseError) in
      let start = parser.cursor.position
      switch key {
      case Array("processes".utf8):
        hasProcesses = true
        guard parser.cursor.peek == UInt8(ascii: "{") else {
          parser.wrongShape = .wrongShape(offset: start, expected: "an object as \"processes\"")
          return try parser.cursor.skipValue()
        }
        try parser.processes()
      case Array("last_updated".utf8):
        if parser.cursor.startsNumber {
          let value = try parser.cursor.number()
          parser.snapshot.lastUpdated = value.isFinite ? value : nil
        } else {
          try parser.cursor.skipValue()
        }
      default: try parser.cursor.skipValue()
      }
    }
    if !hasProcesses, wrongShape == nil {
      wrongShape = .wrongShape(offset: cursor.position &- 1, expected: "the key \"processes\"")
    }
  }

  /// Walks over the members of an object that are few.
  private mutating func object(
    _ member: (inout SnapshotParser, [UInt8]) throws(HeartbeatParseError) -> Void
  ) throws(HeartbeatParseError) {
    try cursor.expect(UInt8(ascii: "{"), "'{'")
    if cursor.peek == UInt8(ascii: "}") {
      cursor.position &+= 1
      return
    }
    repeat {
      let raw = try cursor.string()
      let key = raw.needsDecoding ? JSONString.decode(cursor.text[raw.range]) : Array(cursor.text[raw.range])
      try cursor.expect(UInt8(ascii: ":"), "':'")
      try member(&self, key)
    } while try cursor.hasNext(UInt8(ascii: "}"))
  }

  private mutating func processes() throws(HeartbeatParseError) {
    try cursor.expect(UInt8(ascii: "{"), "'{'")
    if cursor.peek == UInt8(ascii: "}") {
      cursor.position &+= 1
      return
    }
    repeat {
      let raw = try cursor.string()
      try cursor.expect(UInt8(ascii: ":"), "':'")
      try process(named: raw)
    } while try cursor.hasNext(UInt8(ascii: "}"))
  }

  private mutating func process(named raw: JSONCursor.RawString) throws(HeartbeatParseError) {
    guard !raw.range.isEmpty else { return try skip(.emptyName) }
    // An escape takes at most six bytes for one, so longer ones need not be decoded to know.
    guard raw.range.count <= 6 * HeartbeatSnapshot.maximumNameLength else { return try skip(.nameTooLong) }
    guard cursor.peek == UInt8(ascii: "{") else { return try skip(.notAnObject) }
    let name = text(raw)
    guard name.range.count <= HeartbeatSnapshot.maximumNameLength else { return try skip(.nameTooLong) }
    guard snapshot.entries.count < maximumEntries else { return try skip(.tooManyEntries) }
    guard let entry = try self.entry(name: name) else { return }
    let hash = withBytes(of: name) { NameTable.hash($0) }
    let place = names.find(hash) { isSame(snapshot.entries[$0].name, name) }
    if let place {
      snapshot.skipped[.duplicateName, default: 0] += 1
      snapshot.entries[place] = entry
    } else {
      names.insert(hash, at: snapshot.entries.count)
      snapshot.entries.append(entry)
    }
  }

  /// Leaves out what stands at the cursor, for a reason.
  mutating func skip(_ reason: HeartbeatSnapshot.SkipReason) throws(HeartbeatParseError) {
    snapshot.skipped[reason, default: 0] += 1
    try cursor.skipValue()
  }

  /// Makes text of a string: its place in the file if it stands there as it is, else that of its decoded copy.
  mutating func text(_ raw: JSONCursor.RawString) -> HeartbeatSnapshot.Text {
    guard raw.needsDecoding else { return HeartbeatSnapshot.Text(range: raw.range) }
    let start = cursor.text.count &+ decoded.count
    decoded.append(contentsOf: JSONString.decode(cursor.text[raw.range]))
    return HeartbeatSnapshot.Text(range: start..<cursor.text.count &+ decoded.count)
  }

  private func withBytes<Result>(
    of text: HeartbeatSnapshot.Text, _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    let count = cursor.text.count
    if text.range.upperBound <= count {
      return body(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: cursor.text[text.range])))
    }
    return decoded.withUnsafeBytes {
      body(UnsafeRawBufferPointer(rebasing: $0[text.range.lowerBound &- count..<text.range.upperBound &- count]))
    }
  }

  /// A byte of some text; 0 behind the end.
  func byte(at offset: Int) -> UInt8 {
    if offset < cursor.text.count { return cursor.text[offset] }
    let offset = offset - cursor.text.count
    return offset < decoded.count ? decoded[offset] : 0
  }

  private func isSame(_ one: HeartbeatSnapshot.Text, _ other: HeartbeatSnapshot.Text) -> Bool {
    one.range.count == other.range.count
      && withBytes(of: one) { a in withBytes(of: other) { b in a.elementsEqual(b) } }
  }
}
