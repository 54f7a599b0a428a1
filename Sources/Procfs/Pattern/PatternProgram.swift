/// A regular expression as a machine runs it: it is in many places at once, and takes one character after the other.
struct PatternProgram: Sendable {
  enum Instruction: Sendable {
    /// Takes a character of a set and goes on behind.
    case take(ScalarSet)
    /// Goes on behind where this holds.
    case check(PatternNode.Assertion)
    case jump(Int)
    case split(Int, Int)
    case match
  }

  private(set) var instructions: [Instruction] = []
  /// Where the next characters begin that the instructions take in another way, in ascending order, from 0 on.
  private var starts: [UInt32] = []
  /// The class of the characters from each of these on: of one class are those that no instruction tells apart.
  private var classes: [Int] = []
  /// The same for each of ASCII, of which most texts are.
  private var classOfASCII: [Int] = []
  private(set) var classCount = 0
  /// Whether some check looks at words, and at lines.
  private(set) var looksAtWords = false
  private(set) var looksAtLines = false

  init(_ node: PatternNode) {
    emit(node)
    instructions.append(.match)
    findClasses()
  }

  private mutating func emit(_ node: PatternNode) {
    switch node {
    case .set(let set): instructions.append(.take(set))
    case .assertion(let assertion):
      instructions.append(.check(assertion))
      switch assertion {
      case .start, .end: break
      case .lineStart, .lineEnd: looksAtLines = true
      case .wordBoundary, .noWordBoundary: looksAtWords = true
      }
    case .sequence(let nodes): for node in nodes { emit(node) }
    case .either(let nodes):
      var ends: [Int] = []
      for (place, node) in nodes.enumerated() {
        let split = instructions.count
        let isLast = place == nodes.count - 1
        if !isLast { instructions.append(.match) }
        emit(node)
        guard !isLast else { break }
        ends.append(instructions.count)
        instructions.append(.match)
        instructions[split] = .split(split + 1, instructions.count)
      }
      for end in ends { instructions[end] = .jump(instructions.count) }
    case .repeated(let node, let minimum, let maximum):
      var last = instructions.count
      for _ in 0..<minimum {
        last = instructions.count
        emit(node)
      }
      guard let maximum else {
        // Once more what came last, where that is anything.
        if minimum > 0 {
          instructions.append(.split(last, instructions.count + 1))
          return
        }
        instructions.append(.match)
        emit(node)
        instructions.append(.jump(last))
        instructions[last] = .split(last + 1, instructions.count)
        return
      }
      var splits: [Int] = []
      for _ in minimum..<max(minimum, maximum) {
        splits.append(instructions.count)
        instructions.append(.match)
        emit(node)
      }
      for split in splits { instructions[split] = .split(split + 1, instructions.count) }
    }
  }

  func classOf(_ scalar: UInt32) -> Int {
    if scalar < 0x80 { return classOfASCII[Int(widening: scalar)] }
    var (low, high) = (0, starts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= scalar { low = middle } else { high = middle }
    }
    return classes[low]
  }

  private mutating func findClasses() {
    var sets: Set<ScalarSet> = []
    if looksAtWords { sets.insert(.word) }
    if looksAtLines { sets.insert(.lineBreak) }
    for case .take(let set) in instructions { sets.insert(set) }
    var borders: Set<UInt32> = [0]
    for range in sets.lazy.flatMap(\.ranges) { borders.formUnion([range.lowerBound, range.upperBound + 1]) }
    starts = borders.sorted()
    classes = [Int](repeating: 0, count: starts.count)
    classCount = 1
    // Each set divides the classes that it does not hold as a whole.
    for set in sets {
      var parts: [Int: (holds: Bool, other: Int?)] = [:]
      for (place, start) in starts.enumerated() {
        let (old, holds) = (classes[place], set.contains(start))
        let part = parts[old] ?? (holds, nil)
        parts[old] = part
        guard part.holds != holds else { continue }
        classes[place] = part.other ?? classCount
        if part.other == nil { classCount += 1 }
        parts[old] = (part.holds, classes[place])
      }
    }
    var place = 0
    classOfASCII = (0..<0x80).map { scalar in
      while place + 1 < starts.count, starts[place + 1] <= scalar { place += 1 }
      return classes[place]
    }
  }
}
