internal import Glibc
internal import POSIX

/// Where lines of the log go: a descriptor that may be a pipe, a socket or a terminal whose reader has stopped. Nobody waits for it:
/// what cannot be written at once is lost, and the next line that can be says how much that was.
final class LogOutput: Sendable {
  private struct State {
    var lost: UInt64 = 0
    /// Whether only the beginning of the last line was taken.
    var isInLine = false
  }

  private let descriptor: Int32
  /// The same pipe or terminal, opened once more, so that it can be told not to wait: the flag belongs to all who share the first.
  private let own: FileDescriptor?
  private let ownNumber: Int32?
  private let state = Lock(State())

  /// - Parameter descriptor: stays open, and belongs to somebody else.
  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    var status = stat()
    let kind = fstat(descriptor, &status) == 0 ? status.st_mode & S_IFMT : 0
    let isReopened = kind == S_IFIFO || kind == S_IFCHR
    guard isReopened,
      let opened = try? FileDescriptor.open("/proc/self/fd/\(descriptor)", O_WRONLY | O_NONBLOCK | O_NOCTTY)
    else {
      own = nil
      ownNumber = nil
      return
    }
    ownNumber = opened.rawValue
    own = consume opened
  }

  /// Writes a line with one call of the kernel, so that lines of several threads do not mix.
  func write(_ line: [UInt8]) {
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
    bytes.withUnsafeBytes { bytes in
      let count = LogOutput.write(bytes, to: descriptor, own: ownNumber)
      return count < 0 ? nil : count
    }
  }

  /// A socket, as the journal of systemd gives one, is told for each call not to wait. What can neither be told so nor be opened again
  /// is asked first whether it takes something; a file on a disk always does.
  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, own: Int32?) -> Int {
    if let own { return uninterrupted { Glibc.write(own, bytes.baseAddress, bytes.count) } }
    let sent = uninterrupted {
      send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
    }
    if sent >= 0 || errno != ENOTSOCK { return sent }
    var asked = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard poll(&asked, 1, 0) > 0 else { return -1 }
    return uninterrupted { Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
  }

  private static func uninterrupted(_ call: () -> Int) -> Int {
    while true {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
  }
}
