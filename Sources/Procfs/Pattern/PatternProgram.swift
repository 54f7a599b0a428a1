/// A regular expression as a machine runs it: it is in many places at once, and takes one byte after the other.
struct PatternProgram: Sendable {
  enum Instruction: Sendable {
    /// Takes a byte of a set and goes on behind.
    case take(ByteSet)
    /// Goes on behind where this holds.
    case check(PatternNode.Assertion)
    case jump(Int)
    case split(Int, Int)
    case match
  }

  private(set) var instructions: [Instruction] = []
  /// For each byte the class of bytes that no instruction tells apart.
  private(set) var classOfByte: [UInt8] = []
  /// One byte of each class.
  private(set) var byteOfClass: [UInt8] = []
  /// Whether some check looks at words.
  private(set) var looksAtWords = false

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
      if assertion != .start, assertion != .end { looksAtWords = true }
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
      for _ in 0..<minimum { emit(node) }
      guard let maximum else {
        let split = instructions.count
        instructions.append(.match)
        emit(node)
        instructions.append(.jump(split))
        instructions[split] = .split(split + 1, instructions.count)
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

  private mutating func findClasses() {
    var sets: Set<ByteSet> = looksAtWords ? [.word] : []
    for case .take(let set) in instructions { sets.insert(set) }
    classOfByte = [UInt8](repeating: 0, count: 256)
    byteOfClass = [0]
    // Each set divides the classes that it does not hold as a whole.
    for set in sets {
      let holdsClass = byteOfClass.map(set.contains)
      var divided = [UInt8?](repeating: nil, count: byteOfClass.count)
      for place in classOfByte.indices {
        let old = Int(widening: classOfByte[place])
        let byte = UInt8(truncatingIfNeeded: place)
        guard set.contains(byte) != holdsClass[old] else { continue }
        // There are at most as many classes as bytes.
        let new = divided[old] ?? UInt8(clamping: byteOfClass.count)
        if divided[old] == nil { byteOfClass.append(byte) }
        divided[old] = new
        classOfByte[place] = new
      }
    }
  }
}
