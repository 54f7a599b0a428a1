/// Runs a regular expression over texts, each character once. Which places it is in after a character is worked out when it is first needed, and
/// remembered as far as there is room.
struct PatternMachine: Sendable {
  /// Where it is between two characters.
  private struct State: Hashable {
    /// The instructions at which it goes on, in ascending order.
    var places: [Int32]
    var isAtStart = false
    /// Whether the last character is one of a word, or ends a line, where that matters.
    var isBehindWord = false
    var isBehindBreak = false
  }

  private let program: PatternProgram
  /// The bytes of all that is remembered; beyond it is worked out anew.
  private let memory: Int
  private var states: [State] = []
  private var numbers: [State: Int32] = [:]
  /// The state that follows for each state and class of characters, the last class being the end of the text.
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

  private var width: Int { program.classCount + 1 }

  /// Whether the expression is found in a text: UTF-8, in which each byte that belongs to no character is U+FFFD.
  ///
  /// - Parameter steps: how many may be taken, see `MatchBudget`. What was taken is subtracted.
  /// - Returns: nil when the steps did not suffice.
  mutating func matches(_ text: UnsafeRawBufferPointer, steps: inout Int) -> Bool? {
    steps -= MatchBudget.steps(forBytes: text.count)
    guard steps >= 0 else { return nil }
    var current = number(of: State(places: [0], isAtStart: true)).number
    var place = 0
    while place < text.count {
      let scalar = Self.scalar(of: text, at: &place)
      let column = program.classOf(scalar)
      var next = table[Int(widening: current) * width + column]
      if next == Self.unknown { next = follow(current, scalar, column, steps: &steps) }
      guard steps >= 0 else { return nil }
      if next == Self.accepted { return true }
      current = next
    }
    var end = table[Int(widening: current) * width + width - 1]
    if end == Self.unknown { end = follow(current, nil, width - 1, steps: &steps) }
    return steps >= 0 ? end == Self.accepted : nil
  }

  /// The character that begins at a place of a text, which is then the place behind it.
  @inline(__always)
  private static func scalar(of text: UnsafeRawBufferPointer, at place: inout Int) -> UInt32 {
    let first = text[place]
    place += 1
    guard first >= 0x80 else { return UInt32(clamping: first) }
    // RFC 3629: how many bytes follow, and the least number that is written with so many.
    let (count, least): (Int, UInt32) = first < 0xE0 ? (1, 0x80) : first < 0xF0 ? (2, 0x800) : (3, 0x1_0000)
    guard first >= 0xC0, first < 0xF8, text.count - place >= count else { return 0xFFFD }
    var value = UInt32(clamping: first) & (0x3F >> UInt32(clamping: count))
    for byte in text[place..<place + count] {
      guard byte & 0xC0 == 0x80 else { return 0xFFFD }
      value = value << 6 | UInt32(clamping: byte) & 0x3F
    }
    guard value >= least, Unicode.Scalar(value) != nil else { return 0xFFFD }
    place += count
    return value
  }

  /// Works out what follows after a character, which has its column in the table, or at the end.
  private mutating func follow(_ current: Int32, _ scalar: UInt32?, _ column: Int, steps: inout Int) -> Int32 {
    let state = states[Int(widening: current)]
    let isWord = scalar.map { ScalarSet.word.contains($0) } ?? false
    let isBreak = scalar == 0x0A
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
      case .take(let set): if let scalar, set.contains(scalar) { places.append(place + 1) }
      case .check(let assertion):
        let holds =
          switch assertion {
          case .start: state.isAtStart
          case .end: scalar == nil
          case .lineStart: state.isAtStart || state.isBehindBreak
          case .lineEnd: scalar == nil || isBreak
          case .wordBoundary: state.isBehindWord != isWord
          case .noWordBoundary: state.isBehindWord == isWord
          }
        if holds { stack.append(place + 1) }
      }
    }
    if isAccepted || scalar == nil {
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
    let next = State(
      places: places, isBehindWord: program.looksAtWords && isWord, isBehindBreak: program.looksAtLines && isBreak)
    let found = number(of: next)
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
