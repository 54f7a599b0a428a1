/// A regular expression as it was read.
indirect enum PatternNode {
  /// Something that takes no character.
  enum Assertion {
    case start, end, lineStart, lineEnd, wordBoundary, noWordBoundary
  }

  /// One character of a set.
  case set(ScalarSet)
  case assertion(Assertion)
  /// One behind the other; none of them is nothing.
  case sequence([PatternNode])
  case either([PatternNode])
  /// So many times; without a maximum as often as it comes.
  case repeated(PatternNode, minimum: Int, maximum: Int?)

  /// How many characters, sets and groups it has once its repetitions are written out; `Int.max` for too many to count.
  var size: Int {
    switch self {
    case .set, .assertion: return 1
    case .sequence(let nodes), .either(let nodes): return nodes.reduce(1) { PatternNode.sum($0, $1.size) }
    case .repeated(let node, let minimum, let maximum):
      let (product, overflow) = node.size.multipliedReportingOverflow(by: max(1, maximum ?? minimum))
      return overflow ? .max : product
    }
  }

  private static func sum(_ one: Int, _ other: Int) -> Int {
    let (sum, overflow) = one.addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
