import Testing

@testable import Flags

@Suite("Nearest names")
struct NearestTests {
  static let names = [
    "send", "status", "monitor", "run", "simulate", "prune", "web.listen-address", "web.max-requests",
  ]

  @Test(
    "a typo finds what was meant, nonsense finds nothing",
    arguments: [
      ("sned", "send"), ("statsu", "status"), ("monitr", "monitor"), ("rn", "run"), ("simulat", "simulate"),
      ("web.listen-adress", "web.listen-address"), ("listen-address", "web.listen-address"), ("zzz", nil), ("", nil),
      ("x", nil), (String(repeating: "a", count: 100_000), nil),
    ])
  func typos(text: String, expected: String?) {
    #expect(nearest(to: text, among: Self.names) == expected)
  }

  @Test(
    "a third of the shorter name may be wrong, and one letter in any case",
    arguments: [
      ("ab", "xb", true), ("ab", "xy", false), ("a", "b", true), ("abcde", "xycde", false),
      ("abcdef", "xycdef", true), ("abcdef", "xyzdef", false), ("xyzdefghi", "abcdefghi", true),
      ("wxyzefghi", "abcdefghi", false), ("abcdef", "abcdefgh", true), ("abcdefgh", "abcdef", true),
      ("abcdef", "abcdefghi", false), ("abcdefghi", "abcdef", false),
      (String(repeating: "a", count: 100), String(repeating: "a", count: 75), true),
      (String(repeating: "a", count: 101), String(repeating: "a", count: 100), false),
    ])
  func threshold(text: String, name: String, isClose: Bool) {
    #expect(nearest(to: text, among: [name]) == (isClose ? name : nil))
  }

  @Test("the closest counts, of several the first, and a typo before the end of a dotted name")
  func order() {
    #expect(nearest(to: "statu", among: ["send", "stats", "status"]) == "stats")
    #expect(nearest(to: "abcdef", among: ["abcdxy", "abcdex"]) == "abcdex")
    #expect(nearest(to: "file", among: ["log.file", "fils"]) == "fils")
    #expect(nearest(to: "file", among: ["log.file", "web.file"]) == "log.file")
    #expect(nearest(to: "file", among: ["logfile"]) == nil)
  }

  @Test(
    "what makes one text of the other is counted, a swap of neighbours as one",
    arguments: [
      ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("ab", "ba", 1),
      ("abcd", "badc", 2), ("ca", "abc", 3), ("kitten", "sitting", 3), ("abc", "xabc", 1), ("abc", "bc", 1),
    ])
  func distance(one: String, other: String, expected: Int) {
    #expect(editDistance(Array(one.utf8), Array(other.utf8)) == expected)
    #expect(editDistance(Array(other.utf8), Array(one.utf8)) == expected)
  }
}

@Suite("Quoted texts")
struct QuotedTests {
  @Test(
    "a text from outside stays one harmless line",
    arguments: [
      ("plain", #""plain""#), ("", #""""#), ("a\"b\\c", #""a\"b\\c""#), ("a\nb\tc\r", #""a\nb\tc\r""#),
      ("\u{1b}[31m", #""\u{1b}[31m""#), ("\u{202e}x", #""\u{202e}x""#), ("\u{0}", #""\u{0}""#), ("ü 😀", #""ü 😀""#),
      (String(repeating: "x", count: 90), "\"" + String(repeating: "x", count: 80) + "…\""),
    ])
  func lines(text: String, expected: String) {
    #expect(quoted(text) == expected)
  }
}
