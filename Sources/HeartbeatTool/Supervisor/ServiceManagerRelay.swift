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
  /// A message as the service manager is to get it: the supervisor stands in the program's place, so where the program names itself as the
  /// main process, the supervisor is meant; else the manager would no longer listen to it.
  ///
  /// - Parameter keepsTrigger: false to leave out `WATCHDOG=trigger`, which the supervisor deals with itself.
  /// - Returns: nil when nothing is left of it.
  static func relayed(_ bytes: [UInt8], program: pid_t, supervisor: pid_t, keepsTrigger: Bool) -> [UInt8]? {
    var lines: [[UInt8]] = []
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      if line.elementsEqual("MAINPID=\(program)".utf8) {
        lines.append(Array("MAINPID=\(supervisor)".utf8))
      } else if keepsTrigger || !line.elementsEqual("WATCHDOG=trigger".utf8) {
        lines.append(Array(line))
      }
    }
    return lines.isEmpty ? nil : Array(lines.joined(separator: [UInt8(ascii: "\n")]))
  }
}
