import Flags
import Testing

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
