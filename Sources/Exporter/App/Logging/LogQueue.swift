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
    /// The thread is there from the first line on.
    var hasThread = false
    var isWriting = false
  }

  private let worker = Worker(named: "log", State())
  private let put: @Sendable (UnsafeRawBufferPointer) -> Int

  /// - Parameter put: writes bytes, and gives how many were taken; negative for none. It may take for ever.
  init(_ put: @escaping @Sendable (UnsafeRawBufferPointer) -> Int) {
    self.put = put
  }

  deinit { worker.close() }

  /// Adds a line.
  ///
  /// - Parameter note: says how many lines before this one were lost.
  func append(_ line: [UInt8], note: (UInt64) -> [UInt8]) {
    let needsThread = worker.withLock { state -> Bool in
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
      // Without this object, which ends the thread at its own end.
      try worker.start { [worker, put] in LogQueue.serve(worker, put) }
    } catch {
      // The next line tries again; until then this one waits.
      worker.withoutWaking { $0.hasThread = false }
    }
  }

  /// Waits until all lines are written, so many seconds at the most.
  func finish(within seconds: Double) {
    _ = worker.wait(within: seconds) { $0.lines.isEmpty && !$0.isWriting ? () : nil }
  }

  private static func serve(_ worker: Worker<State>, _ put: (UnsafeRawBufferPointer) -> Int) {
    while let line = worker.next(next) {
      let text = line.isInLine ? [UInt8(ascii: "\n")] + line.text : line.text
      let count = text.withUnsafeBytes(put)
      worker.withLock { state in
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

  /// The next line, and whether the last one was cut; nil when there is none.
  private static func next(_ state: inout State) -> (text: [UInt8], told: UInt64, isInLine: Bool)? {
    guard !state.lines.isEmpty else { return nil }
    let line = state.lines.removeFirst()
    state.bytes &-= line.size
    state.isWriting = true
    return (line.text, line.told, state.isInLine)
  }
}
