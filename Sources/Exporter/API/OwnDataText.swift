internal import Heartbeat

/// What the processes say of themselves, as JSON text in the shape in which they do: made once for each content of the
/// file, and only of those that are asked for.
struct OwnDataText {
  private var generation: UInt64?
  private var text: [UInt8] = []
  private var places: [Range<Int>?] = []

  /// Forgets all of another content of the file.
  ///
  /// - Parameter count: how many entries the content has.
  mutating func begin(_ generation: UInt64, count: Int) {
    guard generation != self.generation else { return }
    self.generation = generation
    text.removeAll(keepingCapacity: true)
    places = [Range<Int>?](repeating: nil, count: count)
  }

  /// The text of an entry of the snapshot.
  mutating func text(of index: Int, in snapshot: HeartbeatSnapshot) -> ArraySlice<UInt8> {
    if let place = places[index] { return text[place] }
    let start = text.count
    if case .object(let object)? = try? JSONValue(parsing: Array(snapshot.bytes[snapshot.entries[index].source])) {
      Heartbeat(name: "", entry: object).additionalData.append(to: &text)
    } else {
      JSONValue.object([:]).append(to: &text)
    }
    places[index] = start..<text.count
    return text[start...]
  }
}
