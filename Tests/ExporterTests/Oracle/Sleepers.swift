import Glibc

/// Processes that do nothing, to be watched in the kernel's own `/proc`: they are started, end, and stay as zombies for a while.
final class Sleepers {
  private var living: [pid_t] = []
  private var zombies: [pid_t] = []

  deinit {
    for pid in living { kill(pid, SIGKILL) }
    for pid in living + zombies { waitpid(pid, nil, 0) }
  }

  /// Numbers of some that live, some that do not any more, and one that nobody has.
  var pids: [Int] { (living + zombies).map { Int($0) } + [Self.nobody, Self.nobody - 1] }

  private static let nobody = 4_194_000

  /// How long they sleep: by it they are told from those of everybody else.
  static let argument = "\(1_000_000 + Int(getpid()))"

  /// The time, in Unix seconds.
  static var now: Double { Double(time(nil)) }

  static func pause(microseconds: UInt32) { usleep(microseconds) }

  func change(_ choices: inout Choices) {
    if living.count < 6, choices.once(in: 2) {
      start()
    } else if let last = living.last {
      living.removeLast()
      kill(last, SIGKILL)
      var information = siginfo_t()
      waitid(P_PID, id_t(last), &information, WEXITED | WNOWAIT)
      zombies.append(last)
    }
    if choices.once(in: 3), let first = zombies.first {
      waitpid(first, nil, 0)
      zombies.removeFirst()
    }
  }

  private func start() {
    var arguments: [UnsafeMutablePointer<CChar>?] =
      ["sleep", Self.argument].map { (text: String) in strdup(text) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var pid: pid_t = 0
    precondition(posix_spawn(&pid, "/bin/sleep", nil, nil, &arguments, environ) == 0, "sleep(1) cannot be started")
    living.append(pid)
  }
}
