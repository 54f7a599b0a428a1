internal import POSIX

/// Lines that a thread of its own writes: into a file, say, of which nobody can know whether its file system hangs.
///
/// Who adds a line waits for nothing. While a write does not come back, lines are kept up to a bound; what comes then is lost, and the
/// next line that there is room for says how much that was.
final class LogQueue: Sendable {
  /// So many lines wait to be written.
  static let mostLines = 1_000
  /// So many bytes they have together.
  static let mostBytes = 1 << 20

  private struct Line {
    var text: [UInt8]
    /// How many lines before it were lost, as it says.
    var told: UInt64
    /// Its bytes without what it says of lost ones.
    var size: Int
  }

  private struct State {
    var lines: [Line] = []
    var bytes = 0
    var lost: UInt64 = 0
    /// Whether only the beginning of the last line was taken.
    var isInLine = false
    var hasThread = false
    var isWriting = false
  }

  private let state = ConditionLock(State())
  private let put: @Sendable (UnsafeRawBufferPointer) -> Int
  /// How long a thread without work is kept, in seconds: longer than most wait from one scrape to the next.
  private static let idleTime = 70.0

  /// - Parameter put: writes bytes, and gives how many were taken; negative for none. It may take for ever.
  init(_ put: @escaping @Sendable (UnsafeRawBufferPointer) -> Int) {
    self.put = put
  }

  /// Adds a line.
  ///
  /// - Parameter note: says how many lines before this one were lost.
  func append(_ line: [UInt8], note: (UInt64) -> [UInt8]) {
    let needsThread = state.withLock { state -> Bool in
      guard state.lines.count < LogQueue.mostLines, state.bytes &+ line.count <= LogQueue.mostBytes else {
        state.lost &+= 1
        return false
      }
      let told = state.lost
      state.lost = 0
      state.lines.append(Line(text: told > 0 ? note(told) + line : line, told: told, size: line.count))
      state.bytes &+= line.count
      defer { state.hasThread = true }
      return !state.hasThread
    }
    guard needsThread else { return }
    do throws(Errno) {
      try Thread.start(named: "log") { [self] in serve() }.detach()
    } catch {
      // The next line tries again; until then this one waits.
      state.withoutWaking { $0.hasThread = false }
    }
  }

  /// Waits until all lines are written, so many seconds at the most.
  func finish(within seconds: Double) {
    _ = state.wait(timeout: seconds) { $0.lines.isEmpty && !$0.isWriting ? () : nil }
  }

  private func serve() {
    while let line = next() {
      let text = line.isInLine ? [UInt8(ascii: "\n")] + line.text : line.text
      let count = text.withUnsafeBytes(put)
      state.withLock { state in
        state.isWriting = false
        if count == text.count {
          state.isInLine = false
        } else {
          if count > 0, count < text.count { state.isInLine = text[count - 1] != UInt8(ascii: "\n") }
          // What it said of lines before is said again: it may be what was cut.
          state.lost &+= 1 &+ line.told
        }
      }
    }
  }

  /// The next line, and whether the last one was cut; nil when there was none for long.
  private func next() -> (text: [UInt8], told: UInt64, isInLine: Bool)? {
    _ = state.wait(timeout: LogQueue.idleTime) { $0.lines.isEmpty ? nil : () }
    return state.withoutWaking { state in
      guard !state.lines.isEmpty else {
        state.hasThread = false
        return nil
      }
      let line = state.lines.removeFirst()
      state.bytes &-= line.size
      state.isWriting = true
      return (line.text, line.told, state.isInLine)
    }
  }
}
