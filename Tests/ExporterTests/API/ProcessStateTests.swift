import Testing

@testable import Exporter

@Suite("How a process does") struct ProcessStateTests {
  @Test(
    "by beat, process table and good-bye",
    arguments: [
      (nil, nil, false, .never), (nil, false, false, .never), (nil, true, false, .alive),
      (true, nil, false, .alive), (true, true, false, .alive), (true, false, false, .dead),
      (false, nil, false, .dead), (false, true, false, .hung), (false, false, false, .dead),
      (true, nil, true, .stopped), (true, false, true, .stopped), (false, nil, true, .stopped),
      (false, false, true, .stopped), (true, true, true, .alive), (false, true, true, .hung),
    ] as [(Bool?, Bool?, Bool, ProcessState)])
  func states(isAlive: Bool?, isUp: Bool?, saidGoodbye: Bool, expected: ProcessState) {
    #expect(ProcessState(isAlive: isAlive, isUp: isUp, saidGoodbye: saidGoodbye) == expected)
  }

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
