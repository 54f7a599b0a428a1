import Glibc
import POSIX
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

  @Test("what is no pipe, socket or terminal, such as a file, has all lines in their order")
  func file() throws {
    let folder = try TemporaryFolder()
    try folder.write("log", "")
    let descriptor = open(folder.file("log"), O_RDWR | O_APPEND)
    let output = LogOutput(descriptor)
    let lines = (0..<500).map { "line \($0)\n" }
    for line in lines { output.write(Array(line.utf8)) }
    output.finish(within: 60)
    _ = lseek(descriptor, 0, SEEK_SET)
    #expect(taken(descriptor) == lines.joined())
    close(descriptor)
  }

  /// Takes what it is given, or not, as it is told.
  private final class Peer: Sendable {
    struct State {
      var isStopped = false
      var text: [UInt8] = []
      /// How much of the next write is taken; nil for all, -1 for a failure.
      var next: Int?
    }
    let state = ConditionLock(State())

    func take(_ bytes: UnsafeRawBufferPointer) -> Int {
      state.wait { state in
        if state.isStopped { return nil }
        let count = state.next ?? bytes.count
        state.next = nil
        state.text += bytes.prefix(max(0, count))
        return count
      } ?? -1
    }

    var lines: [Substring] {
      state.withoutWaking { String(decoding: $0.text, as: UTF8.self) }.split(separator: "\n")
    }
  }

  private func note(_ lost: UInt64) -> [UInt8] { Array("lost \(lost)\n".utf8) }

  @Test(
    "where a write does not come back, nobody waits: so many lines and bytes are kept, the others are counted",
    arguments: [(10, LogQueue.mostLines), (LogQueue.mostBytes / 8, 8)])
  func hanging(length: Int, most: Int) throws {
    let peer = Peer()
    let queue = LogQueue { peer.take($0) }
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: length - 1) + [UInt8(ascii: "\n")]
    peer.state.withLock { $0.isStopped = true }
    let count = most + 50
    for _ in 0..<count { queue.append(line, note: note) }
    queue.finish(within: 0.01)
    #expect(peer.lines.isEmpty)
    peer.state.withLock { $0.isStopped = false }
    queue.finish(within: 60)
    // The thread takes one to write at any time: before there were too many, or when some were lost, which is told then.
    let kept = peer.lines.count { $0.first == "x" }
    #expect(kept == most || kept == most + 1)
    queue.append(Array("last\n".utf8), note: note)
    queue.append(Array("more\n".utf8), note: note)
    queue.finish(within: 60)
    #expect(peer.lines.suffix(2) == ["last", "more"])
    #expect(peer.lines.compactMap { $0.hasPrefix("lost ") ? Int($0.dropFirst(5)) : nil }.reduce(kept, +) == count)
  }

  @Test("a line that is cut or not taken is counted, and what it said of others is said again", arguments: [-1, 0, 3])
  func cut(taken: Int) {
    let peer = Peer()
    let queue = LogQueue { peer.take($0) }
    for line in ["one\n", "two\n"] {
      peer.state.withoutWaking { $0.next = taken }
      queue.append(Array(line.utf8), note: note)
      queue.finish(within: 60)
    }
    queue.append(Array("three\n".utf8), note: note)
    queue.finish(within: 60)
    #expect(peer.lines == (taken > 0 ? ["one", "lo"] : []) + ["lost 2", "three"])
  }
}
