internal import Glibc
internal import Heartbeat
internal import POSIX

/// Starts simulated processes and keeps them going until it is asked to stop: `heartbeat simulate`.
struct Simulator: Sendable {
  /// The most real child processes; above it one process beats for all names, a file replacement an interval.
  static let mostChildren = 50
  /// Seconds before a crashed process is started again.
  static let restartDelay = 5.0
  /// Seconds that the children have to end, and then again once they are killed.
  static let stopPatience = 2.0

  let scenario: Scenario
  let processes: Int
  let interval: Double
  let timeout: Double?
  let file: String
  let environment: [String: String]

  /// Runs until `SIGTERM` or `SIGINT`.
  func run() throws(Errno) -> Int32 {
    let signals = try SignalQueue([SIGTERM, SIGINT, SIGHUP, SIGCHLD])
    return processes > Self.mostChildren ? beatForAll(signals) : try superviseChildren(signals)
  }

  private func behaviour(of index: Int) -> Behaviour {
    let name = SimulatedProgram.name(of: index)
    return scenario.behaviour(of: index, timeout: timeout ?? SimulatedProgram(name: name).timeout)
  }

  private func superviseChildren(_ signals: borrowing SignalQueue) throws(Errno) -> Int32 {
    var running: [pid_t: Int] = [:]
    var due: [(index: Int, at: Double)] = (0..<processes).map { ($0, 0) }
    let program = Self.ownProgram
    defer { stop(running.keys.map { $0 }) }
    while true {
      let now = Double(Clock.monotonicNanoseconds) / 1e9
      for start in due where start.at <= now {
        let arguments = SimulatedProcess.arguments(
          name: SimulatedProgram.name(of: start.index), behaviour: behaviour(of: start.index), interval: interval,
          file: file)
        // In our own process group: Ctrl-C ends all of them.
        let child = try ChildProcess.start([program] + arguments, environment: environment, ownGroup: false)
        running[child.pid] = start.index
      }
      due.removeAll { $0.at <= now }
      signals.wait(timeout: (due.map(\.at).min() ?? .infinity) - now)
      while let signal = signals.next() {
        if signal.number != SIGCHLD { return 0 }
      }
      while let ended = reapChild() {
        guard let index = running.removeValue(forKey: ended.pid) else { continue }
        due.append((index, Double(Clock.monotonicNanoseconds) / 1e9 + Self.restartDelay))
      }
    }
  }

  /// The path of this very program: its name is what `ps` shows.
  private static var ownProgram: String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : "heartbeat"
  }

  /// Ends the children, also one that is suspended; who does not end in time is killed.
  private func stop(_ pids: [pid_t]) {
    // Who is suspended hears SIGTERM when he goes on.
    for number in [SIGTERM, SIGCONT] { for pid in pids { _ = kill(pid, number) } }
    let left = Self.wait(for: pids, seconds: Self.stopPatience)
    for pid in left { _ = kill(pid, SIGKILL) }
    _ = Self.wait(for: left, seconds: Self.stopPatience)
  }

  /// Waits for the end of children, so many seconds at the most; those that are still there.
  private static func wait(for pids: [pid_t], seconds: Double) -> [pid_t] {
    let deadline = Clock.monotonicNanoseconds + Clock.nanoseconds(seconds)
    var left = pids
    while true {
      var status: Int32 = 0
      left.removeAll { waitpid($0, &status, WNOHANG) != 0 }
      guard !left.isEmpty, Clock.monotonicNanoseconds < deadline else { return left }
      usleep(10_000)
    }
  }

  private func beatForAll(_ signals: borrowing SignalQueue) -> Int32 {
    let manager = HeartbeatManager(file: file)
    let names = (0..<processes).map(SimulatedProgram.name(of:))
    let behaviours = names.indices.map { behaviour(of: $0) }
    let start = Clock.monotonicNanoseconds
    var beat = 0
    while true {
      let uptime = Double(Clock.monotonicNanoseconds - start) / 1e9
      var beats: [Beat] = []
      for index in names.indices {
        // One process cannot crash for a few of its names: those fall silent.
        guard case .beat(let ahead) = behaviours[index].action(after: uptime) else { continue }
        let program = SimulatedProgram(name: names[index])
        beats.append(
          Beat(
            names[index], status: program.status(beat: beat + index),
            additionalData: program.data(beat: beat + index, uptime: uptime),
            time: ahead == 0 ? nil : Clock.realtime + ahead))
      }
      do throws(HeartbeatError) {
        try manager.sendHeartbeats(beats)
      } catch {
        Console.error(error.description)
      }
      beat += 1
      let next = Double(beat) * interval - Double(Clock.monotonicNanoseconds - start) / 1e9
      signals.wait(timeout: next)
      while let signal = signals.next() {
        if signal.number != SIGCHLD { return 0 }
      }
    }
  }
}
