/// Reads a regular expression as Go does, whose syntax is RE2's (https://github.com/google/re2/wiki/Syntax) without `\C`.
///
/// Whether a repetition takes as much or as little as it can is not kept: it changes nothing in whether an expression is found.
struct PatternParser {
  private struct Flags {
    var ignoresCase = false
    /// Whether `.` is any character, not only one of the same line.
    var dotTakesBreaks = false
    /// Whether `^` and `$` are those of lines.
    var looksAtLines = false
  }

  private var rest: ArraySlice<Unicode.Scalar>
  private var flags = Flags()
  private var depth = 0
  /// Whether what regex(7) reads in another way is refused.
  private let wasPOSIX: Bool

  /// Groups may lie in each other so deep.
  private static let deepest = 100
  /// The most times that a repetition may ask for.
  private static let mostTimes = 1_000

  typealias Invalid = RegularExpression.CompileError

  /// - Parameter wasPOSIX: see `RegularExpression.init`.
  static func parse(_ expression: String, wasPOSIX: Bool = false) throws(Invalid) -> PatternNode {
    var parser = PatternParser(rest: Array(expression.unicodeScalars)[...], wasPOSIX: wasPOSIX)
    parser.flags.dotTakesBreaks = wasPOSIX
    let node = try parser.alternatives()
    guard parser.rest.isEmpty else { throw Invalid(description: "a ) without its (") }
    return node
  }

  private init(rest: ArraySlice<Unicode.Scalar>, wasPOSIX: Bool) {
    self.rest = rest
    self.wasPOSIX = wasPOSIX
  }

  private mutating func take(_ text: String) -> Bool {
    guard rest.starts(with: text.unicodeScalars) else { return false }
    rest = rest.dropFirst(text.unicodeScalars.count)
    return true
  }

  /// Takes what is in front of a text, and the text; nil where it does not come.
  private mutating func take(upTo text: String) -> String? {
    var inside = ""
    var parser = self
    while !parser.take(text) {
      guard let scalar = parser.rest.popFirst() else { return nil }
      inside.unicodeScalars.append(scalar)
    }
    self = parser
    return inside
  }

  private mutating func alternatives() throws(Invalid) -> PatternNode {
    var nodes = [try sequence()]
    while take("|") { nodes.append(try sequence()) }
    return nodes.count == 1 ? nodes[0] : .either(nodes)
  }

  private mutating func sequence() throws(Invalid) -> PatternNode {
    var nodes: [PatternNode] = []
    var isBehindRepetition = false
    while let scalar = rest.first, scalar != "|", scalar != ")" {
      let times = try repetition()
      if let times {
        guard !isBehindRepetition else { throw Invalid(description: "a repetition of a repetition") }
        guard let node = nodes.popLast() else { throw Invalid(description: "a repetition of nothing") }
        nodes.append(.repeated(node, minimum: times.minimum, maximum: times.maximum))
      } else {
        nodes += try atoms()
      }
      isBehindRepetition = times != nil
    }
    return nodes.count == 1 ? nodes[0] : .sequence(nodes)
  }

  /// A repetition that stands here; nil when none does.
  private mutating func repetition() throws(Invalid) -> (minimum: Int, maximum: Int?)? {
    let times: (minimum: Int, maximum: Int?)
    if take("*") {
      times = (0, nil)
    } else if take("+") {
      times = (1, nil)
    } else if take("?") {
      times = (0, 1)
    } else if let counted = try counts() {
      times = counted
    } else {
      return nil
    }
    // As few as can be.
    _ = take("?")
    return times
  }

  /// `{2}`, `{2,}` or `{2,3}`. Everything else that begins with a brace stands for itself.
  private mutating func counts() throws(Invalid) -> (minimum: Int, maximum: Int?)? {
    if wasPOSIX, rest.starts(with: "{,".unicodeScalars) { throw Self.differs("{,", "{0,") }
    let before = rest
    guard take("{"), let minimum = number() else {
      rest = before
      return nil
    }
    var maximum: Int? = minimum
    if take(",") { maximum = number() }
    guard take("}") else {
      rest = before
      return nil
    }
    guard minimum <= maximum ?? minimum, max(minimum, maximum ?? 0) <= Self.mostTimes else {
      throw Invalid(description: "the numbers in { } are out of order, or above \(Self.mostTimes)")
    }
    return (minimum, maximum)
  }

  private mutating func number() -> Int? {
    let digits = rest.prefix { ("0"..."9").contains($0) }
    guard let first = digits.first, first != "0" || digits.count == 1 else { return nil }
    rest = rest[digits.endIndex...]
    return Int(Self.string(digits)) ?? .max
  }

  private static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
    var text = ""
    text.unicodeScalars.append(contentsOf: scalars)
    return text
  }

  /// What stands here: one, none (flags), or more (a quotation).
  private mutating func atoms() throws(Invalid) -> [PatternNode] {
    guard let scalar = rest.popFirst() else { return [] }
    switch scalar {
    case "^": return [.assertion(flags.looksAtLines ? .lineStart : .start)]
    case "$": return [.assertion(flags.looksAtLines ? .lineEnd : .end)]
    case ".": return [.set(flags.dotTakesBreaks ? .all : ScalarSet.lineBreak.inverted)]
    case "[": return [.set(try bracket())]
    case "(": return try group()
    case "\\":
      guard take("Q") else { return [try escape()] }
      if let quoted = take(upTo: "\\E") { return quoted.unicodeScalars.map(literal) }
      defer { rest = [] }
      return rest.map(literal)
    default: return [literal(scalar)]
    }
  }

  private func literal(_ scalar: Unicode.Scalar) -> PatternNode { .set(cased(ScalarSet("", scalar...scalar))) }

  private func cased(_ set: ScalarSet) -> ScalarSet { flags.ignoresCase ? set.ignoringCase : set }

  // MARK: Groups

  private mutating func group() throws(Invalid) -> [PatternNode] {
    let outside = flags
    if take("?") {
      if take("P<") || take("<") {
        try name()
      } else if try !beginsGroupWithFlags() {
        return []
      }
    }
    depth += 1
    guard depth <= Self.deepest else { throw Invalid(description: "groups lie in more than \(Self.deepest) others") }
    let node = try alternatives()
    guard take(")") else { throw Invalid(description: "a ( without its )") }
    depth -= 1
    flags = outside
    return [node]
  }

  private mutating func name() throws(Invalid) {
    guard let name = take(upTo: ">"), !name.isEmpty,
      name.unicodeScalars.allSatisfy({ ScalarSet.word.contains($0.value) })
    else { throw Invalid(description: "a group whose name is not one of letters, digits and _") }
  }

  /// Takes `i-s:` or `i-s)`; whether a group begins behind.
  private mutating func beginsGroupWithFlags() throws(Invalid) -> Bool {
    var (isOn, isWhole) = (true, true)
    while let flag = rest.popFirst() {
      switch flag {
      case "i": flags.ignoresCase = isOn
      case "m": flags.looksAtLines = isOn
      case "s": flags.dotTakesBreaks = isOn
      case "U": break
      case "-" where isOn: isOn = false
      case ":" where isWhole: return true
      case ")" where isWhole: return false
      default: throw Invalid(description: "a (? that is none of (?:, (?P<name> and (?ims-U)")
      }
      isWhole = flag != "-"
    }
    throw Invalid(description: "a ( without its )")
  }

  // MARK: Escapes

  private mutating func escape() throws(Invalid) -> PatternNode {
    if let set = try namedSet() { return .set(set) }
    if take("A") { return .assertion(.start) }
    if take("z") { return .assertion(.end) }
    if take("b") { return .assertion(.wordBoundary) }
    if take("B") { return .assertion(.noWordBoundary) }
    return literal(try escaped())
  }

  /// What stands behind a backslash if it is a set: `\d`, `\pL`, `\p{^Lu}`.
  private mutating func namedSet() throws(Invalid) -> ScalarSet? {
    switch rest.first {
    case "d": return takeSet(.digits)
    case "D": return takeSet(.digits).inverted
    case "w": return takeSet(.word)
    case "W": return takeSet(.word).inverted
    case "s": return takeSet(.blanks)
    case "S": return takeSet(.blanks).inverted
    case "p", "P": break
    default: return nil
    }
    var isInverted = rest.removeFirst() == "P"
    let whole: String? = take("{") ? take(upTo: "}") : rest.popFirst().map { String($0) }
    guard var name = whole else { throw Invalid(description: "a \\p without its category") }
    if name.hasPrefix("^") {
      isInverted.toggle()
      name.removeFirst()
    }
    guard let set = CharacterCategory.named(name) else {
      throw Invalid(
        description: "\\p{\(name)}, which is no general category such as \\p{L} or \\p{Nd}; scripts are not known")
    }
    return isInverted ? cased(set).inverted : cased(set)
  }

  private mutating func takeSet(_ set: ScalarSet) -> ScalarSet {
    rest.removeFirst()
    return cased(set)
  }

  /// The character that stands behind a backslash.
  private mutating func escaped() throws(Invalid) -> Unicode.Scalar {
    guard let scalar = rest.popFirst() else { throw Invalid(description: "a backslash at the end") }
    switch scalar {
    case "a": return "\u{07}"
    case "t": return "\t"
    case "n": return "\n"
    case "r": return "\r"
    case "f": return "\u{0C}"
    case "v": return "\u{0B}"
    case "x": return try hexadecimal()
    case "0",
      "1"..."7" where rest.first.map { ("0"..."7").contains($0) } ?? false:
      let further = rest.prefix(2).prefix { ("0"..."7").contains($0) }
      rest = rest[further.endIndex...]
      // Three digits are a character.
      return UInt32(String(scalar) + Self.string(further), radix: 8).flatMap(Unicode.Scalar.init) ?? scalar
    case "1"..."9":
      throw Invalid(description: "a reference to a group: it cannot be matched in a time that is known")
    case "<", ">": if wasPOSIX { throw Self.differs("\\\(scalar)", "\\b") }
    case "`": if wasPOSIX { throw Self.differs("\\`", "^") }
    case "'": if wasPOSIX { throw Self.differs("\\'", "$") }
    case "_": break
    case _ where ScalarSet.word.contains(scalar.value) || !scalar.isASCII:
      throw Invalid(description: "\\\(scalar) means nothing")
    default: break
    }
    return scalar
  }

  private mutating func hexadecimal() throws(Invalid) -> Unicode.Scalar {
    let digits: String?
    if take("{") {
      digits = take(upTo: "}")
    } else {
      digits = Self.string(rest.prefix(2))
      rest = rest.dropFirst(2)
      guard digits?.unicodeScalars.count == 2 else { throw Invalid(description: "a \\x without its two digits") }
    }
    guard let digits, digits.utf8.allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
      let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init)
    else { throw Invalid(description: "a \\x that is no character") }
    return scalar
  }

  private static func differs(_ text: String, _ instead: String) -> Invalid {
    Invalid(description: "\(text), which POSIX and RE2 read in two ways; \(instead) is there for what POSIX means")
  }

  // MARK: Sets in brackets

  /// A set may hold `]` as its first character, and `[:alpha:]` and its like.
  private mutating func bracket() throws(Invalid) -> ScalarSet {
    let isInverted = take("^")
    var set = ScalarSet()
    var isFirst = true
    while isFirst || !take("]") {
      isFirst = false
      set = set.union(try element())
    }
    return isInverted ? set.inverted : set
  }

  private mutating func element() throws(Invalid) -> ScalarSet {
    if wasPOSIX, let text = ["[.", "[="].first(where: { rest.starts(with: $0.unicodeScalars) }) {
      throw Self.differs(text, "the character by itself")
    }
    if let set = try characterClass() { return set }
    if rest.first == "\\" {
      var parser = self
      parser.rest.removeFirst()
      if let set = try parser.namedSet() {
        self = parser
        return set
      }
    }
    let first = try bound()
    guard rest.first == "-", let next = rest.dropFirst().first, next != "]" else {
      return cased(ScalarSet("", first...first))
    }
    rest.removeFirst()
    let last = try bound()
    guard first <= last else { throw Invalid(description: "a range in [ ] whose end comes before its beginning") }
    return cased(ScalarSet("", first...last))
  }

  /// One character of a set, which may stand behind a backslash.
  private mutating func bound() throws(Invalid) -> Unicode.Scalar {
    guard let scalar = rest.popFirst() else { throw Invalid(description: "a [ without its ]") }
    return scalar == "\\" ? try escaped() : scalar
  }

  /// `[:alpha:]` or `[:^alpha:]`; nil where none stands.
  private mutating func characterClass() throws(Invalid) -> ScalarSet? {
    var parser = self
    guard parser.take("[:"), let whole = parser.take(upTo: ":]") else { return nil }
    self = parser
    let isInverted = whole.hasPrefix("^")
    let name = String(whole.dropFirst(isInverted ? 1 : 0))
    let set: ScalarSet
    switch name {
    case "alpha": set = .lower.union(.upper)
    case "digit": set = .digits
    case "alnum": set = .lower.union(.upper).union(.digits)
    case "word": set = .word
    case "lower": set = .lower
    case "upper": set = .upper
    case "space": set = .blanks.union(ScalarSet("\u{0B}"))
    case "blank": set = ScalarSet(" \t")
    case "xdigit": set = ScalarSet("", "0"..."9", "a"..."f", "A"..."F")
    case "cntrl": set = ScalarSet("\u{7F}", "\0"..."\u{1F}")
    case "print": set = ScalarSet("", " "..."~")
    case "graph": set = ScalarSet("", "!"..."~")
    case "punct": set = ScalarSet("", "!"..."/", ":"..."@", "["..."`", "{"..."~")
    case "ascii": set = ScalarSet("", "\0"..."\u{7F}")
    default: throw Invalid(description: "there is no class [:\(name):]")
    }
    return isInverted ? cased(set).inverted : cased(set)
  }
}
