internal import CLinux
internal import Glibc
internal import POSIX

/// The way to the service manager that started the supervisor (`sd_notify(3)`): what the program says goes on to it. Nothing waits: what
/// the manager does not take now is kept, and sent again.
final class ServiceManagerRelay {
  /// The most messages that wait for the manager; the oldest goes for a new one.
  static let longestQueue = 256
  /// Seconds after which a manager that took no more is tried again.
  static let retryPause = 0.1

  private let address: UnixAddress
  private let socket: FileDescriptor
  private var waiting: [(bytes: [UInt8], files: OpenFiles)] = []

  /// - Parameter name: the value of `NOTIFY_SOCKET`.
  /// - Throws: `EAFNOSUPPORT` for a kind of address that is not known here.
  init(_ name: String) throws(Errno) {
    guard let address = UnixAddress(name) else { throw Errno(EAFNOSUPPORT) }
    let raw = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard raw >= 0 else { throw Errno.last }
    self.address = address
    socket = FileDescriptor(owning: raw)
  }

  /// Whether something waits for the manager.
  var isBehind: Bool { !waiting.isEmpty }

  /// Hands a message on, with the open files that came with it.
  func send(_ bytes: [UInt8], _ files: OpenFiles) {
    if waiting.count >= Self.longestQueue { waiting.removeFirst() }
    waiting.append((bytes, files))
    flush()
  }

  /// Says something for the supervisor itself.
  func say(_ text: String) { send(Array(text.utf8), OpenFiles(owning: [])) }

  /// Sends what waits, as far as the manager takes it.
  func flush() {
    while let (bytes, files) = waiting.first {
      let number = socket.rawValue
      let sent = address.withAddress { address, length in
        clinux_send(number, bytes, bytes.count, address, length, files.numbers, Int32(clamping: files.numbers.count))
      }
      if sent < 0, errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS { return }
      // A manager that is gone needs nothing.
      waiting.removeFirst()
    }
  }
}

extension NotifyMessage {
  /// What of a run's words is not the service's.
  struct Unsaid: OptionSet {
    let rawValue: Int
    /// `WATCHDOG=trigger`, with which the supervisor deals itself.
    static let trigger = Unsaid(rawValue: 1)
    /// `STOPPING=1`: the program may be started again, and the manager would wait for the service's end.
    static let stopping = Unsaid(rawValue: 2)
  }

  /// A message as the service manager is to get it: the supervisor stands in the program's place, so whatever process that names as the
  /// main one, the supervisor is meant. Else the manager would no longer listen to it, and take the service for ended with that process.
  ///
  /// - Returns: nil when nothing is left of it.
  static func relayed(_ bytes: [UInt8], supervisor: pid_t, leavingOut unsaid: Unsaid) -> [UInt8]? {
    let lines = bytes.split(separator: UInt8(ascii: "\n")).compactMap { line -> [UInt8]? in
      if line.starts(with: "MAINPID=".utf8) { return Array("MAINPID=\(supervisor)".utf8) }
      // The same process by other names.
      if line.starts(with: "MAINPIDFDID=".utf8) || line.starts(with: "MAINPIDFD=".utf8) { return nil }
      if unsaid.contains(.trigger), line.elementsEqual("WATCHDOG=trigger".utf8) { return nil }
      if unsaid.contains(.stopping), line.elementsEqual("STOPPING=1".utf8) { return nil }
      return Array(line)
    }
    return lines.isEmpty ? nil : Array(lines.joined(separator: [UInt8(ascii: "\n")]))
  }
}
