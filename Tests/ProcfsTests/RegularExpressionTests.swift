import Testing

@testable import Procfs

@Suite("Regular expressions")
struct RegularExpressionTests {
  @Test(
    "what is found in what",
    arguments: [
      ("", "", true), ("", "x", true), ("abc", "xxabcxx", true), ("abc", "ab", false), ("a.c", "a\nc", false),
      ("^abc", "abcd", true), ("^abc", "xabc", false), ("abc$", "xabc", true), ("abc$", "abcx", false),
      ("^$", "", true), ("^$", "x", false), ("a^b", "ab", false), ("x*^a", "a", true),
      ("a|b|", "", true), ("^(a|bc)$", "bc", true), ("^(a|bc)$", "ac", false), ("^(a|)b$", "b", true),
      ("^a*$", "aaa", true), ("^a+$", "", false), ("^a?$", "aa", false), ("^ab?c*$", "acc", true),
      ("^a{3}$", "aaa", true), ("^a{3}$", "aa", false), ("^a{2,}$", "aaaa", true), ("^a{2,}$", "a", false),
      ("^a{1,2}$", "aaa", false), ("^a{0}$", "", true), ("^(ab){2}$", "abab", true), ("^(ab)+$", "ababab", true),
      ("^(ab)+$", "aba", false), ("^(a*)*$", "aaa", true), ("^(a|b*)*c$", "abbac", true),
      ("^(a|(bc)+){2,}$", "bcbca", true),
      // What only looks like a repetition stands for itself.
      ("a{b", "a{b", true), ("a{2", "aa", false), ("^a{,2}$", "a{,2}", true), ("^a{01}$", "a", false),
      ("^a{}$", "a{}", true),
      ("^a{1,x}$", "a{1,x}", true), ("^a{1,02}$", "a{1,02}", true),
      // As few as can be, which is found where as many are.
      ("^.*?0$", "eth0", true), ("^a+?$", "aaa", true), ("^a??b$", "b", true), ("^a{1,2}?$", "aa", true),
      ("(?U)^a+$", "aa", true),
      // What takes nothing may be repeated.
      ("^*a", "a", true), ("^()*a$", "a", true), ("^(|a)+$", "aa", true), ("\\b+a", "a", true), ("^(?:)+a$", "a", true),
      ("^(()*)*$", "", true),
      ("^a(?i)*$", "aa", true), ("^a*(?i)*B$", "aab", true),
      ("[abc]", "xxc", true), ("[^abc]", "abc", false), ("[^abc]", "\n", true), ("^[]a]+$", "]a", true),
      ("^[^]a]$", "]", false),
      ("^[a-c-]+$", "a-b", true), ("^[-a]+$", "-a", true), ("^[a-c-e]+$", "-e", true), ("^[--0]+$", "./", true),
      ("^[\\d-z]+$", "-z1", true),
      ("^[a-z&&[^l]]$", "l]", true), ("^[[.a.]-c]$", ".-c]", true), ("^[[:x]$", ":", true), ("^[\\d.]+$", "1.5", true),
      ("^[\\]]$", "]", true),
      ("[[:digit:]]{2}", "a12", true), ("^[[:alpha:]_]+$", "Ab_", true), ("[[:space:]]", "ab", false),
      ("^[[:punct:]]$", "_", true),
      ("[[:^alpha:]]$", "eth0", true), ("[[:^alpha:]]$", "lo", false), ("[[:^alpha:]]", "ü", true),
      ("^[^[:^alpha:]]$", "a", true),
      ("^[[:word:]]$", "_", true), ("[[:^ascii:]]", "ü", true), ("[[:ascii:]]", "ü", false),
      ("^[[:cntrl:]]$", "\u{7F}", true),
      ("^[[:graph:]]$", " ", false), ("^[[:print:]]$", " ", true), ("^[[:xdigit:]]+$", "aF0", true),
      ("^[[:blank:]]+$", " \t", true),
      ("^[[:alnum:]]$", "_", false), ("^[[:lower:][:upper:]]+$", "aB", true), ("^[[:space:]]$", "\u{0B}", true),
      ("^\\s$", "\u{0B}", false),
      ("^\\d+\\s\\w+$", "12 a_1", true), ("\\D", "12", false), ("\\S", " \t", false), ("\\W", "a_1", false),
      ("\\w", "ü", false),
      ("\\.", "a", false), ("^\\\\$", "\\", true), ("\\t", "\t", true), ("^\\(a\\)$", "(a)", true),
      ("^\\<\\_\\'$", "<_'", true),
      ("^\\a\\f\\n\\r\\v$", "\u{07}\u{0C}\n\r\u{0B}", true),
      ("^ens3\\x2e", "ens3.100", true), ("\\x{65}th", "eth0", true), ("^\\x{FC}$", "ü", true),
      ("^\\x{1F600}$", "😀", true), ("^[\\x61-\\x{63}]$", "b", true),
      ("^\\056\\60\\0$", ".0\u{0}", true), ("^\\1234$", "S4", true), ("^[\\101-\\103]$", "B", true),
      ("^\\777$", "\u{1FF}", true),
      ("\\Qens3.\\E", "ens3.100", true), ("\\Qens3.\\E", "ens31", false), ("^\\Qa.b*\\E+$", "a.b**", true),
      ("^\\Qa(", "a(", true),
      ("^a\\Q\\E*$", "aa", true), ("^(?i)\\Qab\\E$", "AB", true), ("^\\Qa\\Eb$", "ab", true),
      ("\\bcat\\b", "a cat!", true), ("\\bcat\\b", "concat", false),
      ("\\Bcat", "concat", true), ("\\Bcat", "a cat", false), ("cat\\b", "cat", true), ("\\bü", "ü", false),
      ("\\Acat\\z", "cat", true), ("\\Acat\\z", "cat\n", false), ("cat$", "cat\n", false),
      ("(?P<x>lo)", "lo", true), ("(?P<x>a)(?P<x>b)", "ab", true), ("(?<x>lo)|(?P<x_1>eth)", "eth", true),
      ("(?:ab)+c", "ababc", true),
      ("(?s:l.)", "l\n", true), ("(?s)a.(?-s).", "a\n\n", false), ("(?s)a.(?-s:)b", "a\nb", true),
      ("(?m)^b$", "a\nb\nc", true), ("(?m)\\Ab", "a\nb", false), ("(?m)b\\z", "b\nc", false), ("^b$", "a\nb\nc", false),
      ("(?m)(?-m)^b", "a\nb", false),
      ("(?m)^$", "a\n\nb", true), ("(?m:^)b", "ab", false), ("(?ms-i:^B.c$)", "a\nB\nc", true), ("(?)a", "a", true),
      ("(?i)CaT", "cAt", true), ("(?i)[a-c]X", "Bx", true),
      ("a(?i:b)c", "aBc", true), ("a(?i:b)c", "aBC", false), ("a(?i)b|c", "C", true), ("(?i)a(?-i)b", "AB", false),
      ("(a(?i)b)c", "aBC", false),
      ("(?i)größe", "GRÖẞE", true), ("(?i)größe", "GRÖSSE", false), ("(?i)^TÜ", "tünnel", true),
      ("(?i)k", "\u{212A}", true), ("(?i)^\\w$", "ſ", true),
      ("(?i)[^k]", "\u{212A}", false), ("(?i)i", "ı", false), ("(?i)i", "İ", false), ("(?i)σ", "ς", true),
      ("(?i)µ", "Μ", true), ("(?i)ǆ", "ǅ", true),
      ("(?i)^[à-ý]$", "Ü", true), ("(?i)^\\p{Lu}$", "ü", true), ("(?i)\\P{Lu}", "ü", false),
      ("(?i)[[:^lower:]]", "K", false),
      ("^é?x$", "x", true), ("^é?x$", "éx", true), ("^.$", "é", true), ("^.{2}$", "é", false),
      ("größe", "die größe", true), ("^t.nnel$", "tünnel", true),
      ("^[^x]$", "ü", true), ("^[ü]$", "ü", true), ("^[ü]{2}$", "ü", false), ("^[à-ÿ]$", "ü", true),
      ("^\\W$", "😀", true), ("^[^x]$", "\u{10FFFF}", true),
      ("^\\p{L}+$", "tünnel", true), ("^\\p{L}+$", "eth0", false), ("\\pN$", "eth0", true), ("^\\p{Nd}$", "٣", true),
      ("\\PL", "aü", false),
      ("\\p{^L}", "a", false), ("^\\P{^L}$", "ü", true), ("^[\\pL\\d]+$", "ü1", true), ("^[^\\pL]$", "1", true),
      ("^\\p{Lu}$", "ü", false), ("^\\p{Sc}$", "€", true),
      ("^\\p{Any}$", "\n", true), ("^\\p{Zs}$", "\u{A0}", true), ("^\\pC$", "\u{E000}", true),
      ("\\pC", "\u{378}", false), ("^\\PC$", "\u{378}", true),
    ] as [(String, String, Bool)])
  func finds(expression: String, text: String, expected: Bool) throws {
    #expect(try RegularExpression(expression).matches(Array(text.utf8)) == expected)
  }

  @Test(
    "each byte that belongs to no character is one by itself",
    arguments: [
      ("^.$", [0xFF], true), ("^..$", [0xC3, 0x28], true), ("^.\\(", [0xC3, 0x28], true),
      ("^.{2}$", [0xE2, 0x82], true),
      ("^.{3}$", [0xE0, 0x80, 0x80], true), ("^.{3}$", [0xED, 0xA0, 0x80], true),
      ("^.{4}$", [0xF4, 0x90, 0x80, 0x80], true), ("^.{2}$", [0xC1, 0x80], true),
      ("^.{4}$", [0xF8, 0x88, 0x80, 0x80], true), ("^.$", [0xF4, 0x8F, 0xBF, 0xBF], true),
      ("^.$", [0xEF, 0xBF, 0xBD], true), ("^.a$", [0x80, 0x61], true),
      ("^\\x{FFFD}$", [0xFF], true), ("^[^a]$", [0xFF], true), ("\u{FF}", [0xFF], false), ("\\ba", [0xFF, 0x61], true),
      ("^a.$", [0x61, 0xF0], true), ("^.b$", [0xE2, 0x62], true),
    ] as [(String, [UInt8], Bool)])
  func broken(expression: String, text: [UInt8], expected: Bool) throws {
    #expect(try RegularExpression(expression).matches(text) == expected)
  }

  @Test(
    "what is wrong with an expression",
    arguments: [
      ("(", "a ( without its )"), ("a)", "a ) without its ("), ("[a", "a [ without its ]"), ("[", "a [ without its ]"),
      ("[]", "a [ without its ]"),
      ("[\\", "a backslash at the end"),
      ("[b-a]", "a range in [ ] whose end comes before its beginning"), ("*a", "a repetition of nothing"),
      ("(+)", "a repetition of nothing"), ("a|*", "a repetition of nothing"), ("{2}", "a repetition of nothing"),
      ("(?i)*", "a repetition of nothing"), ("\\Q\\E*", "a repetition of nothing"),
      ("a**", "a repetition of a repetition"), ("a*??", "a repetition of a repetition"),
      ("a?+", "a repetition of a repetition"),
      ("a{2}{3}", "a repetition of a repetition"), ("a{2,1}", "the numbers in { } are out of order, or above 1000"),
      ("a{1001}", "the numbers in { } are out of order, or above 1000"),
      ("a{2,1001}", "the numbers in { } are out of order, or above 1000"),
      ("a{99999999999999999999}", "the numbers in { } are out of order, or above 1000"),
      ("a\\", "a backslash at the end"),
      ("(a)\\1", "a reference to a group: it cannot be matched in a time that is known"), ("\\q", "\\q means nothing"),
      ("\\8", "a reference to a group: it cannot be matched in a time that is known"),
      ("\\C", "\\C means nothing"), ("\\E", "\\E means nothing"), ("\\Z", "\\Z means nothing"),
      ("\\ü", "\\ü means nothing"), ("[\\b]", "\\b means nothing"), ("[a-\\d]", "\\d means nothing"),
      ("\\x", "a \\x without its two digits"), ("\\x4", "a \\x without its two digits"),
      ("\\xg0", "a \\x that is no character"), ("\\x+1", "a \\x that is no character"),
      ("\\x{}", "a \\x that is no character"),
      ("\\x{110000}", "a \\x that is no character"), ("\\x{61", "a \\x that is no character"),
      ("\\p", "a \\p without its category"), ("\\p{L", "a \\p without its category"),
      ("\\p{Nope}", "\\p{Nope}, which is no general category such as \\p{L} or \\p{Nd}; scripts are not known"),
      ("\\p{Greek}", "\\p{Greek}, which is no general category such as \\p{L} or \\p{Nd}; scripts are not known"),
      ("\\p{Cn}", "\\p{Cn}, which is no general category such as \\p{L} or \\p{Nd}; scripts are not known"),
      ("[[:nope:]]", "there is no class [:nope:]"), ("[[:Alpha:]]", "there is no class [:Alpha:]"),
      ("[[:alpha", "a [ without its ]"),
      ("(?P<>a)", "a group whose name is not one of letters, digits and _"),
      ("(?P<a", "a group whose name is not one of letters, digits and _"),
      ("(?P<a-b>a)", "a group whose name is not one of letters, digits and _"),
      ("(?=a)", "a (? that is none of (?:, (?P<name> and (?ims-U)"),
      ("(?!a)", "a (? that is none of (?:, (?P<name> and (?ims-U)"),
      ("(?P=x)", "a (? that is none of (?:, (?P<name> and (?ims-U)"),
      ("(?i-)a", "a (? that is none of (?:, (?P<name> and (?ims-U)"),
      ("(?i--s)a", "a (? that is none of (?:, (?P<name> and (?ims-U)"),
      ("(?x)a", "a (? that is none of (?:, (?P<name> and (?ims-U)"),
      ("(?<=a)", "a group whose name is not one of letters, digits and _"), ("(?i", "a ( without its )"),
      ("(?", "a ( without its )"),
      ("a\u{0}", "a NUL in the regular expression"), (String(repeating: "a", count: 1_025), "longer than 1024 bytes"),
      ("((a{255}){255}){255}", "too many repetitions: written out, more than 2000 characters"),
      (String(repeating: "(", count: 101) + String(repeating: ")", count: 101), "groups lie in more than 100 others"),
    ] as [(String, String)])
  func invalid(expression: String, reason: String) {
    #expect(throws: RegularExpression.CompileError(description: reason)) { try RegularExpression(expression) }
  }

  @Test("what was written for POSIX means the same, or is refused")
  func formerlyPOSIX() throws {
    #expect(try RegularExpression("a.c", wasPOSIX: true).matches(Array("a\nc".utf8)))
    #expect(try !RegularExpression("(?-s)a.c", wasPOSIX: true).matches(Array("a\nc".utf8)))
    for (text, instead) in [
      ("\\<", "\\b"), ("\\>", "\\b"), ("\\`", "^"), ("\\'", "$"), ("{,", "{0,"), ("[.", "the character by itself"),
      ("[=", "the character by itself"),
    ] {
      let whole = ["{,": "a{,2}", "[.": "[[.a.]]", "[=": "[x[=a=]]"][text] ?? text
      let problem = "\(text), which POSIX and RE2 read in two ways; \(instead) is there for what POSIX means"
      #expect(throws: RegularExpression.CompileError(description: problem)) {
        try RegularExpression(whole, wasPOSIX: true)
      }
      #expect(throws: Never.self) { try RegularExpression(whole) }
    }
  }

  /// Tries every way, as slow as that is.
  private static func isFound(_ node: PatternNode, in text: [Unicode.Scalar]) -> Bool {
    func ends(_ node: PatternNode, _ start: Int) -> Set<Int> {
      switch node {
      case .set(let set): return start < text.count && set.contains(text[start].value) ? [start + 1] : []
      case .assertion(let assertion):
        func isWord(_ place: Int) -> Bool { text.indices.contains(place) && ScalarSet.word.contains(text[place].value) }
        let (before, after) = (isWord(start - 1), isWord(start))
        let holds =
          switch assertion {
          case .start: start == 0
          case .end: start == text.count
          case .lineStart: start == 0 || text[start - 1] == "\n"
          case .lineEnd: start == text.count || text[start] == "\n"
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
    let pieces = [
      "a", "b", ".", "[ab]", "[^a]", "(a|b)", "(ab|)", "\\b", "^", "$", "c", "(b|ca)", "\\w", "\\B", "(?m:^)", "(?m:$)",
      "ü", "[^ü]", "(?i:Ü)",
    ]
    for _ in 0..<2_000 {
      let expression = (0..<Int.random(in: 1...5, using: &numbers)).map { _ in
        let piece = pieces.randomElement(using: &numbers) ?? "a"
        let times =
          ["", "", "*", "+", "?", "{2}", "{1,3}", "{2,}"].randomElement() ?? ""
        return piece + times
      }.joined(separator: Bool.random() ? "" : "|")
      let node = try PatternParser.parse(expression)
      var machine = PatternMachine(PatternProgram(node), memory: [0, 300, 64 << 10].randomElement() ?? 0)
      for _ in 0..<5 {
        let text = (0..<Int.random(in: 0...8)).map { _ in Array("abc ü\n".unicodeScalars).randomElement() ?? "a" }
        var steps = 1_000_000
        let written = text.map { String($0) }.joined()
        let found = Array(written.utf8).withUnsafeBytes { machine.matches($0, steps: &steps) }
        #expect(found == Self.isFound(node, in: text), "\(expression) in \(written)")
      }
    }
  }

  @Test(
    "the steps grow with the length of the text alone",
    arguments: [
      "node .*server\\.js", ".*.*.*x", "(a|a)*b", "(a*)*b", "(.*)(.*)(.*)(.*)(.*)x", "(?i)\\pL+\\PL*?ü",
      "a?a?a?a?a?a?aaaaaaaaX",
    ])
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
