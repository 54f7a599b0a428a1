import Testing

@testable import Procfs

@Suite("Regular expressions")
struct RegularExpressionTests {
  @Test(
    "what is found in what",
    arguments: [
      ("", "", true), ("", "x", true), ("abc", "xxabcxx", true), ("abc", "ab", false), ("a.c", "a\nc", true),
      ("^abc", "abcd", true), ("^abc", "xabc", false), ("abc$", "xabc", true), ("abc$", "abcx", false),
      ("^$", "", true), ("^$", "x", false), ("a^b", "ab", false), ("x*^a", "a", true),
      ("a|b|", "", true), ("^(a|bc)$", "bc", true), ("^(a|bc)$", "ac", false), ("^(a|)b$", "b", true),
      ("^a*$", "aaa", true), ("^a+$", "", false), ("^a?$", "aa", false), ("^ab?c*$", "acc", true),
      ("^a{3}$", "aaa", true), ("^a{3}$", "aa", false), ("^a{2,}$", "aaaa", true), ("^a{2,}$", "a", false),
      ("^a{1,2}$", "aaa", false), ("^a{,2}$", "", true), ("^a{0}$", "", true), ("^(ab){2}$", "abab", true),
      ("a{b", "a{b", true), ("^(a*)*$", "aaa", true), ("^(a|b*)*c$", "abbac", true),
      ("[abc]", "xxc", true), ("[^abc]", "abc", false), ("^[]a]+$", "]a", true), ("^[^]a]$", "]", false),
      ("^[a-c-]+$", "a-b", true), ("^[-a]+$", "-a", true), ("[[:digit:]]{2}", "a12", true),
      ("^[[:alpha:]_]+$", "Ab_", true), ("[[:space:]]", "ab", false), ("^[[:punct:]]$", "_", true),
      ("^[[.a.]-c]$", "b", true), ("^[[=a=]]$", "a", true), ("^[\\d.]+$", "1.5", true), ("^[\\]]$", "]", true),
      ("^\\d+\\s\\w+$", "12 a_1", true), ("\\D", "12", false), ("\\S", " \t", false), ("\\W", "a_1", false),
      ("\\.", "a", false), ("^\\\\$", "\\", true), ("\\t", "\t", true), ("^\\(a\\)$", "(a)", true),
      ("\\bcat\\b", "a cat!", true), ("\\bcat\\b", "concat", false), ("\\<cat", "a cat", true),
      ("\\<cat", "concat", false),
      ("cat\\>", "concat", true), ("\\Bcat", "concat", true), ("\\Bcat", "a cat", false), ("cat\\b", "cat", true),
      ("\\Acat\\z", "cat", true), ("\\`cat\\'", "cats", false), ("(?i)CaT", "cAt", true), ("(?i)[a-c]X", "Bx", true),
      ("a(?i:b)c", "aBc", true), ("a(?i:b)c", "aBC", false), ("(?:ab)+c", "ababc", true), ("^é?x$", "x", true),
      ("^é?x$", "éx", true), ("^.{2}$", "é", true), ("größe", "die größe", true), ("(?i)größe", "GRößE", true),
    ] as [(String, String, Bool)])
  func finds(expression: String, text: String, expected: Bool) throws {
    #expect(try RegularExpression(expression).matches(Array(text.utf8)) == expected)
  }

  @Test(
    "what is wrong with an expression",
    arguments: [
      ("(", "a ( without its )"), ("a)", "a ) without its ("), ("[a", "a [ without its ]"), ("[", "a [ without its ]"),
      ("[b-a]", "a range in [ ] whose end comes before its beginning"), ("*a", "a repetition of nothing"),
      ("(+)", "a repetition of nothing"), ("()*", "a repetition of nothing"), ("^*", "a repetition of nothing"),
      ("a**", "a repetition of a repetition"), ("a+?", "a repetition of a repetition"),
      ("a{2}{3}", "a repetition of a repetition"), ("a{2,1}", "the numbers in { } are out of order, or above 32767"),
      ("a{40000}", "the numbers in { } are out of order, or above 32767"),
      ("a{99999999999999999999}", "the numbers in { } are out of order, or above 32767"),
      ("a{2", "a { without the numbers and the } that belong to it"),
      ("a{,}", "a { without the numbers and the } that belong to it"), ("a\\", "a backslash at the end"),
      ("(a)\\1", "a reference to a group: it cannot be matched in a time that is known"), ("\\q", "\\q means nothing"),
      ("[[:nope:]]", "there is no class [:nope:]"), ("[[:alpha]", "a [: without its :]"),
      ("[[.ab.]]", "[. .] and [= =] hold one byte"), ("(?P<x>a)", "a (? that is neither (?: nor (?i)"),
      ("a\u{0}", "a NUL in the regular expression"), (String(repeating: "a", count: 1_025), "longer than 1024 bytes"),
      ("((a{255}){255}){255}", "too many repetitions: written out, more than 2000 characters"),
      (String(repeating: "(", count: 101) + String(repeating: ")", count: 101), "groups lie in more than 100 others"),
    ] as [(String, String)])
  func invalid(expression: String, reason: String) {
    #expect(throws: RegularExpression.CompileError(description: reason)) { try RegularExpression(expression) }
  }

  /// Tries every way, as slow as that is.
  private static func isFound(_ node: PatternNode, in text: [UInt8]) -> Bool {
    func ends(_ node: PatternNode, _ start: Int) -> Set<Int> {
      switch node {
      case .set(let set): return start < text.count && set.contains(text[start]) ? [start + 1] : []
      case .assertion(let assertion):
        func isWord(_ place: Int) -> Bool { text.indices.contains(place) && ByteSet.word.contains(text[place]) }
        let (before, after) = (isWord(start - 1), isWord(start))
        let holds =
          switch assertion {
          case .start: start == 0
          case .end: start == text.count
          case .wordStart: !before && after
          case .wordEnd: before && !after
          case .wordBoundary: before != after
          case .noWordBoundary: before == after
          }
        return holds ? [start] : []
      case .sequence(let nodes): return nodes.reduce([start]) { found, node in Set(found.flatMap { ends(node, $0) }) }
      case .either(let nodes): return Set(nodes.flatMap { ends($0, start) })
      case .repeated(let node, let minimum, let maximum):
        var found: Set<Int> = [start]
        for _ in 0..<minimum { found = Set(found.flatMap { ends(node, $0) }) }
        for _ in 0..<(maximum.map { $0 - minimum } ?? text.count + 1) {
          found.formUnion(found.flatMap { ends(node, $0) })
        }
        return found
      }
    }
    return (0...text.count).contains { !ends(node, $0).isEmpty }
  }

  @Test("random expressions find what trying every way finds, also with next to no memory")
  func random() throws {
    var numbers = SystemRandomNumberGenerator()
    let pieces = ["a", "b", ".", "[ab]", "[^a]", "(a|b)", "(ab|)", "\\b", "^", "$", "c", "(b|ca)", "\\w", "\\B"]
    for _ in 0..<2_000 {
      let expression = (0..<Int.random(in: 1...5, using: &numbers)).map { _ in
        let piece = pieces.randomElement(using: &numbers) ?? "a"
        let times =
          ["^", "$", "\\b", "\\B"].contains(piece) ? "" : ["", "", "*", "+", "?", "{2}", "{1,3}"].randomElement() ?? ""
        return piece + times
      }.joined(separator: Bool.random() ? "" : "|")
      let node = try PatternParser.parse(expression)
      var machine = PatternMachine(PatternProgram(node), memory: [0, 300, 64 << 10].randomElement() ?? 0)
      for _ in 0..<5 {
        let text = (0..<Int.random(in: 0...8)).map { _ in Array("abc ".utf8).randomElement() ?? 0 }
        var steps = 1_000_000
        let found = text.withUnsafeBytes { machine.matches($0, steps: &steps) }
        #expect(found == Self.isFound(node, in: text), "\(expression) in \(String(decoding: text, as: UTF8.self))")
      }
    }
  }

  @Test(
    "the steps grow with the length of the text alone",
    arguments: ["node .*server\\.js", ".*.*.*x", "(a|a)*b", "(a*)*b", "(.*)(.*)(.*)(.*)(.*)x", "a?a?a?a?a?a?aaaaaaaaX"])
  func linear(expression: String) throws {
    let found = try RegularExpression(expression)
    func steps(_ count: Int) -> Int {
      var steps = Int.max
      #expect(found.matches(Array(String(repeating: "node a", count: count / 6).utf8), steps: &steps) == false)
      return Int.max - steps
    }
    _ = steps(4_096)
    #expect(steps(65_536) <= 17 * steps(4_096))
  }

  @Test("an expression with more states than there is room for ends at its bound")
  func explosive() throws {
    let found = try RegularExpression("(a|b)*a(a|b){200}c")
    var seed: UInt32 = 1
    let text = (0..<4_096).map { _ -> UInt8 in
      seed = seed &* 1_664_525 &+ 1_013_904_223
      return seed >> 31 == 0 ? UInt8(ascii: "a") : UInt8(ascii: "b")
    }
    var steps = 100_000
    #expect(found.matches(text, steps: &steps) == nil)
    steps = .max
    #expect(found.matches(text, steps: &steps) == false)
    // At the worst each byte costs each instruction.
    #expect(Int.max - steps < 4_096 * 1_000)
  }
}
