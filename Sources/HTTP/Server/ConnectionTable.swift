internal import POSIX

/// The open connections by slot. A slot is used again, with the next generation, so that an event or an answer meant
/// for the connection before cannot reach the one that has its slot now.
struct ConnectionTable {
  private var slots: [Connection?] = []
  private var generations: [UInt32] = []
  private var free: [UInt32] = []

  /// How many there are.
  private(set) var count = 0
  /// How many of them are there only to be refused.
  private(set) var refusals = 0

  /// All connections; closing some while going through this copy is fine.
  var all: [Connection] { slots.compactMap { $0 } }

  /// The identity for the next connection to be inserted.
  mutating func nextID() -> ConnectionID {
    if free.isEmpty {
      free.append(UInt32(clamping: slots.count))
      slots.append(nil)
      generations.append(0)
    }
    let slot = free[free.count - 1]
    return ConnectionID(slot: slot, generation: generations[Int(widening: slot)])
  }

  /// Puts in a connection that was made with `nextID`.
  mutating func insert(_ connection: Connection) {
    free.removeLast()
    slots[Int(widening: connection.id.slot)] = connection
    count += 1
    if connection.isRefusal { refusals += 1 }
  }

  mutating func remove(_ connection: Connection) {
    let slot = Int(widening: connection.id.slot)
    slots[slot] = nil
    generations[slot] &+= 1
    free.append(connection.id.slot)
    count -= 1
    if connection.isRefusal { refusals -= 1 }
  }

  /// The connection, if it is still there.
  subscript(id: ConnectionID) -> Connection? {
    let slot = Int(widening: id.slot)
    guard slot < slots.count, generations[slot] == id.generation else { return nil }
    return slots[slot]
  }

  /// The connection in a slot.
  subscript(slot slot: Int) -> Connection? {
    slot < slots.count ? slots[slot] : nil
  }
}
