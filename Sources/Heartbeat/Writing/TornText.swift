/// A walk over a text that is no JSON, as far as it goes: which of a heartbeat file's keys stand in it.
///
/// It is less strict than a parser about values that it passes over: it only says what the text may be the beginning of.
struct TornText {
  private let text: ArraySlice<UInt8>
  private var position: Int
  private var end = HeartbeatSigns.End.disturbed
  /// What it is when the text is at its end.
  private let last: HeartbeatSigns.End

  /// Whether a text that is no JSON can only be a heartbeat file that was half written, or damaged.
  static func isHeartbeatFile(_ bytes: [UInt8]) -> Bool {
    var walk = TornText(bytes)
    var signs = HeartbeatSigns()
    let isWhole = walk.object { walk, key in
      switch key {
      case .part(let part):
        if !part.isBeginning(of: HeartbeatSigns.rootKeys) { signs.hasOtherKeys = true }
        return false
      case .whole(let key):
        let name = HeartbeatSigns.rootKeys.first { key.elementsEqual($0.utf8) }
        if name == nil { signs.hasOtherKeys = true }
        guard let kind = walk.kind else { return false }
        signs.note(name, kind)
        return name == "processes" && kind == .object ? walk.entries(&signs) : walk.skipValue()
      }
    }
    guard walk.isObject else { return false }
    return signs.isTorn(isWhole ? .followed : walk.end)
  }

  /// Whether a text that is no JSON can only be a process's own file that was half written, or damaged.
  static func isEntry(_ bytes: [UInt8]) -> Bool {
    var walk = TornText(bytes)
    var time = HeartbeatSigns.Kind.missing
    var isFirst = true
    var mayBegin = true
    let isWhole = walk.object { walk, key in walk.entryMember(key, &time, &isFirst, &mayBegin) }
    guard walk.isObject else { return false }
    return time.isTime || !isWhole && walk.end == .early && mayBegin && time == .missing
  }

  private init(_ bytes: [UInt8]) {
    let body = UnreadableText.body(of: bytes)
    // JSON has no zero byte anywhere: behind the first one comes what a host's crash has left.
    text = body.prefix { $0 != 0 }
    last = body[text.endIndex...].allSatisfy { $0 == 0 || UnreadableText.isWhiteSpace($0) } ? .early : .disturbed
    position = text.startIndex
    skipWhiteSpace()
  }

  private var isObject: Bool { text.drop(while: UnreadableText.isWhiteSpace).first == UInt8(ascii: "{") }

  /// The entries of `processes`.
  private mutating func entries(_ signs: inout HeartbeatSigns) -> Bool {
    object { walk, key in
      guard case .whole = key, let kind = walk.kind else { return false }
      guard kind == .object else {
        signs.noteEntry(hasTime: false)
        return walk.skipValue()
      }
      var time = HeartbeatSigns.Kind.missing
      var isFirst = true
      var mayBegin = true
      let isWhole = walk.object { walk, key in walk.entryMember(key, &time, &isFirst, &mayBegin) }
      if time.isTime {
        signs.noteEntry(hasTime: true)
      } else if isWhole || !mayBegin || time != .missing {
        signs.noteEntry(hasTime: false)
      }
      return isWhole
    }
  }

  /// One member of an entry.
  ///
  /// - Parameters:
  ///   - time: what stands as `last_heartbeat`.
  ///   - isFirst: whether it is the entry's first member.
  ///   - mayBegin: whether what was seen can be the beginning of an entry of ours, whose first key is the time.
  private mutating func entryMember(
    _ key: Key, _ time: inout HeartbeatSigns.Kind, _ isFirst: inout Bool, _ mayBegin: inout Bool
  ) -> Bool {
    defer { isFirst = false }
    switch key {
    case .part(let part):
      if isFirst, !part.isBeginning(of: [HeartbeatEntry.Key.lastHeartbeat]) { mayBegin = false }
      return false
    case .whole(let key):
      guard key.elementsEqual(HeartbeatEntry.Key.lastHeartbeat.utf8) else {
        if time == .missing { mayBegin = false }
        return skipValue()
      }
      mayBegin = true
      guard let kind else { return false }
      time = kind
      return skipValue()
    }
  }

  // MARK: The walk

  private enum Key {
    case whole(ArraySlice<UInt8>)
    /// The text ends in it.
    case part(ArraySlice<UInt8>)
  }

  private var first: UInt8? { position < text.endIndex ? text[position] : nil }

  /// What stands here, also when it is cut off; nil at the end.
  private var kind: HeartbeatSigns.Kind? {
    guard let first else { return nil }
    let letters = text[position...].prefix(while: TornText.isLetter)
    return letters.isEmpty || letters.isBeginning(of: ["NaN", "Infinity", "null"]) ? HeartbeatSigns.Kind(first) : .other
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private static func isOfNumberOrWord(_ byte: UInt8) -> Bool {
    isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "+-.".utf8.contains(byte)
  }

  private mutating func skipWhiteSpace() {
    while let byte = first, UnreadableText.isWhiteSpace(byte) { position += 1 }
    if first == nil { end = last }
  }

  /// Passes a byte with the white space around it; false when another one stands there.
  private mutating func pass(_ byte: UInt8) -> Bool {
    skipWhiteSpace()
    guard first == byte else { return false }
    position += 1
    skipWhiteSpace()
    return true
  }

  /// Walks over an object, as far as it goes; whether it was whole. `member` passes a value, and says whether it was whole.
  private mutating func object(_ member: (inout TornText, Key) -> Bool) -> Bool {
    guard pass(UInt8(ascii: "{")) else { return false }
    if pass(UInt8(ascii: "}")) { return true }
    while first == UInt8(ascii: "\"") {
      position += 1
      let start = position
      guard skipString() else {
        if first == nil { _ = member(&self, .part(text[start...])) }
        return false
      }
      let key = text[start..<position - 1]  // no trap: the closing quote was passed
      guard pass(UInt8(ascii: ":")) else {
        if first == nil { _ = member(&self, .whole(key)) }
        return false
      }
      guard member(&self, .whole(key)) else { return false }
      if pass(UInt8(ascii: "}")) { return true }
      guard pass(UInt8(ascii: ",")) else { return false }
    }
    return false
  }

  /// Passes the rest of a string, behind its opening quote; false when it does not end.
  private mutating func skipString() -> Bool {
    while let byte = first {
      guard byte >= 0x20 else { return false }
      position += byte == UInt8(ascii: "\\") ? 2 : 1
      if byte == UInt8(ascii: "\"") { return true }
    }
    position = text.endIndex
    end = last
    return false
  }

  /// Passes any value; false when it is not whole.
  private mutating func skipValue() -> Bool {
    var closings: [UInt8] = []
    repeat {
      skipWhiteSpace()
      guard let byte = first else { return false }
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        guard skipString() else { return false }
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        closings.append(byte + 2)  // in ASCII '}' and ']' stand two behind '{' and '[': no trap
        position += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard byte == closings.popLast() else { return false }
        position += 1
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        guard !closings.isEmpty else { return false }
        position += 1
      default:
        let start = position
        while let byte = first, TornText.isOfNumberOrWord(byte) { position += 1 }
        guard position > start else { return false }
      }
    } while !closings.isEmpty
    if first == nil { end = last }
    return first != nil
  }
}

extension ArraySlice<UInt8> {
  /// Whether one of some texts begins so.
  fileprivate func isBeginning(of texts: [String]) -> Bool {
    texts.contains { $0.utf8.starts(with: self) }
  }
}
