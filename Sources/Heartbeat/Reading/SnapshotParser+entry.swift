internal import JSON
internal import POSIX

extension SnapshotParser {
  /// What the known keys of a process said; a key that comes again replaces what it said before.
  private struct Fields {
    var lastHeartbeat: LastHeartbeat = .missing
    var pid: Int32?
    var status: HeartbeatSnapshot.Text?
    var host: HeartbeatSnapshot.Text?
    var interval: Double?
    /// What it says of its runs is the last of the snapshot's `jobs`; it is large, and hardly anybody has one.
    var hasJob = false

    enum LastHeartbeat {
      case missing, bad, never
      case time(Double)
    }
  }

  /// Reads a process's object and appends it; false when it is malformed and was counted as such.
  ///
  /// - Parameter member: where its name stands, with the quotes.
  mutating func appendEntry(name: HeartbeatSnapshot.Text, from member: Int) throws(JSONParseError) -> Bool {
    let start = cursor.position
    let (notesBefore, decodedBefore) = (notes, decoded.count)
    let firstNumber = snapshot.numbers.count
    let firstString = snapshot.strings.count
    var fields = Fields()
    try cursor.expect(UInt8(ascii: "{"), "'{'")
    if cursor.peek == UInt8(ascii: "}") {
      cursor.position &+= 1
    } else {
      var key = KeyPathTree.none
      repeat {
        key = try paths.node(under: KeyPathTree.none, after: key, isFull: isFull(firstNumber), &cursor)
        try cursor.expect(UInt8(ascii: ":"), "':'")
        if let known = KeyPathTree.KnownKey(rawValue: key) {
          try field(known, &fields, firstNumber: firstNumber)
        } else {
          try value(key, depth: 1, firstNumber: firstNumber)
        }
      } while try cursor.hasNext(UInt8(ascii: "}"))
    }
    if hasRemovedNumbers { removeNumbers(from: firstNumber) }

    let lastHeartbeat: Double?
    switch fields.lastHeartbeat {
    case .time(let time): lastHeartbeat = time
    case .never: lastHeartbeat = nil
    case .missing, .bad:
      let reason: HeartbeatSnapshot.SkipReason =
        if case .missing = fields.lastHeartbeat { .missingLastHeartbeat } else { .badLastHeartbeat }
      note(reason)
      // no trap: elements were only added since the entry began
      snapshot.numbers.removeLast(snapshot.numbers.count - firstNumber)
      // no trap: as above
      snapshot.strings.removeLast(snapshot.strings.count - firstString)
      if fields.hasJob { snapshot.jobs.removeLast() }
      return false
    }
    // What lies elsewhere than in its own text, or was counted, the text alone would not bring back.
    let isWhole =
      !fields.hasJob && notes == notesBefore && decoded.count == decodedBefore
      && snapshot.strings.count == firstString
      && name.range.upperBound <= cursor.text.count
    snapshot.entries.append(
      HeartbeatSnapshot.Entry(
        name: name, lastHeartbeat: lastHeartbeat, pid: fields.pid, status: fields.status, host: fields.host,
        interval: fields.interval, job: fields.hasJob ? snapshot.jobs.count - 1 : nil,
        numbers: firstNumber..<snapshot.numbers.count,
        strings: firstString..<snapshot.strings.count,
        source: start..<cursor.position, member: isWhole ? member..<cursor.position : nil))
    nameBytes &+= name.range.count
    return true
  }

  private mutating func field(
    _ key: KeyPathTree.KnownKey, _ fields: inout Fields, firstNumber: Int
  ) throws(JSONParseError) {
    switch key {
    case .lastHeartbeat where saysNever:
      try cursor.skipValue()
      fields.lastHeartbeat = .never
    case .lastHeartbeat:
      let time = try numberOrNil()
      fields.lastHeartbeat = if let time, time.isFinite { .time(UnixTime.seconds(time)) } else { .bad }
    case .lastHeartbeatFormatted: try cursor.skipValue()
    case .pid: fields.pid = try pidOrNil()
    case .status:
      fields.status = try stringOrNil()
      // Only then: what only reads the parser is given a copy of all of it.
      if let text = fields.status, text.range.count > HeartbeatSnapshot.maximumStatusLength {
        fields.status = beginning(of: text, HeartbeatSnapshot.maximumStatusLength)
      }
    case .host: fields.host = try stringOrNil()
    case .interval: fields.interval = try numberOrNil().flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
    case .job:
      if fields.hasJob { snapshot.jobs.removeLast() }
      fields.hasJob = try appendJob()
    case .additionalData:
      if cursor.peek == UInt8(ascii: "{") {
        try data(under: KeyPathTree.none, depth: 1, firstNumber: firstNumber)
      } else {
        try cursor.skipValue()
      }
    }
  }

  /// Whether null stands here, or an empty text: a time that says that there was no beat yet.
  private var saysNever: Bool {
    guard cursor.peek == UInt8(ascii: "\"") else { return cursor.peek == UInt8(ascii: "n") }
    let next = cursor.position &+ 1
    return next < cursor.text.count && cursor.text[next] == UInt8(ascii: "\"")
  }

  /// Reads what an object says of a job's runs, and appends it; false when it says nothing of any.
  @inline(never)
  private mutating func appendJob() throws(JSONParseError) -> Bool {
    let start = cursor.position
    guard cursor.peek == UInt8(ascii: "{") else {
      if cursor.peek != UInt8(ascii: "n") { note(.badJob, at: start) }
      try cursor.skipValue()
      return false
    }
    var job = JobRecord()
    var isBad = false
    try object { (parser, key) throws(JSONParseError) in
      let known = String(decoding: key, as: UTF8.self)
      guard JobRecord.Key.all.contains(ExactText(known)), parser.cursor.peek != UInt8(ascii: "n") else {
        return try parser.cursor.skipValue()
      }
      let start = parser.cursor.position
      if let value = try parser.numberOrNil(), value.isFinite, job.take(known, value) { return }
      isBad = true
      parser.note(.badJob, at: start)
    }
    guard !job.isEmpty else {
      if !isBad { note(.badJob, at: start) }
      return false
    }
    snapshot.jobs.append(job)
    return true
  }

  /// A number, also one that was written as a text.
  private mutating func numberOrNil() throws(JSONParseError) -> Double? {
    if cursor.startsNumber { return try cursor.number() }
    guard cursor.peek == UInt8(ascii: "\"") else {
      try cursor.skipValue()
      return nil
    }
    let raw = try cursor.string()
    var inner = JSONCursor(UnsafeBufferPointer(rebasing: cursor.text[raw.range]))
    guard inner.startsNumber, let number = try? inner.number(), inner.position == inner.text.count else { return nil }
    return number
  }

  /// The pid; one that no kernel gives is counted and left out, null is none.
  private mutating func pidOrNil() throws(JSONParseError) -> Int32? {
    if cursor.peek == UInt8(ascii: "n") {
      try cursor.skipValue()
      return nil
    }
    let start = cursor.position
    let number = try numberOrNil()
    if let pid = number.flatMap(SnapshotParser.pid) { return pid }
    note(.badPid, at: start)
    // Of another program's file it is shown as it stands there, and nobody looks for it.
    return keepsStrangePids ? number.flatMap { Int32(exactly: $0) }.flatMap { $0 > 0 ? $0 : nil } : nil
  }

  private mutating func stringOrNil() throws(JSONParseError) -> HeartbeatSnapshot.Text? {
    if cursor.peek == UInt8(ascii: "\"") { return text(try cursor.string()) }
    try cursor.skipValue()
    return nil
  }

  private static let maximumPid = Double(HeartbeatSnapshot.maximumPid)

  private static func pid(_ number: Double) -> Int32? {
    guard number >= 1, number <= maximumPid, number == number.rounded() else { return nil }
    return Int32(exactly: number)
  }

  /// As many bytes of a longer text, and no half of a character.
  @inline(never)
  private func beginning(of text: HeartbeatSnapshot.Text, _ length: Int) -> HeartbeatSnapshot.Text {
    var end = text.range.lowerBound + length
    while end > text.range.lowerBound, byte(at: end) & 0xC0 == 0x80 { end -= 1 }
    return HeartbeatSnapshot.Text(range: text.range.lowerBound..<end)
  }
}
