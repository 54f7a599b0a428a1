internal import CLinux
internal import Glibc
internal import POSIX

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
    let name = "heartbeat/\(getpid())/\(UInt64.random(in: .min ... .max))"
    let raw = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard raw >= 0 else { throw Errno.last }
    let descriptor = FileDescriptor(owning: raw)
    var yes: Int32 = 1
    guard setsockopt(raw, SOL_SOCKET, SO_PASSCRED, &yes, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
      throw Errno.last
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = [0] + Array(name.utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes.prefix($0.count)) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(raw, $0, length) }
    }
    guard bound == 0 else { throw Errno.last }
    self.descriptor = descriptor
    self.name = "@" + name
  }

  /// The messages that wait, at most `batch`. Those of other users (but root) are dropped: anybody on the host can
  /// reach an abstract socket.
  borrowing func receive() -> [NotifyMessage] {
    var messages: [NotifyMessage] = []
    var buffer = [UInt8](repeating: 0, count: NotifyMessage.longestMessage)
    for _ in 0..<Self.batch {
      var sender = uid_t.max
      let got = clinux_receive(descriptor.rawValue, &buffer, buffer.count, &sender)
      guard got >= 0 else { break }
      if sender == geteuid() || sender == 0 { messages.append(NotifyMessage(buffer.prefix(got))) }
    }
    return messages
  }
}
