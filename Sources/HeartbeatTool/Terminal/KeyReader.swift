/// What people type, from the bytes that a terminal sends (ECMA-48 and xterm's control sequences). Pure.
struct KeyReader: Sendable {
  /// A key that means something here.
  enum Key: Equatable, Sendable {
    case quit
    case move(Scroll.Move)
  }

  /// The longest sequence that is waited for; what is longer is none of ours.
  static let longestSequence = 16

  /// The beginning of a sequence whose end has not come yet.
  private var begun: [UInt8] = []

  /// Takes the next bytes; keys that mean nothing are passed over.
  mutating func keys(_ bytes: [UInt8]) -> [Key] {
    var keys: [Key] = []
    for byte in bytes {
      if begun.isEmpty {
        if byte == 0x1B { begun = [byte] } else if let key = Self.letters[byte] { keys.append(key) }
        continue
      }
      begun.append(byte)
      // ESC [ parameters final, or ESC O final.
      if begun.count == 2, byte == UInt8(ascii: "[") || byte == UInt8(ascii: "O") { continue }
      let isOver = begun.count == 2 || (0x40...0x7E).contains(byte) || byte < 0x20
      if isOver, let key = Self.sequences[String(decoding: begun.dropFirst(), as: UTF8.self)] { keys.append(key) }
      // A second ESC begins anew: the first one was the key of that name.
      if isOver || begun.count >= Self.longestSequence { begun = byte == 0x1B ? [byte] : [] }
    }
    return keys
  }

  private static let letters: [UInt8: Key] = [
    UInt8(ascii: "q"): .quit, UInt8(ascii: "Q"): .quit, UInt8(ascii: "j"): .move(.lines(1)),
    UInt8(ascii: "k"): .move(.lines(-1)), UInt8(ascii: "g"): .move(.top), UInt8(ascii: "G"): .move(.bottom),
    UInt8(ascii: " "): .move(.pages(1)), UInt8(ascii: "b"): .move(.pages(-1)), 0x0D: .move(.lines(1)),
    0x0A: .move(.lines(1)), 0x06: .move(.pages(1)), 0x02: .move(.pages(-1)),
  ]

  private static let sequences: [String: Key] = {
    var keys: [String: Key] = ["[5~": .move(.pages(-1)), "[6~": .move(.pages(1))]
    for (final, move) in [("A", -1), ("B", 1)] {
      for start in ["[", "O"] { keys[start + final] = .move(.lines(move)) }
    }
    for home in ["[H", "OH", "[1~", "[7~"] { keys[home] = .move(.top) }
    for end in ["[F", "OF", "[4~", "[8~"] { keys[end] = .move(.bottom) }
    return keys
  }()
}
