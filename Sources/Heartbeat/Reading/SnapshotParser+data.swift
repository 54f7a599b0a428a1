internal import JSON
internal import POSIX

extension SnapshotParser {
  /// Reads an object of a process's own data.
  ///
  /// - Parameters:
  ///   - parent: the path of the object itself.
  ///   - depth: how many objects it lies in; the recursion is bounded by `maximumDataDepth`.
  ///   - firstNumber: where the process's numbers begin.
  mutating func data(under parent: Int, depth: Int, firstNumber: Int) throws(JSONParseError) {
    try cursor.expect(UInt8(ascii: "{"), "'{'")
    if cursor.peek == UInt8(ascii: "}") {
      cursor.position &+= 1
      return
    }
    // The known keys stand in front of the root's others, so that data under `additional_data` may follow any of them.
    var key = parent == KeyPathTree.none ? KeyPathTree.KnownKey.additionalData.rawValue : KeyPathTree.none
    repeat {
      key = try paths.node(under: parent, after: key, isFull: isFull(firstNumber), &cursor)
      try cursor.expect(UInt8(ascii: ":"), "':'")
      try value(key, depth: depth, firstNumber: firstNumber)
    } while try cursor.hasNext(UInt8(ascii: "}"))
  }

  /// Reads a value of a process's own data.
  @inline(__always)
  mutating func value(_ key: Int, depth: Int, firstNumber: Int) throws(JSONParseError) {
    guard key >= 0 else {
      if key == KeyPathTree.untold {
        return try untoldValue(pathLength: paths.untoldLength, depth: depth)
      }
      return try skip(paths.refusal)
    }
    switch cursor.peek {
    case UInt8(ascii: "{"):
      guard depth < HeartbeatSnapshot.maximumDataDepth else { return try skip(.tooDeep) }
      try data(under: key, depth: depth + 1, firstNumber: firstNumber)
    case UInt8(ascii: "\""):
      let raw = try cursor.string()
      forget(key, firstNumber: firstNumber)
      if paths.isWanted(key) {
        snapshot.strings.append(HeartbeatSnapshot.StringValue(key: Int32(truncatingIfNeeded: key), value: text(raw)))
      }
    case UInt8(ascii: "t"):
      try cursor.word("true")
      add(1, key, firstNumber: firstNumber)
    case UInt8(ascii: "f"):
      try cursor.word("false")
      add(0, key, firstNumber: firstNumber)
    case UInt8(ascii: "n"), UInt8(ascii: "["):
      try cursor.skipValue()
      forget(key, firstNumber: firstNumber)
    default:
      let start = cursor.position
      let number = try cursor.number()
      if number.isFinite {
        add(number, key, firstNumber: firstNumber)
      } else {
        forget(key, firstNumber: firstNumber)
        note(.numberOutOfRange, at: start)
      }
    }
  }

  /// Whether the process that is being read has as many numbers as are told, those among them that it takes back.
  @inline(__always)
  func isFull(_ firstNumber: Int) -> Bool { snapshot.numbers.count &- firstNumber >= maximumNumbers }

  /// Reads a value whose key has no node: its numbers are counted, and what is wrong with it is as wrong as with any other.
  @inline(never)
  private mutating func untoldValue(pathLength: Int, depth: Int) throws(JSONParseError) {
    switch cursor.peek {
    case UInt8(ascii: "{"):
      guard depth < HeartbeatSnapshot.maximumDataDepth else { return try skip(.tooDeep) }
      try cursor.expect(UInt8(ascii: "{"), "'{'")
      if cursor.peek == UInt8(ascii: "}") {
        cursor.position &+= 1
        return
      }
      repeat {
        let length = try pathLength &+ cursor.string().range.count
        try cursor.expect(UInt8(ascii: ":"), "':'")
        if length > HeartbeatSnapshot.maximumKeyPathLength {
          try skip(.keyTooLong)
        } else {
          try untoldValue(pathLength: length, depth: depth + 1)
        }
      } while try cursor.hasNext(UInt8(ascii: "}"))
    case UInt8(ascii: "\""), UInt8(ascii: "n"), UInt8(ascii: "["): try cursor.skipValue()
    case UInt8(ascii: "t"):
      try cursor.word("true")
      addUntold(1)
    case UInt8(ascii: "f"):
      try cursor.word("false")
      addUntold(0)
    default:
      let start = cursor.position
      let number = try cursor.number()
      if number.isFinite { addUntold(number) } else { note(.numberOutOfRange, at: start) }
    }
  }

  /// Adds a number of which only that it is there is told.
  private mutating func addUntold(_ value: Double) {
    snapshot.numbers.append(
      HeartbeatSnapshot.Number(key: Int32(truncatingIfNeeded: paths.untoldNode()), value: value))
  }

  @inline(__always)
  private mutating func add(_ value: Double, _ key: Int, firstNumber: Int) {
    while lastNumber.count <= key { lastNumber.append(-1) }
    let number = HeartbeatSnapshot.Number(key: Int32(truncatingIfNeeded: key), value: value)
    let last = Int(widening: lastNumber[key])
    if last >= firstNumber, last < snapshot.numbers.count, Int(widening: snapshot.numbers[last].key) == key {
      snapshot.numbers[last] = number
    } else if isFull(firstNumber) {
      // Whether another content has had the key makes no difference.
      addUntold(value)
    } else {
      lastNumber[key] = Int32(truncatingIfNeeded: snapshot.numbers.count)
      snapshot.numbers.append(number)
    }
  }

  /// A key that was a number before in the same process is none any more.
  @inline(__always)
  private mutating func forget(_ key: Int, firstNumber: Int) {
    guard key < lastNumber.count else { return }
    let last = Int(widening: lastNumber[key])
    guard last >= firstNumber, last < snapshot.numbers.count, Int(widening: snapshot.numbers[last].key) == key else {
      return
    }
    snapshot.numbers[last].key = -1
    lastNumber[key] = -1
    hasRemovedNumbers = true
  }

  mutating func removeNumbers(from firstNumber: Int) {
    let kept = snapshot.numbers[firstNumber...].filter { $0.key >= 0 }
    snapshot.numbers.replaceSubrange(firstNumber..., with: kept)
    for (place, number) in kept.enumerated() where Int(widening: number.key) < lastNumber.count {
      lastNumber[Int(widening: number.key)] = Int32(truncatingIfNeeded: firstNumber + place)
    }
    hasRemovedNumbers = false
  }
}
