import Testing

@testable import Procfs

@Suite("The other files of a process")
struct ProcessFilesTests {
  @Test("status has the context switches")
  func status() {
    let text =
      "Name:\tvoluntary_ctxt_switches: 9\nvoluntary_ctxt_switches:\t152034\nnonvoluntary_ctxt_switches:\t8123\n"
    let status = parse(text) { ProcessStatus(parsing: $0) }
    #expect(status.voluntarySwitches == 152034)
    #expect(status.involuntarySwitches == 8123)
    let odd = parse("voluntary_ctxt_switches:\nnonvoluntary_ctxt_switches:\t-4\n") { ProcessStatus(parsing: $0) }
    #expect(odd.voluntarySwitches == nil)
    #expect(odd.involuntarySwitches == nil)
  }

  @Test("io has the bytes of storage, not those of calls")
  func io() {
    let io = parse("rchar: 1\nwchar: 2\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 5\n") {
      ProcessIO(parsing: $0)
    }
    #expect(io.readBytes == 4096)
    #expect(io.writtenBytes == 8192)
    #expect(parse("read_bytes: many\n") { ProcessIO(parsing: $0) }.readBytes == nil)
  }

  @Test(
    "limits has the soft limit of open files",
    arguments: [
      ("Max open files            1024                 524288               files     \n", 1024),
      ("Max open files            unlimited            unlimited            files     \n", .infinity),
      ("Max cpu time              7                    7                    seconds   \n", nil),
      ("Max open files            soon\n", nil), ("Max open files ", nil), ("", nil),
    ] as [(String, Double?)])
  func limits(text: String, expected: Double?) {
    #expect(parse(text) { ProcessLimits(parsing: $0) }.openFiles == expected)
  }

  @Test("cut anywhere, nothing traps, and what was not reached is nil")
  func truncated() {
    for text in beginnings(of: "voluntary_ctxt_switches:\t15\nnonvoluntary_ctxt_switches:\t8\n") {
      let status = parse(text) { ProcessStatus(parsing: $0) }
      #expect((status.involuntarySwitches != nil) == (text.utf8.count >= 57), "\(text)")
    }
    for text in beginnings(of: "read_bytes: 40\nwrite_bytes: 8\n") {
      #expect((parse(text) { ProcessIO(parsing: $0) }.writtenBytes != nil) == (text.utf8.count >= 29), "\(text)")
    }
  }
}
