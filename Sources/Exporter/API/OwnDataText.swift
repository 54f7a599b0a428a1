internal import Glibc
internal import Heartbeat
internal import JSON

/// What the processes say of themselves, as JSON text in the shape in which they do: made for those that are asked for, and
/// made again only when they say something else.
struct OwnDataText {
  /// An entry's object as it stood in the file, and the text that was made of it.
  private struct Place {
    let source: Range<Int>
    let text: Range<Int>
  }

  private var bytes: [UInt8] = []
  private var places: [Place?] = []
  /// How many of `bytes` belong to no place any more.
  private var unused = 0

  /// No more bytes than these are kept; the rest is made for each answer.
  private let limit: Int

  /// What of one answer is looked at, in bytes of the files: to tell more would keep scrapes waiting.
  private let answerLimit: Int
  /// How much of that the present answer has used.
  private var answered = 0

  init(limit: Int = ScrapeLimits().ownDataBytes, answerLimit: Int = ScrapeLimits().ownDataAnswerBytes) {
    self.limit = limit
    self.answerLimit = answerLimit
  }

  /// How long all that is kept is, in bytes.
  var length: Int { bytes.count }

  /// Forgets all texts.
  mutating func forget() {
    self = OwnDataText(limit: limit, answerLimit: answerLimit)
  }

  /// Prepares for an answer about a content of the file with so many entries.
  mutating func begin(count: Int) {
    answered = 0
    // Rather than to move what is still used, all is made anew now and then.
    guard count != places.count || unused > bytes.count / 2 else { return }
    bytes.removeAll(keepingCapacity: count == places.count)
    unused = 0
    places = [Place?](repeating: nil, count: count)
  }

  /// The text of an entry; `null` where this answer has told so much that there is no room for it.
  mutating func text(of index: Int, in snapshot: HeartbeatSnapshot) -> ArraySlice<UInt8> {
    let source = snapshot.bytes[snapshot.entries[index].source]
    guard source.count <= answerLimit - answered else { return ArraySlice("null".utf8) }
    answered += source.count
    if let place = places[index] {
      // Not mutated: the same text made anew is the same.
      if OwnDataText.areEqual(bytes[place.source], source) { return bytes[place.text] }
      unused += place.source.count + place.text.count
    }
    guard bytes.count + source.count < limit else {
      places[index] = nil
      var made: [UInt8] = []
      OwnDataText.append(source, to: &made)
      return made[...]
    }
    let start = bytes.count
    bytes.append(contentsOf: source)
    let middle = bytes.count
    OwnDataText.append(source, to: &bytes)
    places[index] = Place(source: start..<middle, text: middle..<bytes.count)
    return bytes[middle...]
  }

  private static func append(_ source: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
    if case .object(let object)? = try? JSONValue(parsing: Array(source)) {
      HeartbeatEntry(name: "", entry: object).additionalData.append(to: &bytes)
    } else {
      JSONValue.object([:]).append(to: &bytes)
    }
  }

  // Several times as fast as byte by byte.
  private static func areEqual(_ old: ArraySlice<UInt8>, _ new: ArraySlice<UInt8>) -> Bool {
    old.withUnsafeBytes { old in
      new.withUnsafeBytes { new in
        guard old.count == new.count, let first = old.baseAddress, let second = new.baseAddress else { return false }
        return memcmp(first, second, old.count) == 0
      }
    }
  }
}
