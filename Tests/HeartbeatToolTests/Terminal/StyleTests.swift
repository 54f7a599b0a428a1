import Testing

@testable import HeartbeatTool

@Suite("Colours")
struct StyleTests {
  @Test(
    "stand around a text that means something, and only where they are wanted",
    arguments: [
      (.plain, "a"), (.strong, "\u{1B}[1ma\u{1B}[0m"), (.faint, "\u{1B}[2ma\u{1B}[0m"),
      (.good, "\u{1B}[32ma\u{1B}[0m"), (.bad, "\u{1B}[1;31ma\u{1B}[0m"), (.warning, "\u{1B}[33ma\u{1B}[0m"),
    ] as [(Emphasis, String)])
  func apply(emphasis: Emphasis, coloured: String) {
    let style = Style(usesColour: true, width: 80)
    #expect(style.apply(emphasis, to: "a") == coloured)
    #expect(style.apply(emphasis, to: "").isEmpty)
    #expect(Style.plain.apply(emphasis, to: "a") == "a")
  }

  @Test(
    "are for terminals that have them, unless NO_COLOR says otherwise",
    arguments: [
      (true, nil, "xterm", true), (true, "", "xterm", true), (true, "1", "xterm", false), (true, nil, "dumb", false),
      (true, nil, nil, false), (false, nil, "xterm", false),
    ] as [(Bool, String?, String?, Bool)])
  func terminals(isTerminal: Bool, noColour: String?, terminal: String?, usesColour: Bool) {
    let style = Style(isTerminal: isTerminal, columns: 77, noColour: noColour, terminal: terminal)
    #expect(style.usesColour == usesColour)
    #expect(style.width == (isTerminal ? 77 : Int.max))
  }
}
