/// Finds the entry of a name: a hash table over names that lie elsewhere.
struct NameTable {
  private var slots = [Int32](repeating: NameTable.empty, count: 64)
  private var hashes: [Int] = []
  private static let empty: Int32 = -1

  /// The hash of a name; the seed differs from run to run, so that no file can make all names collide.
  static func hash(_ name: UnsafeRawBufferPointer) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: name)
    return hasher.finalize()
  }

  /// The place of the name that has this hash and for which `isSame` is true.
  func find(_ hash: Int, isSame: (Int) -> Bool) -> Int? {
    var slot = hash & (slots.count &- 1)
    while slots[slot] != NameTable.empty {
      let place = Int(slots[slot])
      if hashes[place] == hash, isSame(place) { return place }
      slot = (slot &+ 1) & (slots.count &- 1)
    }
    return nil
  }

  /// Adds a name that is not there yet; places must be given in order from 0.
  mutating func insert(_ hash: Int, at place: Int) {
    hashes.append(hash)
    if hashes.count &* 2 > slots.count {
      slots = [Int32](repeating: NameTable.empty, count: slots.count &* 2)
      for (place, hash) in hashes.enumerated() { put(hash, place) }
    } else {
      put(hash, place)
    }
  }

  private mutating func put(_ hash: Int, _ place: Int) {
    var slot = hash & (slots.count &- 1)
    while slots[slot] != NameTable.empty { slot = (slot &+ 1) & (slots.count &- 1) }
    slots[slot] = Int32(truncatingIfNeeded: place)
  }
}
