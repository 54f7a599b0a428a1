/// A set of characters (Unicode scalars), by their numbers.
struct ScalarSet: Hashable, Sendable {
  /// In ascending order; none touches the next one.
  private(set) var ranges: [ClosedRange<UInt32>] = []

  private static let last: UInt32 = 0x10_FFFF

  init(_ ranges: [ClosedRange<UInt32>]) {
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let before = self.ranges.last, range.lowerBound <= before.upperBound + 1 {
        self.ranges[self.ranges.count - 1] = before.lowerBound...max(before.upperBound, range.upperBound)
      } else {
        self.ranges.append(range)
      }
    }
  }

  /// Those of a text and of ranges.
  init(_ text: String = "", _ ranges: ClosedRange<Unicode.Scalar>...) {
    self.init(
      text.unicodeScalars.map { $0.value...$0.value } + ranges.map { $0.lowerBound.value...$0.upperBound.value })
  }

  func contains(_ scalar: UInt32) -> Bool {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < scalar { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].contains(scalar)
  }

  func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

  var inverted: ScalarSet {
    var gaps: [ClosedRange<UInt32>] = []
    var start: UInt32 = 0
    for range in ranges {
      // no trap: the range begins behind the start
      if range.lowerBound > start { gaps.append(start...range.lowerBound - 1) }
      start = range.upperBound + 1
    }
    if start <= Self.last { gaps.append(start...Self.last) }
    return ScalarSet(gaps)
  }

  /// With what differs from one of its characters in the case alone.
  var ignoringCase: ScalarSet {
    if ranges.count == 1, ranges[0].count == 1 {
      return LetterCases.ofSame[ranges[0].lowerBound].map { ScalarSet($0.map { $0...$0 }) } ?? self
    }
    let others = LetterCases.ofSame.filter { contains($0.key) }.values.joined()
    return ScalarSet(ranges + others.map { $0...$0 })
  }

  static let all = ScalarSet([0...last])
  static let lineBreak = ScalarSet("\n")
  static let digits = ScalarSet("", "0"..."9")
  static let lower = ScalarSet("", "a"..."z")
  static let upper = ScalarSet("", "A"..."Z")
  /// What `\s` is; `[[:space:]]` has the vertical tab besides.
  static let blanks = ScalarSet(" \t\n\r\u{0C}")
  /// Letters, digits and `_`, of ASCII alone.
  static let word = ScalarSet("_").union(digits).union(lower).union(upper)
}

/// Which characters differ in their case alone, one by one: `ß` and `ẞ`, but not `ß` and `SS`.
private enum LetterCases {
  static let ofSame: [UInt32: [UInt32]] = {
    var found: [UInt32: [UInt32]] = [:]
    // Behind there are no letters with a case. The Turkish ı becomes an I, yet is no i.
    for value in UInt32(0)..<0x2_0000 where value != 0x131 {
      guard let properties = Unicode.Scalar(value)?.properties, properties.changesWhenCaseMapped else { continue }
      for mapping in [properties.lowercaseMapping.unicodeScalars, properties.uppercaseMapping.unicodeScalars] {
        guard mapping.count == 1, let other = mapping.first?.value, other != value else { continue }
        let same = Set(found[value] ?? [value]).union(found[other] ?? [other])
        for member in same { found[member] = Array(same) }
      }
    }
    return found
  }()
}

/// The general categories of Unicode, by the names that expressions have for them.
enum CharacterCategory {
  /// nil for a name that is none.
  static func named(_ name: String) -> ScalarSet? {
    if name == "Any" { return .all }
    if let set = sets[name] { return set }
    // All whose first letter is this one. What is not assigned has no name.
    let ranges = sets.filter { $0.key.first.map(String.init) == name }.flatMap(\.value.ranges)
    return ranges.isEmpty ? nil : ScalarSet(ranges)
  }

  private static let sets: [String: ScalarSet] = {
    var ranges: [Unicode.GeneralCategory: [ClosedRange<UInt32>]] = [:]
    var start: (value: UInt32, category: Unicode.GeneralCategory) = (0, .control)
    for value in UInt32(0)...0x11_0000 {
      // A half of a pair of UTF-16 is no character by itself.
      let category = Unicode.Scalar(value)?.properties.generalCategory ?? .surrogate
      guard category != start.category || value == 0x11_0000 else { continue }
      // no trap: the first of all is one itself, so that another one comes later
      ranges[start.category, default: []].append(start.value...value - 1)
      start = (value, category)
    }
    return names.mapValues { ScalarSet(ranges[$0] ?? []) }
  }()

  private static let names: [String: Unicode.GeneralCategory] = [
    "Lu": .uppercaseLetter, "Ll": .lowercaseLetter, "Lt": .titlecaseLetter, "Lm": .modifierLetter, "Lo": .otherLetter,
    "Mn": .nonspacingMark, "Mc": .spacingMark, "Me": .enclosingMark,
    "Nd": .decimalNumber, "Nl": .letterNumber, "No": .otherNumber,
    "Pc": .connectorPunctuation, "Pd": .dashPunctuation, "Ps": .openPunctuation, "Pe": .closePunctuation,
    "Pi": .initialPunctuation, "Pf": .finalPunctuation, "Po": .otherPunctuation,
    "Sm": .mathSymbol, "Sc": .currencySymbol, "Sk": .modifierSymbol, "So": .otherSymbol,
    "Zs": .spaceSeparator, "Zl": .lineSeparator, "Zp": .paragraphSeparator,
    "Cc": .control, "Cf": .format, "Cs": .surrogate, "Co": .privateUse,
  ]
}
