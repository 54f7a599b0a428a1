internal import Glibc
internal import POSIX

/// Where lines of the log go: a descriptor that may be a pipe, a socket or a terminal whose reader has stopped, or a file on a file
/// system that hangs. Nobody waits for it. What cannot be written is lost, and the next line that can be says how much that was.
final class LogOutput: Sendable {
  private struct State {
    var lost: UInt64 = 0
    /// Whether only the beginning of the last line was taken.
    var isInLine = false
  }

  /// How lines are written.
  private enum Way {
    /// The same pipe or terminal, opened once more, so that it can be told not to wait: the flag belongs to all who share the first.
    case own(Int32)
    /// A socket, as the journal of systemd gives one, is told for each call not to wait.
    case socket(Int32)
    /// All else can be told nothing, so that a thread writes into it.
    case queue
  }

  private let way: Way
  private let own: FileDescriptor?
  /// Beside `way`, not in it: a case of an enum marks its pointer with bits, and a sanitizer that looks for leaks finds only plain ones.
  private let queue: LogQueue?
  private let state = Lock(State())

  /// - Parameter descriptor: stays open, and belongs to somebody else.
  init(_ descriptor: Int32) {
    var status = stat()
    let kind = fstat(descriptor, &status) == 0 ? status.st_mode & S_IFMT : 0
    let isReopened = kind == S_IFIFO || kind == S_IFCHR
    if isReopened,
      let opened = try? FileDescriptor.open("/proc/self/fd/\(descriptor)", O_WRONLY | O_NONBLOCK | O_NOCTTY)
    {
      way = .own(opened.rawValue)
      own = consume opened
      queue = nil
      return
    }
    own = nil
    way = kind == S_IFSOCK ? .socket(descriptor) : .queue
    queue =
      kind == S_IFSOCK
      ? nil
      : LogQueue { bytes in LogOutput.uninterrupted { Glibc.write(descriptor, bytes.baseAddress, bytes.count) } }
  }

  /// Writes a line with one call of the kernel, so that lines of several threads do not mix.
  func write(_ line: [UInt8]) {
    if let queue { return queue.append(line) { LogOutput.note($0, like: line) } }
    state.withLock { state in
      var text: [UInt8] = state.isInLine ? [UInt8(ascii: "\n")] : []
      if state.lost > 0 { text += LogOutput.note(state.lost, like: line) }
      text += line
      switch put(text) {
      case let count? where count < text.count:
        state.isInLine = count > 0 ? text[count - 1] != UInt8(ascii: "\n") : state.isInLine
        // What the note said before is said again: it may be what was cut.
        state.lost &+= 1
      case .some: state = State()
      case nil: state.lost &+= 1
      }
    }
  }

  /// Waits until all lines are written, so many seconds at the most.
  func finish(within seconds: Double) {
    queue?.finish(within: seconds)
  }

  private static func note(_ lost: UInt64, like line: [UInt8]) -> [UInt8] {
    var note = LogLine(format: line.first == UInt8(ascii: "{") ? .json : .logfmt)
    note.begin(
      time: Clock.realtime, level: Logger.Level.warn.rawValue,
      message: "lines of this log were lost or cut: nobody took them")
    note.add("lines", lost)
    return note.finished()
  }

  /// Writes what is taken at once, and gives how many bytes that are; nil for none.
  private func put(_ bytes: [UInt8]) -> Int? {
    let count = bytes.withUnsafeBytes { bytes in
      LogOutput.uninterrupted {
        switch way {
        case .own(let descriptor): Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        case .socket(let descriptor):
          send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        case .queue: -1
        }
      }
    }
    return count < 0 ? nil : count
  }

  private static func uninterrupted(_ call: () -> Int) -> Int {
    while true {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
  }
}
