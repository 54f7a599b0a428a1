import Testing

@testable import Heartbeat

@Suite("Texts of keys and values")
struct KeyValueTextTests {
  @Test(
    "a key that comes again makes a log of it, wherever it stood before",
    arguments: [
      ("a=1\n", "a=2\n", false), ("a=1\n", "b=2\n", true), ("a:\n  x: 1\n", "a=2\n", true),
      ("[s]\na=1\n", "[t]\na=2\n", true), ("[s]\na=1\n", "a=2\n", false), ("a=1\n", "[s]\na=2\n", true),
      ("a=1\nblock:\n", "  a: 1\nend: 2\n", true), ("block:\n  a: 1\n", "  a: 2\n", false),
      ("one:\n  a: 1\ntwo:\n", "  a: 2\n", true), ("a:\n  x: 1\nb: 2\n", "a: 3\n", false),
    ])
  func repeatedKeys(first: String, last: String, isOne: Bool) {
    #expect((KeyValueText.parse(Array((first + last).utf8)[...]) != nil) == isOne)
  }
}
