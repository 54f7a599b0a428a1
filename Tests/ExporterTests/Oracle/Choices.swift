/// Where all that the oracle does by chance is taken from: a seed, which gives the same again, or the bytes that a fuzzer made.
struct Choices {
  private enum Source {
    case seed(UInt64)
    case bytes(ArraySlice<UInt8>)
  }

  private var source: Source

  /// Choices without end that depend on nothing but the seed.
  init(seed: UInt64) { source = .seed(seed) }

  /// Choices that end with the bytes; behind them the first of all possibilities is chosen each time.
  init(bytes: [UInt8]) { source = .bytes(bytes[...]) }

  /// Whether there is nothing left to choose by.
  var isUsedUp: Bool {
    if case .bytes(let bytes) = source { bytes.isEmpty } else { false }
  }

  /// A number of the range.
  mutating func number(_ range: ClosedRange<Int>) -> Int {
    let count = UInt64(range.upperBound - range.lowerBound) + 1
    return range.lowerBound + Int(next(below: count) % count)
  }

  /// True once in so many times.
  mutating func once(in times: Int) -> Bool { number(1...times) == times }

  /// One of these, of which there is at least one.
  mutating func one<Value>(of values: [Value]) -> Value { values[number(0...values.count - 1)] }

  private mutating func next(below count: UInt64) -> UInt64 {
    switch source {
    case .seed(let state):
      // SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
      let next = state &+ 0x9e37_79b9_7f4a_7c15
      source = .seed(next)
      var mixed = (next ^ next >> 30) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
      return mixed ^ mixed >> 31
    case .bytes(var bytes):
      var value: UInt64 = 0
      var bound = count - 1
      while bound > 0 {
        value = value << 8 | UInt64(bytes.popFirst() ?? 0)
        bound >>= 8
      }
      source = .bytes(bytes)
      return value
    }
  }
}
