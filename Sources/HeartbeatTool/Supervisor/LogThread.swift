internal import Glibc
internal import Heartbeat
internal import POSIX

/// The supervisor's log: lines on standard error, written by a thread of their own. Whoever reads them may stop reading, or go: it holds
/// up nobody but that thread.
final class LogThread: Sendable {
  /// The most lines that wait; later ones are left out, and counted.
  static let longestQueue = 1000
  /// The most characters of a line.
  static let longestLine = 4096

  private struct State: Sendable {
    var lines: [String] = []
    var leftOut = 0
    var isWriting = false
  }

  private let worker = Worker(named: "log", State())
  private let showsTime: Bool

  /// - Parameter showsTime: whether each line begins with the date and time (RFC 3339, UTC).
  init(showsTime: Bool) throws(Errno) {
    self.showsTime = showsTime
    let worker = worker
    try worker.start { LogThread.write(worker) }
  }

  /// Takes a line; never waits.
  func say(_ text: String) {
    let stamp = showsTime ? CalendarTime.rfc3339(Clock.realtime) + " " : ""
    let line = "\(stamp)heartbeat: \(String(text.unicodeScalars.prefix(Self.longestLine)))\n"
    worker.withLock { state in
      if state.lines.count < Self.longestQueue { state.lines.append(line) } else { state.leftOut += 1 }
    }
  }

  /// Waits until every line is written, but not longer than so many seconds.
  func drain(within seconds: Double) {
    _ = worker.wait(within: seconds) { $0.lines.isEmpty && !$0.isWriting ? true : nil }
  }

  private static func write(_ worker: Worker<State>) {
    let text = { (state: inout State) -> String? in
      guard !state.lines.isEmpty else { return nil }
      var text = state.lines.joined()
      if state.leftOut > 0 { text += "heartbeat: \(state.leftOut) lines are left out: nobody read them in time\n" }
      state.lines = []
      state.leftOut = 0
      state.isWriting = true
      return text
    }
    while let text = worker.next(text) {
      Console.write(text, to: STDERR_FILENO)
      worker.withLock { $0.isWriting = false }
    }
  }
}
