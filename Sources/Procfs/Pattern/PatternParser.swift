/// Reads a regular expression: those of `regex(7)` (POSIX extended), with `\d`, `\w`, `\s`, `\b` and `(?i)` as most programs know
/// them. It sees bytes.
struct PatternParser {
  private var rest: ArraySlice<UInt8>
  private var depth = 0
  private var ignoresCase = false

  /// Groups may lie in each other so deep.
  private static let deepest = 100
  /// `RE_DUP_MAX` of `regex(7)`: the most times that a repetition may ask for.
  private static let mostTimes = 32_767

  typealias Invalid = RegularExpression.CompileError

  static func parse(_ expression: String) throws(Invalid) -> PatternNode {
    var parser = PatternParser(rest: Array(expression.utf8)[...])
    let node = try parser.alternatives()
    guard parser.rest.isEmpty else { throw Invalid(description: "a ) without its (") }
    return node
  }

  private init(rest: ArraySlice<UInt8>) { self.rest = rest }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: character) else { return false }
    rest.removeFirst()
    return true
  }

  private mutating func alternatives() throws(Invalid) -> PatternNode {
    var nodes = [try sequence()]
    while take("|") { nodes.append(try sequence()) }
    return nodes.count == 1 ? nodes[0] : .either(nodes)
  }

  private mutating func sequence() throws(Invalid) -> PatternNode {
    var nodes: [PatternNode] = []
    while let byte = rest.first, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
      let atom = try atom()
      guard let (minimum, maximum) = try repetition() else {
        nodes.append(atom)
        continue
      }
      // `a+?` is one thing in POSIX and another in Perl.
      guard try repetition() == nil else { throw Invalid(description: "a repetition of a repetition") }
      if case .assertion = atom { throw Invalid(description: "a repetition of nothing") }
      if case .sequence(let inside) = atom, inside.isEmpty { throw Invalid(description: "a repetition of nothing") }
      nodes.append(.repeated(atom, minimum: minimum, maximum: maximum))
    }
    return nodes.count == 1 ? nodes[0] : .sequence(nodes)
  }

  /// A repetition that stands here; nil when none does.
  private mutating func repetition() throws(Invalid) -> (minimum: Int, maximum: Int?)? {
    if take("*") { return (0, nil) }
    if take("+") { return (1, nil) }
    if take("?") { return (0, 1) }
    guard rest.first == UInt8(ascii: "{"), let next = rest.dropFirst().first,
      ByteSet.digits.contains(next) || next == UInt8(ascii: ",")
    else { return nil }
    rest.removeFirst()
    let minimum = number()
    var maximum = minimum
    if take(",") { maximum = number() }
    guard take("}"), minimum != nil || maximum != nil else {
      throw Invalid(description: "a { without the numbers and the } that belong to it")
    }
    let isInOrder = maximum.map { minimum ?? 0 <= $0 } ?? true
    guard isInOrder, max(minimum ?? 0, maximum ?? 0) <= Self.mostTimes else {
      throw Invalid(description: "the numbers in { } are out of order, or above \(Self.mostTimes)")
    }
    return (minimum ?? 0, maximum)
  }

  private mutating func number() -> Int? {
    let digits = rest.prefix { ByteSet.digits.contains($0) }
    rest = rest[digits.endIndex...]
    guard !digits.isEmpty else { return nil }
    return Int(String(decoding: digits, as: UTF8.self), radix: 10) ?? .max
  }

  private mutating func atom() throws(Invalid) -> PatternNode {
    guard let byte = rest.popFirst() else { return .sequence([]) }
    switch byte {
    case UInt8(ascii: "^"): return .assertion(.start)
    case UInt8(ascii: "$"): return .assertion(.end)
    case UInt8(ascii: "."): return .set(.all)
    case UInt8(ascii: "["): return .set(try bracket())
    case UInt8(ascii: "("): return try group()
    case UInt8(ascii: "\\"): return try escape()
    case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
      throw Invalid(description: "a repetition of nothing")
    default:
      // All bytes of a character belong together: `é?`.
      let further = byte >= 0xC0 ? rest.prefix { $0 & 0xC0 == 0x80 } : []
      rest = rest.dropFirst(further.count)
      let bytes = [literal(byte)] + further.map { PatternNode.set(ByteSet(CollectionOfOne($0))) }
      return bytes.count == 1 ? bytes[0] : .sequence(bytes)
    }
  }

  private func literal(_ byte: UInt8) -> PatternNode { .set(cased(ByteSet(CollectionOfOne(byte)))) }

  private func cased(_ set: ByteSet) -> ByteSet { ignoresCase ? set.ignoringCase : set }

  private mutating func group() throws(Invalid) -> PatternNode {
    let outside = ignoresCase
    if take("?") {
      let ignores = take("i")
      if ignores { ignoresCase = true }
      if ignores, take(")") { return .sequence([]) }
      guard take(":") else { throw Invalid(description: "a (? that is neither (?: nor (?i)") }
    }
    depth += 1
    guard depth <= Self.deepest else { throw Invalid(description: "groups lie in more than \(Self.deepest) others") }
    let node = try alternatives()
    guard take(")") else { throw Invalid(description: "a ( without its )") }
    depth -= 1
    ignoresCase = outside
    return node
  }

  private mutating func escape() throws(Invalid) -> PatternNode {
    guard let byte = rest.popFirst() else { throw Invalid(description: "a backslash at the end") }
    if let set = Self.namedSet(byte) { return .set(set) }
    switch byte {
    case UInt8(ascii: "b"): return .assertion(.wordBoundary)
    case UInt8(ascii: "B"): return .assertion(.noWordBoundary)
    case UInt8(ascii: "<"): return .assertion(.wordStart)
    case UInt8(ascii: ">"): return .assertion(.wordEnd)
    case UInt8(ascii: "`"), UInt8(ascii: "A"): return .assertion(.start)
    case UInt8(ascii: "'"), UInt8(ascii: "z"): return .assertion(.end)
    default: return literal(try Self.escaped(byte))
    }
  }

  private static func namedSet(_ byte: UInt8) -> ByteSet? {
    switch byte {
    case UInt8(ascii: "d"): .digits
    case UInt8(ascii: "D"): ByteSet.digits.inverted
    case UInt8(ascii: "w"): .word
    case UInt8(ascii: "W"): ByteSet.word.inverted
    case UInt8(ascii: "s"): .space
    case UInt8(ascii: "S"): ByteSet.space.inverted
    default: nil
    }
  }

  private static func escaped(_ byte: UInt8) throws(Invalid) -> UInt8 {
    switch byte {
    case UInt8(ascii: "t"): return UInt8(ascii: "\t")
    case UInt8(ascii: "n"): return UInt8(ascii: "\n")
    case UInt8(ascii: "r"): return UInt8(ascii: "\r")
    case UInt8(ascii: "f"): return 0x0C
    case UInt8(ascii: "v"): return 0x0B
    case UInt8(ascii: "1")...UInt8(ascii: "9"):
      throw Invalid(description: "a reference to a group: it cannot be matched in a time that is known")
    case _ where ByteSet.word.contains(byte) && byte != UInt8(ascii: "_"):
      throw Invalid(description: "\\\(Character(Unicode.Scalar(byte))) means nothing")
    default: return byte
    }
  }

  // MARK: Bracket expressions

  /// A class may hold `]` as its first character, and `[:alpha:]` and its like.
  private mutating func bracket() throws(Invalid) -> ByteSet {
    let isInverted = take("^")
    var set = ByteSet()
    var isFirst = true
    while isFirst || rest.first != UInt8(ascii: "]") {
      isFirst = false
      guard let byte = rest.popFirst() else { throw Invalid(description: "a [ without its ]") }
      if byte == UInt8(ascii: "["), rest.first == UInt8(ascii: ":") {
        set.formUnion(try characterClass())
        continue
      }
      if byte == UInt8(ascii: "\\"), let next = rest.first, let named = Self.namedSet(next) {
        rest.removeFirst()
        set.formUnion(named)
        continue
      }
      let low = try bound(byte)
      // A dash at the end stands for itself.
      guard rest.first == UInt8(ascii: "-"), let next = rest.dropFirst().first, next != UInt8(ascii: "]") else {
        set.insert(low)
        continue
      }
      rest = rest.dropFirst(2)
      let high = try bound(next)
      guard low <= high else { throw Invalid(description: "a range in [ ] whose end comes before its beginning") }
      for member in low...high { set.insert(member) }
    }
    rest.removeFirst()
    set = cased(set)
    return isInverted ? set.inverted : set
  }

  /// One byte of a bracket expression, which may be written `\]` or `[.x.]` or `[=x=]`.
  private mutating func bound(_ byte: UInt8) throws(Invalid) -> UInt8 {
    if byte == UInt8(ascii: "\\") {
      guard let next = rest.popFirst() else { throw Invalid(description: "a [ without its ]") }
      return try Self.escaped(next)
    }
    guard byte == UInt8(ascii: "["), let kind = rest.first, kind == UInt8(ascii: ".") || kind == UInt8(ascii: "=")
    else {
      return byte
    }
    let inside = Array(rest.dropFirst().prefix(3))
    guard inside.count == 3, inside[1] == kind, inside[2] == UInt8(ascii: "]") else {
      throw Invalid(description: "[. .] and [= =] hold one byte")
    }
    rest = rest.dropFirst(4)
    return inside[0]
  }

  private mutating func characterClass() throws(Invalid) -> ByteSet {
    let name = rest.dropFirst().prefix { ByteSet.lower.contains($0) }
    guard rest[name.endIndex...].starts(with: ":]".utf8) else { throw Invalid(description: "a [: without its :]") }
    rest = rest[name.endIndex...].dropFirst(2)
    let printable = ByteSet(0x20...0x7E)
    let graphic = ByteSet(0x21...0x7E)
    switch String(decoding: name, as: UTF8.self) {
    case "alpha": return .lower.union(.upper)
    case "digit": return .digits
    case "alnum": return .lower.union(.upper).union(.digits)
    case "lower": return .lower
    case "upper": return .upper
    case "space": return .space
    case "blank": return ByteSet(" \t".utf8)
    case "xdigit": return .digits.union(ByteSet("abcdefABCDEF".utf8))
    case "cntrl": return ByteSet(0...0x1F).union(ByteSet(CollectionOfOne(0x7F)))
    case "print": return printable
    case "graph": return graphic
    case "punct": return ByteSet((0x21...0x7E).filter { !ByteSet.word.contains($0) || $0 == UInt8(ascii: "_") })
    case let name: throw Invalid(description: "there is no class [:\(name):]")
    }
  }
}
