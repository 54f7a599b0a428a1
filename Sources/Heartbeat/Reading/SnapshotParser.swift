internal import Glibc
internal import JSON
internal import POSIX

/// Reads a heartbeat file's JSON straight into the flat arrays of a snapshot.
struct SnapshotParser {
  var cursor: JSONCursor
  var snapshot: HeartbeatSnapshot
  var paths: KeyPathTree
  /// Unescaped strings; they come to lie behind the file's bytes.
  private(set) var decoded: [UInt8] = []
  /// The names of `snapshot.entries`. As long as these are the same as in the content before, it is that one's table.
  private(set) var names: NameTable
  /// The content before.
  let previous: Previous
  /// Every process so far has the name of the previous content's one at the same place.
  private var isAligned = true
  private let maximumEntries: Int
  /// So many numbers of one process are told by their keys.
  let maximumNumbers: Int
  /// What all names may take together in labels, and what they take so far, in bytes.
  private let maximumNameBytes: Int
  var nameBytes = 0
  /// Whether a pid that no kernel gives is shown as it stands there: another program's is.
  let keepsStrangePids: Bool
  /// For each path the place in `numbers` where its number stood last, so that a repeated key replaces it.
  var lastNumber: [Int32] = []
  /// Numbers that a later value of the same key took back, to be removed at the end of the entry.
  var hasRemovedNumbers = false
  /// How often something was counted as left out.
  private(set) var notes = 0
  /// The name of the process that is being read.
  private var name: JSONCursor.RawString?

  /// What is taken over from the content before.
  struct Previous {
    /// The file's bytes, and the decoded strings behind them.
    let text: UnsafeBufferPointer<UInt8>
    let entries: [HeartbeatSnapshot.Entry]
    let numbers: [HeartbeatSnapshot.Number]
    let names: NameTable

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(text) }
  }

  /// - Parameter spare: its memory is used for the new snapshot.
  init(
    _ text: UnsafeBufferPointer<UInt8>, paths: KeyPathTree, previous: Previous, maximumEntries: Int,
    maximumNumbers: Int, maximumNameBytes: Int, keepsStrangePids: Bool, into spare: inout HeartbeatSnapshot
  ) {
    cursor = JSONCursor(text)
    self.paths = paths
    self.previous = previous
    self.maximumEntries = maximumEntries
    self.maximumNumbers = maximumNumbers
    self.maximumNameBytes = maximumNameBytes
    self.keepsStrangePids = keepsStrangePids
    names = previous.names
    snapshot = HeartbeatSnapshot()
    swap(&snapshot, &spare)
    snapshot.removeAll()
    snapshot.changes.keepsShape = true
    snapshot.changes.keepsProcesses = true
  }

  /// Reads the whole text; the snapshot still lacks the file's own bytes.
  mutating func parse() throws(JSONParseError) {
    if cursor.text.starts(with: [0xEF, 0xBB, 0xBF]) { cursor.position = 3 }
    cursor.skipWhiteSpace()
    guard cursor.position < cursor.text.count else { throw .empty }
    guard cursor.text.count <= CompactRange.longestText else {
      throw .wrongShape(offset: 0, expected: "at most \(CompactRange.longestText) bytes")
    }
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
    if snapshot.entries.count != previous.entries.count { leaveAlignment(entries: snapshot.entries.count) }
    snapshot.changes.keepsProcesses = isAligned && snapshot.changes.keepsProcesses
  }

  private func expectEnd() throws(JSONParseError) {
    var cursor = cursor
    cursor.skipWhiteSpace()
    guard cursor.position == cursor.text.count else {
      throw .notJSON(offset: cursor.position, expected: "the end of the file")
    }
  }

  private var wrongShape: JSONParseError?

  /// What is said where something else stands in the place of the processes.
  static let expectedProcesses = "an object as \"processes\""

  private mutating func document() throws(JSONParseError) {
    var hasProcesses = false
    try object { parser, key throws(JSONParseError) in
      let start = parser.cursor.position
      // As texts: such short ones need no memory.
      switch ExactText(String(decoding: key, as: UTF8.self)) {
      case "processes":
        hasProcesses = true
        guard parser.cursor.peek == UInt8(ascii: "{") else {
          parser.wrongShape = .wrongShape(offset: start, expected: SnapshotParser.expectedProcesses)
          return try parser.cursor.skipValue()
        }
        try parser.processes()
      case "last_updated":
        if parser.cursor.startsNumber {
          let value = try parser.cursor.number()
          parser.snapshot.lastUpdated = value.isFinite ? UnixTime.seconds(value) : nil
        } else {
          try parser.cursor.skipValue()
        }
      case "pruned": try parser.pruned()
      case "silences": try parser.silences()
      default: try parser.cursor.skipValue()
      }
    }
    if !hasProcesses, wrongShape == nil {
      wrongShape = .wrongShape(offset: cursor.position &- 1, expected: "the key \"processes\"")
    }
  }

  /// Reads which processes somebody has pruned.
  private mutating func pruned() throws(JSONParseError) {
    guard cursor.peek == UInt8(ascii: "{") else { return try cursor.skipValue() }
    try object { parser, name throws(JSONParseError) in
      guard parser.cursor.startsNumber, parser.snapshot.pruned.count < HeartbeatSnapshot.maximumPruned else {
        return try parser.cursor.skipValue()
      }
      parser.snapshot.pruned[name] = try parser.cursor.number()
    }
  }

  /// Reads which processes somebody has silenced. Of several such objects the last counts.
  private mutating func silences() throws(JSONParseError) {
    let start = cursor.position
    try cursor.skipValue()
    let found = SilencesText.read(cursor.text[start..<cursor.position])
    snapshot.silences = found.silences
    snapshot.noteBadSilences(found.bad, at: start)
  }

  /// Walks over the members of an object that are few.
  mutating func object(
    _ member: (inout SnapshotParser, [UInt8]) throws(JSONParseError) -> Void
  ) throws(JSONParseError) {
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

  private mutating func processes() throws(JSONParseError) {
    try cursor.expect(UInt8(ascii: "{"), "'{'")
    if cursor.peek == UInt8(ascii: "}") {
      cursor.position &+= 1
      return
    }
    repeat {
      if !isAligned || !takeUnchanged(snapshot.entries.count, from: cursor.position) { try process() }
    } while try cursor.hasNext(UInt8(ascii: "}"))
  }

  private mutating func process() throws(JSONParseError) {
    let start = cursor.position
    let raw = try cursor.string()
    name = raw
    try cursor.expect(UInt8(ascii: ":"), "':'")
    guard !raw.range.isEmpty else { return try skip(.emptyName) }
    // An escape takes at most six bytes for one, so longer ones need not be decoded to know.
    guard raw.range.count <= 6 * HeartbeatSnapshot.maximumNameLength else { return try skip(.nameTooLong) }
    guard cursor.peek == UInt8(ascii: "{") else { return try skip(.notAnObject) }
    guard snapshot.entries.count < maximumEntries, nameBytes < maximumNameBytes else {
      return try skip(.tooManyEntries)
    }
    let name = text(raw)
    guard name.range.count <= HeartbeatSnapshot.maximumNameLength else { return try skip(.nameTooLong) }
    guard !isExportersName(name) else { return try skip(.reservedName) }
    let place = snapshot.entries.count
    if isAligned {
      let isExpected = place < previous.entries.count && isSame(name, asPrevious: place)
      guard try appendEntry(name: name, from: start) else { return }
      if isExpected {
        compareLast(with: previous.entries[place])
      } else {
        // Without the new one, which is looked for among the others.
        leaveAlignment(entries: place)
        let hash = withBytes(of: name) { NameTable.hash($0) }
        enterLast(hash: hash, known: find(name, hash))
      }
      return
    }
    let hash = withBytes(of: name) { NameTable.hash($0) }
    names.prefetch(hash)
    if let before = previous.names.find(hash, isSame: { isSame(name, asPrevious: $0) }),
      takeUnchanged(before, from: start)
    {
      enterLast(hash: hash, known: find(name, hash))
    } else if try appendEntry(name: name, from: start) {
      enterLast(hash: hash, known: find(name, hash))
    }
  }

  /// The place of the process that had this name further up.
  private func find(_ name: HeartbeatSnapshot.Text, _ hash: Int) -> Int? {
    names.find(hash) { isSame(snapshot.entries[$0].name, name) }
  }

  /// Enters the name of the process that was just appended; one that is known takes the place of the old one.
  private mutating func enterLast(hash: Int, known: Int?) {
    if let known {
      note(.duplicateName)
      snapshot.entries[known] = snapshot.entries.removeLast()
    } else {
      names.insert(hash, at: snapshot.entries.count &- 1)
    }
  }

  /// A guess at the length of a process's text, in bytes.
  private static let usualMemberLength = 256

  /// From here on the names are another content's.
  ///
  /// - Parameter count: how many processes have names by now.
  private mutating func leaveAlignment(entries count: Int) {
    guard isAligned else { return }
    isAligned = false
    snapshot.changes.keepsShape = false
    // As many as there were, or as there may be in what is left of the text, but not so many that it costs much.
    let guess = (cursor.text.count &- cursor.position) / SnapshotParser.usualMemberLength
    names = NameTable(expecting: snapshot.entries.count &+ min(max(previous.entries.count, guess), maximumEntries))
    for (place, entry) in snapshot.entries.prefix(count).enumerated() {
      names.insert(withBytes(of: entry.name) { NameTable.hash($0) }, at: place)
    }
  }

  /// Leaves out what stands at the cursor, for a reason.
  mutating func skip(_ reason: HeartbeatSnapshot.SkipReason) throws(JSONParseError) {
    note(reason, at: cursor.position)
    try cursor.skipValue()
  }

  /// Counts something that was left out, and names the first ones.
  ///
  /// - Parameter offset: where it stands; nil for where its process's member begins.
  mutating func note(_ reason: HeartbeatSnapshot.SkipReason, at offset: Int? = nil) {
    snapshot.skipped[reason, default: 0] += 1
    notes &+= 1
    guard snapshot.problems.count < EntryProblem.maximumCount, let name else { return }
    // An escape takes at most six bytes for one.
    var beginning = name
    beginning.range = name.range.prefix(6 * HeartbeatSnapshot.maximumNameLength)
    let told = String(decoding: cursor.bytes(beginning).prefix(HeartbeatSnapshot.maximumNameLength), as: UTF8.self)
    snapshot.problems.append(
      EntryProblem(process: told, reason: reason, offset: offset ?? name.range.lowerBound &- 1))
  }

  /// Makes text of a string: its place in the file if it stands there as it is, else that of its decoded copy.
  mutating func text(_ raw: JSONCursor.RawString) -> HeartbeatSnapshot.Text {
    guard raw.needsDecoding else { return HeartbeatSnapshot.Text(range: raw.range) }
    let start = cursor.text.count &+ decoded.count
    decoded.append(contentsOf: JSONString.decode(cursor.text[raw.range]))
    return HeartbeatSnapshot.Text(range: start..<cursor.text.count &+ decoded.count)
  }

  func withBytes<Result>(
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

  private static let exportersName = Array(HeartbeatEntry.exportersName.utf8)

  private func isExportersName(_ name: HeartbeatSnapshot.Text) -> Bool {
    // By its length first: there are hundreds of thousands of others.
    name.range.count == SnapshotParser.exportersName.count
      && withBytes(of: name) { $0.elementsEqual(SnapshotParser.exportersName) }
  }

  private func isSame(_ one: HeartbeatSnapshot.Text, _ other: HeartbeatSnapshot.Text) -> Bool {
    one.range.count == other.range.count
      && withBytes(of: one) { a in withBytes(of: other) { b in a.isSame(as: b) } }
  }

  private func isSame(_ name: HeartbeatSnapshot.Text, asPrevious place: Int) -> Bool {
    let before = previous.entries[place].name.range
    guard name.range.count == before.count else { return false }
    return withBytes(of: name) { $0.isSame(as: UnsafeRawBufferPointer(rebasing: previous.bytes[before])) }
  }
}

extension UnsafeRawBufferPointer {
  /// Whether the bytes of another buffer are the same.
  func isSame(as other: UnsafeRawBufferPointer) -> Bool {
    guard count == other.count else { return false }
    guard let here = baseAddress, let there = other.baseAddress else { return true }
    // In bounds: both have so many bytes.
    return memcmp(here, there, count) == 0
  }
}
