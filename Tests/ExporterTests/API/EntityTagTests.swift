import Testing

@testable import Exporter

@Suite("Entity tags") struct EntityTagTests {
  @Test(
    "If-None-Match, compared weakly",
    arguments: [
      (nil, false), ("", false), ("\"a\"", true), ("W/\"a\"", true), ("\"b\"", false), ("\"b\" , W/\"a\"\t", true),
      ("*", true), ("a", false), ("\"a", false), (",,,", false),
    ] as [(String?, Bool)])
  func tags(header: String?, expected: Bool) {
    #expect(EntityTag.matches("W/\"a\"", header) == expected)
    #expect(EntityTag.matches("\"a\"", header) == expected)
  }
}
