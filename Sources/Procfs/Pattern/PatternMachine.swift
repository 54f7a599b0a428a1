/// Runs a regular expression over texts, each byte once. Which places it is in after a byte is worked out when it is first needed, and
/// remembered as far as there is room.
struct PatternMachine: Sendable {
  /// Where it is between two bytes.
  private struct State: Hashable {
    /// The instructions at which it goes on, in ascending order.
    var places: [Int32]
    var isAtStart = false
    /// Whether the last byte is one of a word, where that matters.
    var isBehindWord = false
  }

  private let program: PatternProgram
  /// The bytes of all that is remembered; beyond it is worked out anew.
  private let memory: Int
  private var states: [State] = []
  private var numbers: [State: Int32] = [:]
  /// The state that follows for each state and class of bytes, the last class being the end of the text.
  private var table: [Int32] = []
  private var used = 0
  /// At which look each instruction was visited.
  private var visited: [UInt64]
  private var look: UInt64 = 0

  private static let unknown: Int32 = -1
  private static let accepted: Int32 = -2
  private static let refused: Int32 = -3

  init(_ program: PatternProgram, memory: Int = 64 << 10) {
    self.program = program
    self.memory = memory
    visited = [UInt64](repeating: 0, count: program.instructions.count)
  }

  private var width: Int { program.byteOfClass.count + 1 }

  /// Whether the expression is found in a text.
  ///
  /// - Parameter steps: how many may be taken; each byte is one, and each instruction that is looked at. What was taken is
  ///   subtracted.
  /// - Returns: nil when the steps did not suffice.
  mutating func matches(_ text: UnsafeRawBufferPointer, steps: inout Int) -> Bool? {
    var current = number(of: State(places: [0], isAtStart: true)).number
    for byte in text {
      steps -= 1
      var next = table[Int(widening: current) * width + Int(widening: program.classOfByte[Int(widening: byte)])]
      if next == Self.unknown { next = follow(current, byte, steps: &steps) }
      guard steps >= 0 else { return nil }
      if next == Self.accepted { return true }
      current = next
    }
    var end = table[Int(widening: current) * width + width - 1]
    if end == Self.unknown { end = follow(current, nil, steps: &steps) }
    return steps >= 0 ? end == Self.accepted : nil
  }

  /// Works out what follows after a byte, or at the end.
  private mutating func follow(_ current: Int32, _ byte: UInt8?, steps: inout Int) -> Int32 {
    let state = states[Int(widening: current)]
    let isWord = byte.map { ByteSet.word.contains($0) } ?? false
    let column = byte.map { Int(widening: program.classOfByte[Int(widening: $0)]) } ?? width - 1
    var places: [Int32] = []
    var isAccepted = false
    look += 1
    var stack = state.places
    while let place = stack.popLast() {
      let index = Int(widening: place)
      guard visited[index] != look else { continue }
      visited[index] = look
      steps -= 1
      switch program.instructions[index] {
      case .match: isAccepted = true
      case .jump(let other): stack.append(Int32(clamping: other))
      case .split(let one, let other): stack += [Int32(clamping: other), Int32(clamping: one)]
      case .take(let set): if let byte, set.contains(byte) { places.append(place + 1) }
      case .check(let assertion):
        let holds =
          switch assertion {
          case .start: state.isAtStart
          case .end: byte == nil
          case .wordStart: !state.isBehindWord && isWord
          case .wordEnd: state.isBehindWord && !isWord
          case .wordBoundary: state.isBehindWord != isWord
          case .noWordBoundary: state.isBehindWord == isWord
          }
        if holds { stack.append(place + 1) }
      }
    }
    if isAccepted || byte == nil {
      let result = isAccepted ? Self.accepted : Self.refused
      table[Int(widening: current) * width + column] = result
      return result
    }
    // It may begin anywhere.
    places.append(0)
    places.sort()
    var last: Int32 = -1
    places.removeAll { place in
      defer { last = place }
      return place == last
    }
    let found = number(of: State(places: places, isBehindWord: program.looksAtWords && isWord))
    if !found.isNewMemory { table[Int(widening: current) * width + column] = found.number }
    return found.number
  }

  /// The number of a state; all others are forgotten first when there is no room for it.
  private mutating func number(of state: State) -> (number: Int32, isNewMemory: Bool) {
    if let number = numbers[state] { return (number, false) }
    let size = width * 4 + state.places.count * 8 + 100
    let isNewMemory = used + size > memory && !states.isEmpty
    if isNewMemory {
      states.removeAll(keepingCapacity: true)
      numbers.removeAll(keepingCapacity: true)
      table.removeAll(keepingCapacity: true)
      used = 0
    }
    used += size
    let number = Int32(clamping: states.count)
    states.append(state)
    numbers[state] = number
    table += repeatElement(Self.unknown, count: width)
    return (number, isNewMemory)
  }
}
