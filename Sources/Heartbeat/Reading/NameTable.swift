internal import CLinux
internal import POSIX

/// Finds the entry of a name: a hash table over names that lie elsewhere.
struct NameTable {
  private var slots: [Int32]
  private var hashes: [Int] = []
  private static let empty: Int32 = -1

  /// An empty table that has room for so many names; it grows when there are more.
  init(expecting count: Int = 0) {
    var size = 64
    while size < count &* 2 { size &*= 2 }
    slots = [Int32](repeating: NameTable.empty, count: size)
    hashes.reserveCapacity(count)
  }

  /// Chosen at random by each process, so that no file can make all names collide.
  private static let keys = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max) | 1)

  /// The hash of a name: eight bytes at a time are multiplied into 128 bits whose halves are folded into one another.
  static func hash(_ name: UnsafeRawBufferPointer) -> Int {
    func mixed(_ state: UInt64, _ word: UInt64) -> UInt64 {
      let (high, low) = (state ^ word).multipliedFullWidth(by: keys.1)
      return high ^ low
    }
    var state = keys.0 ^ UInt64(name.count)
    var offset = 0
    while offset &+ 8 <= name.count {
      state = mixed(state, name.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset &+= 8
    }
    var rest: UInt64 = 0
    while offset < name.count {
      rest = rest << 8 | UInt64(widening: name[offset])
      offset &+= 1
    }
    return Int(truncatingIfNeeded: mixed(mixed(state, rest), keys.0))
  }

  /// Has the memory come that `find` and `insert` will need: in a large table nearly each look misses the caches, and what
  /// is done meanwhile costs no time.
  func prefetch(_ hash: Int) {
    // Sound: the place is within the array, and nothing is read.
    slots.withUnsafeBufferPointer { slots in
      CLinux.prefetch(slots.baseAddress?.advanced(by: hash & (slots.count &- 1)))
    }
  }

  /// The place of the name that has this hash and for which `isSame` is true.
  func find(_ hash: Int, isSame: (Int) -> Bool) -> Int? {
    var slot = hash & (slots.count &- 1)
    while slots[slot] != NameTable.empty {
      let place = Int(widening: slots[slot])
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
