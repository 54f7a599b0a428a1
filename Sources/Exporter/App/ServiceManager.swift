internal import CLinux
internal import Glibc
internal import POSIX

/// The service manager that started this program, if it wants to be told how it is doing: the protocol of
/// `sd_notify(3)`, a datagram of `KEY=VALUE` lines to the Unix socket in `NOTIFY_SOCKET`.
///
/// A thread of its own tells it: the socket may lie where a file system does not answer.
final class ServiceManager: Sendable {
  /// The socket's path; `@` in front stands for the null byte of the abstract namespace. Nil when nobody listens.
  private let socketPath: String?
  /// After how many seconds without a word the manager takes this process for hung; nil when it does not watch.
  let watchdog: Double?
  private let worker = Worker<[Message]>(named: "notify", [])
  /// So many messages wait; further ones are lost.
  private static let mostWaiting = 64
  /// How long the end waits for the last message, in seconds.
  private static let patience = 1.0

  /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`, and removes them, so that no child speaks for this process.
  /// To be called once, before there are threads.
  static func take() -> ServiceManager {
    func value(_ name: String) -> String? {
      defer { unsetenv(name) }
      return getenv(name).map { String(cString: $0) }
    }
    return ServiceManager(
      socket: value("NOTIFY_SOCKET"), watchdogMicroseconds: value("WATCHDOG_USEC"), watchdogPID: value("WATCHDOG_PID"),
      pid: getpid())
  }

  init(socket: String?, watchdogMicroseconds: String?, watchdogPID: String?, pid: pid_t) {
    socketPath = socket.flatMap { $0.hasPrefix("/") || ($0.hasPrefix("@") && $0.utf8.count > 1) ? $0 : nil }
    let isForUs = watchdogPID.map { $0 == String(pid) } ?? true
    let microseconds = watchdogMicroseconds.flatMap { UInt64($0, radix: 10) } ?? 0
    watchdog = socketPath != nil && isForUs && microseconds > 0 ? Double(microseconds) / 1e6 : nil
  }

  /// Everything that it is told at once.
  enum Message: Sendable, Equatable {
    /// It serves.
    case ready(status: String)
    /// It reads its configuration again; `ready` follows.
    case reloading
    /// It ends.
    case stopping
    /// It works.
    case alive

    /// The datagram.
    var text: String {
      switch self {
      case .ready(let status): "READY=1\nSTATUS=\(status)"
      // sd_notify(3) wants the moment too, for Type=notify-reload.
      case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(Clock.monotonicNanoseconds / 1000)"
      case .stopping: "STOPPING=1"
      case .alive: "WATCHDOG=1"
      }
    }
  }

  /// Starts the thread, where somebody listens.
  func start() throws(Errno) {
    guard socketPath != nil else { return }
    try worker.start { [self] in
      while let message = worker.next({ $0.isEmpty ? nil : $0.removeFirst() }) { send(message) }
    }
  }

  /// Ends the thread when all is told, but waits no longer than a second for that.
  func stop() {
    worker.close()
    if socketPath != nil { _ = worker.hasEnded(within: ServiceManager.patience) }
  }

  /// Has it told, if it listens; never blocks. What does not arrive is not sent again: a manager that is gone needs nothing,
  /// and a watchdog's next message comes soon.
  func tell(_ message: Message) {
    guard socketPath != nil else { return }
    _ = worker.hand { waiting in
      if waiting.count < ServiceManager.mostWaiting, message != .alive || waiting.last != .alive {
        waiting.append(message)
      }
    }
  }

  private func send(_ message: Message) {
    guard let socketPath, let address = UnixAddress(socketPath) else { return }
    let raw = socket(
      AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard raw >= 0 else { return }
    let descriptor = FileDescriptor(owning: raw)
    let bytes = Array(message.text.utf8)
    let number = descriptor.rawValue
    address.withAddress { _ = sendto(number, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, $1) }
  }
}
