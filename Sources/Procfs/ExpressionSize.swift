/// How large `regcomp(3)` makes an expression: it writes repetitions out, `a{3}` as `aaa` and `a+` as `aa*`, so that a
/// few bytes such as `((a{255}){255}){255}` would take all memory.
struct ExpressionSize {
  /// Sizes of the open groups, the innermost last.
  private var groups = [0]
  /// The size of what a repetition right here would repeat.
  private var last = 0

  private var behindRepetition = false

  /// Whether it repeats a repetition (`a++`) or nothing (`()+`): undefined in POSIX (XBD 9.4.6, 9.5.3), and slow beyond
  /// measure in glibc.
  private(set) var isUndefined = false

  /// The number of characters, classes and groups once all repetitions are written out; `Int.max` for too many to count.
  var total: Int { groups.reduce(last, ExpressionSize.sum) }

  init(of expression: String) {
    read(Array(expression.utf8)[...])
  }

  private mutating func read(_ text: ArraySlice<UInt8>) {
    var rest = text
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\\"):
        rest = rest.dropFirst()
        atom(1)
      case UInt8(ascii: "["):
        rest = ExpressionSize.behindClass(rest)
        atom(1)
      case UInt8(ascii: "("):
        atom(1)
        groups.append(0)
      case UInt8(ascii: ")") where groups.count > 1:
        // The group's own parenthesis counts 1.
        let inside = ExpressionSize.sum(groups.removeLast(), last)
        if inside <= 1 { isUndefined = true }
        last = ExpressionSize.sum(inside, 1)
        behindRepetition = false
      case UInt8(ascii: "+"): repeated(2)
      case UInt8(ascii: "*"), UInt8(ascii: "?"): repeated(1)
      case UInt8(ascii: "{"):
        // `{3}`, `{3,}` and `{3,7}`: the larger number, and once more for an open end.
        let inside = rest.prefix { $0 != UInt8(ascii: "}") }
        rest = rest[inside.endIndex...].dropFirst()
        let numbers = inside.split(separator: UInt8(ascii: ",")).compactMap {
          Int(String(decoding: $0, as: UTF8.self), radix: 10)
        }
        if let largest = numbers.max() { repeated(ExpressionSize.sum(largest, 1)) } else { atom(1) }
      default: atom(1)
      }
    }
  }

  private mutating func atom(_ size: Int) {
    behindRepetition = false
    groups[groups.count - 1] = ExpressionSize.sum(groups[groups.count - 1], last)
    last = size
  }

  private mutating func repeated(_ times: Int) {
    if behindRepetition { isUndefined = true }
    behindRepetition = true
    let (product, overflow) = last.multipliedReportingOverflow(by: max(1, times))
    last = overflow ? .max : product
  }

  /// A class may hold `]` as its first character, and `[:alpha:]` and its like.
  private static func behindClass(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var rest = text
    if rest.first == UInt8(ascii: "^") { rest = rest.dropFirst() }
    if rest.first == UInt8(ascii: "]") { rest = rest.dropFirst() }
    while let byte = rest.popFirst(), byte != UInt8(ascii: "]") {
      guard byte == UInt8(ascii: "["), let kind = rest.first, [0x3A, 0x2E, 0x3D].contains(kind) else { continue }
      while let inner = rest.popFirst(), inner != UInt8(ascii: "]") {}
    }
    return rest
  }

  private static func sum(_ one: Int, _ other: Int) -> Int {
    let (sum, overflow) = one.addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
