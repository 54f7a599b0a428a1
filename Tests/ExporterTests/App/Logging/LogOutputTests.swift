import Glibc
import Testing

@testable import Exporter

@Suite("Where the log goes")
struct LogOutputTests {
  private func pair(_ kind: String) -> (reader: Int32, writer: Int32) {
    var ends: [Int32] = [-1, -1]
    let isMade =
      kind == "socket" ? socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 : pipe(&ends) == 0
    #expect(isMade)
    return (ends[0], ends[1])
  }

  private func taken(_ descriptor: Int32) -> String {
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else { return String(decoding: text, as: UTF8.self) }
      text += buffer[..<count]
    }
  }

  @Test(
    "a reader that has stopped holds nobody up, and hears how much it missed", arguments: ["pipe", "socket"], ["", "{"])
  func stopped(kind: String, begin: String) throws {
    let (reader, writer) = pair(kind)
    let output = LogOutput(writer)
    let line = begin + String(repeating: "x", count: 999)
    // Many times what a pipe or a socket holds.
    for _ in 0..<3_000 { output.write(Array((line + "\n").utf8)) }
    let lines = taken(reader).split(separator: "\n")
    let whole = lines.count { $0 == line }
    #expect(whole > 10 && whole < 3_000)
    #expect(lines.count <= whole + 1, "at most one is cut")
    output.write(Array((begin + "last\n").utf8))
    let after = taken(reader).split(separator: "\n")
    #expect(after.last == "\(begin)last")
    let note = try #require(after.dropLast().last)
    #expect(note.contains("lines of this log were lost or cut: nobody took them"))
    #expect(note.hasPrefix("{") == (begin == "{"))
    #expect(note.contains(begin == "{" ? "\"lines\":\(3_000 - whole)" : "lines=\(3_000 - whole)"))
    output.write(Array("more\n".utf8))
    #expect(taken(reader) == "more\n", "it is told once")
    // Whoever shares the descriptor is left as he was.
    #expect(fcntl(writer, F_GETFL) & O_NONBLOCK == 0)
    close(reader)
    close(writer)
  }

  @Test("a long line is whole where there is room", arguments: ["pipe", "socket"])
  func longLine(kind: String) {
    let (reader, writer) = pair(kind)
    let line = String(repeating: "y", count: 40_000) + "\n"
    LogOutput(writer).write(Array(line.utf8))
    #expect(taken(reader) == line)
    close(reader)
    close(writer)
  }

  @Test("nobody there, or no descriptor at all, is no failure")
  func nobody() {
    LogOutput(-1).write(Array("a\n".utf8))
    let (reader, writer) = pair("socket")
    close(reader)
    LogOutput(writer).write(Array("a\n".utf8))
    close(writer)
  }
}
