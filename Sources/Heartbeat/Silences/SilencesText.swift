internal import JSON

/// Which programs a file says are silenced: `"silences": {"NAME": {"until": TIME, "comment": TEXT, "created_by": USER}}` beside
/// `processes`, or alone in a note.
enum SilencesText {
  /// So many programs can be silenced in one file.
  static let most = 1_000
  /// The most bytes of all of them in one file: a larger one is left out as a whole.
  static let largest = 1 << 20

  /// What was read.
  struct Found: Equatable, Sendable {
    var silences: [[UInt8]: Silence] = [:]
    /// Names, or their beginnings, of those that cannot be used.
    var bad: [String] = []
  }

  /// Reads the value of `silences`.
  static func read(_ text: some Collection<UInt8>) -> Found {
    guard text.count <= largest, let value = try? JSONValue(parsing: Array(text)) else { return Found(bad: [""]) }
    return read(value)
  }

  /// Reads the value of `silences`.
  static func read(_ value: JSONValue) -> Found {
    guard case .object(let object) = value else { return Found(bad: [""]) }
    var found = Found()
    for member in object.members {
      let name = Array(member.key.utf8)
      guard !name.isEmpty, name.count <= HeartbeatSnapshot.maximumNameLength, let silence = Silence(member.value),
        found.silences[name] != nil || found.silences.count < most
      else {
        found.bad.append(String(decoding: name.prefix(HeartbeatSnapshot.maximumNameLength), as: UTF8.self))
        continue
      }
      found.silences[name] = silence
    }
    return found
  }
}

/// A heartbeat file's next text: some programs silenced, or not any more, every other byte as it was.
struct SilencesChange: RecognisableText {
  /// The file's new bytes.
  private(set) var bytes: [UInt8] = []
  /// Those of the names that were silenced.
  private(set) var known: [String] = []
  /// More are silenced than can be.
  private(set) var isTooMuch = false
  let foreignReason: String?

  /// - Parameters:
  ///   - silence: nil ends what there is.
  ///   - text: the file's bytes; none for an empty file.
  ///   - now: Unix time in seconds; what ended before is taken out.
  init(_ names: [String], _ silence: Silence?, in text: [UInt8], now: Double) throws(JSONError) {
    // A file needs its processes, though nobody has beaten yet.
    let merge = try HeartbeatMerge([], into: text, now: now, removingBefore: nil)
    foreignReason = merge.foreignReason
    let text = merge.bytes
    let document = try JSONError.catching(in: text) { (cursor) throws(JSONParseError) in
      try HeartbeatDocument(scanning: cursor)
    }
    var members: [JSONObject.Member] = []
    if let place = document.silences, case .object(let old)? = try? JSONValue(parsing: Array(text[place])) {
      for member in old.members {
        guard let before = Silence(member.value), before.until > now else { continue }
        if names.contains(where: { $0.utf8.elementsEqual(member.key.utf8) }) {
          known.append(member.key)
        } else {
          members.append(member)
        }
      }
    }
    if let silence {
      members += names.map { JSONObject.Member(key: $0, value: .object(silence.object)) }
    } else if known.isEmpty {
      bytes = text
      return
    }
    isTooMuch = members.count > SilencesText.most
    bytes = document.setting("silences", at: document.silences, to: .object(JSONObject(members)), in: text)
  }
}
