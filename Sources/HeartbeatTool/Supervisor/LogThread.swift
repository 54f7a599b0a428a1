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
    let stamp = showsTime ? UTC.stamp(Clock.realtime) + " " : ""
    let line = "\(stamp)heartbeat: \(text.prefix(Self.longestLine))\n"
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

/// Dates and times of the world's clock.
enum UTC {
  /// `2023-12-20T15:30:56.789Z` (RFC 3339) of a Unix time in seconds.
  static func stamp(_ time: Double) -> String {
    guard let milliseconds = Int64(exactly: (time * 1000).rounded(.down)) else { return "?" }
    var seconds = time_t(clamping: (milliseconds - (milliseconds % 1000 + 1000) % 1000) / 1000)
    var parts = tm()
    guard gmtime_r(&seconds, &parts) != nil else { return "?" }
    func padded(_ number: Int, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    let date = [Int(clamping: parts.tm_year) + 1900, Int(clamping: parts.tm_mon) + 1, Int(clamping: parts.tm_mday)]
    let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded(Int(clamping: $0), 2) }.joined(separator: ":")
    let day = zip(date, [4, 2, 2]).map { padded($0, $1) }.joined(separator: "-")
    return "\(day)T\(clock).\(padded(Int(clamping: (milliseconds % 1000 + 1000) % 1000), 3))Z"
  }
}
