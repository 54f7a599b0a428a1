/// What the answers that clients have not taken yet keep in memory. A piece that several of them share counts once.
struct UntakenResponses {
  /// Where a piece lies in memory, which tells it from others while it is held, and how many bytes it has.
  struct Piece {
    let address: UInt
    let count: Int
  }

  private var holders: [UInt: Int] = [:]
  /// How many answers there are.
  private(set) var count = 0
  /// What they take together, in bytes.
  private(set) var bytes = 0

  /// Counts an answer of these pieces, which must stay in memory until it is released.
  mutating func hold(_ pieces: [Piece]) {
    count += 1
    for piece in pieces where piece.count > 0 {
      let before = holders[piece.address, default: 0]
      if before == 0 { bytes += piece.count }
      holders[piece.address] = before + 1
    }
  }

  /// Takes an answer away that was held.
  mutating func release(_ pieces: [Piece]) {
    count -= 1
    for piece in pieces where piece.count > 0 {
      guard let before = holders[piece.address] else { continue }
      if before == 1 {
        holders[piece.address] = nil
        bytes -= piece.count
      } else {
        holders[piece.address] = before - 1
      }
    }
  }
}
