internal import POSIX

/// Which rows of a list are in view, when not all have room. Pure.
struct Scroll: Sendable {
  /// What a key asks for.
  enum Move: Equatable, Sendable {
    case lines(Int)
    case pages(Int)
    case top, bottom
  }

  /// The first row in view.
  private(set) var offset = 0
  /// What was in view: rows that are told from each other, and their places from the top of the view.
  private var seen: [(key: String, place: Int)] = []

  /// The rows that are in view now.
  ///
  /// A view of the top stays there, for that is where what is wrong comes to stand; any other one stays with the rows that it
  /// shows, wherever they are now.
  ///
  /// - Parameters:
  ///   - keys: of all rows; nil for one that is not told from others.
  ///   - room: how many there is room for.
  ///   - moves: what was asked for since.
  mutating func view(of keys: [String?], room: Int, moves: [Move] = []) -> Range<Int> {
    let room = max(1, room)
    if offset > 0, !seen.isEmpty {
      var places: [ExactText: Int] = [:]
      for (place, key) in keys.enumerated() {
        if let key { places[ExactText(key)] = place }
      }
      // Most of them decide: one may have gone to another place.
      var votes: [Int: Int] = [:]
      for row in seen {
        if let now = places[ExactText(row.key)] { votes[now - row.place, default: 0] += 1 }
      }
      if let most = votes.max(by: { ($0.value, -$0.key) < ($1.value, -$1.key) }) { offset = most.key }
    }
    let last = max(0, keys.count - room)
    offset = min(max(0, offset), last)
    for move in moves {
      switch move {
      case .lines(let count): offset += count
      case .pages(let count): offset += count * max(1, room - 1)
      case .top: offset = 0
      case .bottom: offset = last
      }
      offset = min(max(0, offset), last)
    }
    let view = offset..<min(offset + room, keys.count)
    seen = view.compactMap { place in keys[place].map { ($0, place - offset) } }
    return view
  }
}
