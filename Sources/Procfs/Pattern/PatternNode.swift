/// A set of bytes.
struct ByteSet: Hashable, Sendable {
  private var bits = SIMD4<UInt64>(repeating: 0)

  init() {}

  init(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { insert(byte) }
  }

  mutating func insert(_ byte: UInt8) {
    bits[Int(widening: byte / 64)] |= 1 << UInt64(widening: byte % 64)
  }

  mutating func formUnion(_ other: ByteSet) { bits |= other.bits }

  func contains(_ byte: UInt8) -> Bool { bits[Int(widening: byte / 64)] & 1 << UInt64(widening: byte % 64) != 0 }

  var inverted: ByteSet {
    var result = self
    result.bits = ~bits
    return result
  }

  /// With the other case of each ASCII letter.
  var ignoringCase: ByteSet {
    var result = self
    for letter in UInt8(ascii: "a")...UInt8(ascii: "z") where contains(letter) || contains(letter - 0x20) {
      result.insert(letter)
      result.insert(letter - 0x20)
    }
    return result
  }

  static let all = ByteSet().inverted
  static let digits = ByteSet(UInt8(ascii: "0")...UInt8(ascii: "9"))
  static let lower = ByteSet(UInt8(ascii: "a")...UInt8(ascii: "z"))
  static let upper = ByteSet(UInt8(ascii: "A")...UInt8(ascii: "Z"))
  static let space = ByteSet(" \t\n\r\u{0B}\u{0C}".utf8)
  /// Letters, digits and `_`.
  static let word = ByteSet("_".utf8).union(digits).union(lower).union(upper)

  func union(_ other: ByteSet) -> ByteSet {
    var result = self
    result.formUnion(other)
    return result
  }
}

/// A regular expression as it was read.
indirect enum PatternNode {
  /// Something that takes no byte.
  enum Assertion {
    case start, end, wordStart, wordEnd, wordBoundary, noWordBoundary
  }

  /// One byte of a set.
  case set(ByteSet)
  case assertion(Assertion)
  /// One behind the other; none of them is nothing.
  case sequence([PatternNode])
  case either([PatternNode])
  /// So many times; without a maximum as often as it comes.
  case repeated(PatternNode, minimum: Int, maximum: Int?)

  /// How many bytes, sets and groups it has once its repetitions are written out; `Int.max` for too many to count.
  var size: Int {
    switch self {
    case .set, .assertion: return 1
    case .sequence(let nodes), .either(let nodes): return nodes.reduce(1) { PatternNode.sum($0, $1.size) }
    case .repeated(let node, let minimum, let maximum):
      let times = max(1, maximum ?? PatternNode.sum(minimum, 1))
      let (product, overflow) = node.size.multipliedReportingOverflow(by: times)
      return overflow ? .max : product
    }
  }

  private static func sum(_ one: Int, _ other: Int) -> Int {
    let (sum, overflow) = one.addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
