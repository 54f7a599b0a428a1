import Testing

@testable import POSIX

@Suite("Exact texts")
struct ExactTextTests {
  /// Accents without a letter between them, 200 kB: one comparison by `==` would take minutes.
  private static let accents =
    String(repeating: "\u{344}", count: 50_000) + String(repeating: "\u{316}", count: 50_000)

  private enum Word: String, CaseIterable { case start, cafe = "caf\u{E9}" }

  @Test("two spellings of one letter are two texts")
  func spellings() {
    let (one, other) = ("\u{E9}", "e\u{301}")
    #expect(one == other)
    #expect(ExactText(one) != ExactText(other) && !one.isSame(as: other) && one.isSame(as: "\u{E9}"))
    #expect(Set([ExactText(one), ExactText(other)]).count == 2)
    #expect(String.precedes(other, one) && !String.precedes(one, other) && !String.precedes(one, one))
    #expect(Word(exactly: "caf\u{E9}") == .cafe && Word(exactly: "start") == .start)
    #expect(Word(exactly: "cafe\u{301}") == nil && Word(exactly: "") == nil)
  }

  @Test("a text of ours is one as it stands there")
  func literal() {
    func place(_ text: String) -> Int {
      switch ExactText(text) {
      case "name": 1
      case "\u{E9}": 2
      default: 0
      }
    }
    #expect([place("name"), place("\u{E9}"), place("e\u{301}"), place("names")] == [1, 2, 0, 0])
  }

  @Test("a long text costs its length", .timeLimit(.minutes(4)))
  func long() {
    let other = String(Self.accents.unicodeScalars.reversed().map { Character($0) })
    #expect(ExactText(Self.accents) != ExactText(other) && !Self.accents.isSame(as: "a"))
    #expect([ExactText(Self.accents): 1][ExactText(other)] == nil)
    #expect(Word(exactly: Self.accents) == nil)
    #expect(Self.accents.shortened(to: 64).utf8.count == 67)
  }

  @Test(
    "what is shortened ends with a whole scalar",
    arguments: [
      ("", 0, ""), ("abc", 3, "abc"), ("abcd", 3, "abc…"), ("aé", 2, "a…"), ("aé", 3, "aé"), ("é", 1, "…"),
      ("a", 0, "…"),
      ("a\u{301}\u{301}\u{301}", 4, "a\u{301}…"), ("😀😀", 7, "😀…"),
    ])
  func shortened(text: String, bytes: Int, shown: String) {
    #expect(text.shortened(to: bytes).utf8.elementsEqual(shown.utf8))
  }
}
