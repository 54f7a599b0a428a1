import Glibc
import POSIX
import Testing

@testable import HeartbeatTool

@Suite("Where the tool's text goes")
struct ConsoleTests {
  @Test("all of it is written, however little the reader takes at once", arguments: [0, 1, 500_000])
  func whole(count: Int) throws {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    let (reader, writer) = (ends[0], ends[1])
    let text = String(repeating: "x", count: count)
    let thread = try Thread.start(named: "writer") {
      Console.write(text, to: writer)
      close(writer)
    }
    var got: [UInt8] = []
    try FileDescriptor(owning: reader).readToEnd(appendingTo: &got, limit: count + 10)
    thread.join()
    #expect(got == Array(text.utf8))
  }

  @Test("a reader that has gone ends it")
  func gone() throws {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    try #require(socketpair(AF_UNIX, kind, 0, &ends) == 0)
    // A socket that may not be written to any more fails at once, and no signal comes of it where it is ignored.
    signal(SIGPIPE, SIG_IGN)
    close(ends[1])
    Console.write("text", to: ends[0])
    close(ends[0])
    Console.write("text", to: -1)
  }
}
