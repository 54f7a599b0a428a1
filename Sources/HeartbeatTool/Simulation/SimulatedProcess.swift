internal import Glibc
internal import Heartbeat
internal import POSIX

/// One beating process: what `heartbeat simulate` starts, once for each name.
enum SimulatedProcess {
  /// The subcommand, not for people: `heartbeat simulated-process NAME BEHAVIOUR INTERVAL FILE`.
  static let commandName = "simulated-process"

  /// The command line of a process.
  static func arguments(name: String, behaviour: Behaviour, interval: Double, file: String) -> [String] {
    [commandName, name, behaviour.text, "\(interval)", file]
  }

  /// Beats until a signal ends it, or its behaviour.
  static func run(_ arguments: [String]) -> Int32 {
    guard arguments.count == 4, let behaviour = Behaviour(arguments[1]), let interval = Double(arguments[2]),
      interval > 0
    else {
      Console.error("usage: \(commandName) NAME BEHAVIOUR INTERVAL FILE; heartbeat simulate calls it")
      return 2
    }
    let name = arguments[0]
    let program = SimulatedProgram(name: name)
    var options = HeartbeatManager.Options()
    options.warn = { _ in }
    let manager = HeartbeatManager(file: arguments[3], options: options)
    let start = Clock.monotonicNanoseconds
    var beat = 0
    while true {
      let uptime = Double(Clock.monotonicNanoseconds - start) / 1e9
      switch behaviour.action(after: uptime) {
      case .crash:
        return 1
      case .keepSilent:
        break
      case .beat(let ahead):
        // A beat that could not be written is followed by the next one.
        try? manager.sendHeartbeats([
          Beat(
            name, status: program.status(beat: beat), additionalData: program.data(beat: beat, uptime: uptime),
            time: ahead == 0 ? nil : Clock.realtime + ahead)
        ])
      }
      beat += 1
      pause(interval)
    }
  }

  private static func pause(_ seconds: Double) {
    var left = timespec(seconds: seconds)
    var rest = left
    while nanosleep(&left, &rest) == -1, errno == EINTR { left = rest }
  }
}
