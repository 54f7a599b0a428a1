internal import CLinux
internal import Glibc
internal import POSIX

/// A datagram that a program sent to its supervisor.
struct NotifyParcel {
  /// As it came.
  let bytes: [UInt8]
  /// Who sent it, as the kernel says; 0 when it does not.
  let sender: pid_t
  /// The sender's user.
  let user: uid_t
  /// Whether it was longer than what is read of it.
  let isCut: Bool
  /// Open files that came with it; they are closed with this value.
  let descriptors: OpenFiles
}

/// Open files that are closed together.
final class OpenFiles: Sendable {
  let numbers: [Int32]

  init(owning numbers: [Int32]) {
    self.numbers = numbers
  }

  deinit {
    for number in numbers { close(number) }
  }
}

/// The socket behind `NOTIFY_SOCKET`: an abstract Unix datagram socket, which leaves no file behind.
struct NotifySocket: ~Copyable {
  /// What `NOTIFY_SOCKET` is set to: `@` stands for the null byte of the abstract namespace.
  let name: String
  /// Readable when a message waits; to be polled.
  let descriptor: FileDescriptor

  /// The most messages that are read at once, so that a program that floods the socket stops nothing else.
  static let batch = 64

  /// Opens a socket under a name that nobody else has.
  init() throws(Errno) {
    let name = "@heartbeat/\(getpid())/\(UInt64.random(in: .min ... .max))"
    guard let address = UnixAddress(name) else { throw Errno(EINVAL) }
    let raw = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard raw >= 0 else { throw Errno.last }
    let descriptor = FileDescriptor(owning: raw)
    var yes: Int32 = 1
    // Not mutated: the kernel refuses it to no datagram socket.
    guard setsockopt(raw, SOL_SOCKET, SO_PASSCRED, &yes, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
      throw Errno.last
    }
    guard address.withAddress({ bind(raw, $0, $1) }) == 0 else { throw Errno.last }
    self.descriptor = descriptor
    self.name = name
  }

  /// The next message, nil when none waits. Anybody on the host can reach an abstract socket: the caller looks at who sent it.
  borrowing func next() -> NotifyParcel? {
    var buffer = [UInt8](repeating: 0, count: NotifyMessage.longestMessage)
    var parcel = clinux_parcel()
    let got = clinux_receive(descriptor.rawValue, &buffer, buffer.count, &parcel)
    guard got >= 0 else { return nil }
    let numbers = (0..<max(0, parcel.count)).map { clinux_parcel_descriptor(&parcel, $0) }
    return NotifyParcel(
      bytes: Array(buffer.prefix(got)), sender: parcel.pid, user: parcel.user, isCut: parcel.is_cut != 0,
      descriptors: OpenFiles(owning: numbers))
  }
}
