import Glibc
import Testing

@testable import HeartbeatTool

@Suite("Text on a terminal")
struct TerminalTests {
  @Test(
    "counts columns",
    arguments: [
      ("bidder", 6), ("", 0), ("läuft", 5), ("e\u{301}", 1), ("入札", 4), ("😀", 2), ("👩‍👩‍👧", 2), ("❤️", 2), ("한글", 4),
      ("ｆｕｌｌ", 8), ("\u{200B}", 0), ("→", 1),
    ])
  func width(text: String, columns: Int) {
    #expect(DisplayWidth.of(text) == columns)
  }

  @Test(
    "cuts to a width",
    arguments: [
      ("bidder", 6, "bidder"), ("bidder", 5, "bidd…"), ("入札者", 5, "入札…"),
      ("入札者", 4, "入…"), ("bidder", 1, "…"), ("bidder", 0, ""),
    ])
  func truncation(text: String, columns: Int, expected: String) {
    #expect(DisplayWidth.truncated(text, to: columns) == expected)
    #expect(DisplayWidth.of(DisplayWidth.truncated(text, to: columns)) <= columns)
  }

  @Test(
    "lets no control character through",
    arguments: [
      ("a\u{1B}[2Jb", "a\\e[2Jb"), ("a\nb\r\t", "a\\nb\\r\\t"), ("\u{202E}evil", "\\u{202e}evil"),
      ("\u{9B}1m", "\\u{9b}1m"),
      ("plain", "plain"),
    ])
  func sanitising(text: String, expected: String) {
    #expect(DisplayWidth.sanitised(text) == expected)
  }

  @Test("a table fits every width, whatever is in it", arguments: Array(10...80))
  func tableFits(width: Int) {
    let table = TextTable(
      columns: [
        .init("", .left), .init("NAME", .left, canShrink: true), .init("STATUS", .left, canShrink: true),
        .init("AGE", .right, dispensability: 1),
      ],
      rows: [
        [.init("●"), .init("入札者のプロセス 😀"), .init("scanning"), .init("3m 20s")],
        [.init("○"), .init(String(repeating: "x", count: 300)), .init("dead"), .init("-")],
      ])
    for line in table.lines(width: width, style: Style(usesColour: true, width: width)) {
      #expect(MonitorPage.visibleWidth(line) <= width)
    }
  }

  @Test(
    "a table that just fits keeps its columns; one column less, and what can be spared goes",
    arguments: [(9, true), (8, false)])
  func tableJustFits(width: Int, isWhole: Bool) {
    let table = TextTable(
      columns: [.init("NAME", .left), .init("AGE", .right, dispensability: 1)], rows: [[.init("web"), .init("5s")]])
    #expect(
      table.lines(width: width, style: .plain) == (isWhole ? ["NAME  AGE", "web    5s"] : ["NAME", "web"]))
  }

  @Test("what was typed is read without waiting for more; at the end of the input there is nothing more to wait for")
  func typed() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    defer { close(ends[0]) }
    #expect(Screen.waiting(in: ends[0]) == [])
    _ = Array("xq".utf8).withUnsafeBytes { write(ends[1], $0.baseAddress, $0.count) }
    #expect(Screen.waiting(in: ends[0]) == Array("xq".utf8))
    close(ends[1])
    #expect(Screen.waiting(in: ends[0]) == nil)
  }

  @Test("a table aligns its columns")
  func tableAligns() {
    let table = TextTable(
      columns: [.init("NAME", .left), .init("AGE", .right)],
      rows: [[.init("入札"), .init("5s")], [.init("web"), .init("12m 00s")]])
    #expect(
      table.lines(width: 80, style: .plain) == ["NAME      AGE", "入札       5s", "web   12m 00s"])
  }

  @Test(
    "durations for people",
    arguments: [
      (0, "0s"), (2.46, "2.5s"), (9.94, "9.9s"), (9.96, "10s"), (59.4, "59s"), (60, "1m 00s"), (3661, "1h 01m"),
      (90_000, "1d 01h"), (-3, "-3s"), (.infinity, "?"), (.nan, "?"), (1e300, "?"),
    ] as [(Double, String)])
  func durations(value: Double, text: String) {
    #expect(seconds(value) == text)
  }
}
